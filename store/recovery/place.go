package recovery

import (
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Place is what becomes of the entry of a record that is in the log with a queue offset of its own: in recovery, and in
// a slave, which gets its records from another broker.
type Place int

// The places.
const (
	PlaceNext   Place = iota // at the end of its queue
	PlaceKnown               // it is there already
	PlaceStart               // its queue begins with it: older messages were cleaned away
	PlaceGap                 // behind Fillers: messages in front of it are missing
	PlaceAgain               // in a new queue: the topic was deleted and made again
	PlaceFar                 // none: no log of this length explains its offset
	PlaceBehind              // none: its queue has that offset already
)

// Why tells of a place that is a Jump, "" for the others.
func (p Place) Why() string {
	switch p {
	case PlaceGap:
		return "messages in front of it are missing: pulls step over their offsets"
	case PlaceFar:
		return "its offset cannot be: it has no entry"
	case PlaceBehind:
		return "its queue has that offset already: it has no entry"
	}
	return ""
}

// PlaceOf decides where an entry goes; logEnd is the end of the log's last file, whole tells that the log was read from
// its beginning. Before Run, or under the append lock.
func PlaceOf(q *consumequeue.Queue, e *dispatch.Entry, logEnd int64, whole bool) Place {
	have := q.End() + q.Reserved
	switch {
	case q.Knows(e, have):
		return PlaceKnown
	case e.Base == have:
		return PlaceNext
	}
	begins := whole && q.Reserved == 0 && q.Entries() == q.First()
	switch {
	case e.Base > have && tooFar(e.Base-have, logEnd) && !(begins && !light(q)):
		return PlaceFar
	case e.Base > have && begins:
		return PlaceStart
	case e.Base > have:
		return PlaceGap
	case e.Base == 0:
		return PlaceAgain
	}
	return PlaceBehind
}

// light tells a queue whose offsets stand in properties.
func light(q *consumequeue.Queue) bool { return dispatch.IsLight(q.Topic) }

// tooFar tells a jump that no log of this length can explain: each queue offset belongs to a record.
func tooFar(jump, logEnd int64) bool { return jump > logEnd/record.MinSize }

// Fillers are at most 4096 entries from queue offset have on that stand in for entries that no record has any more, so
// that e, behind them, keeps its offset: a pull steps over them. Batch queues need none. Records of other programs, and
// of earlier versions, may leave a gap: a batch that says it is a prepared message was in its queue, and cannot be told
// from prepared messages, which are not.
func Fillers(e *dispatch.Entry, have int64) []dispatch.Entry {
	list := make([]dispatch.Entry, min(e.Base-have, 4096))
	for i := range list {
		list[i] = dispatch.Entry{Offset: e.Offset, Size: e.Size, Tags: consumequeue.FillerTags, Base: have + int64(i),
			Count: 1}
	}
	return list
}
