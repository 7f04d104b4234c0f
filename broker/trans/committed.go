package trans

import (
	"math"
	"time"

	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/record"
)

// committedMargin is how much longer than transactionOpBatchInterval an end may have waited for its op message.
const committedMargin = 10 * time.Second

// endCommitted notes the end of half messages whose committed copies are in the log, but which no op message names yet:
// op messages are gathered for a while, and a kill, or a slave that becomes master, comes in between. Without it their
// producers are asked once more and they are committed twice, as Java does. It returns how many there were. Which half
// message a copy is of, the message says and not its place: it may have been stored again since, to be asked about.
func (t *Service) endCommitted(halves int64, stop <-chan struct{}) (ended int) {
	open := t.Halves.NextOpen(t.Halves.start(), halves)
	if open >= halves {
		return 0
	}
	from, _, _, ok := t.d.Store().OffsetInQueue(compat.TopicTransHalf, 0, open)
	if !ok {
		from = 0
	}
	c := t.d.Settings()
	since := max(t.d.Store().StoreTimeAt(compat.TopicTransHalf, 0, open),
		t.d.Store().LastStoreTime()-(c.OpBatchInterval+committedMargin).Milliseconds())
	waiting := t.openByIdentity(open, halves, stop)
	err := t.d.Store().RecordsSince(since, from, func(m *record.View) {
		id, ok := identityOf(m)
		if at, waits := waiting[id]; ok && waits && m.SysFlag&record.SysFlagTransaction == record.SysFlagCommit {
			delete(waiting, id)
			if t.endAt(at, c.OpMsgMaxSize) {
				ended++
			}
		}
	})
	if err != nil {
		t.d.Throttled.Warn("transCommitted").Err(err).
			Msg("cannot look for committed messages; some producers may be asked again about transactions that have ended")
	}
	return ended
}

// identity is what a half message and its copies have in common.
type identity struct {
	id         string // UNIQ_KEY
	born       int64
	crc        uint32
	bodyLength int
}

// identityOf is that of a record; false without a client's id.
func identityOf(m *record.View) (identity, bool) {
	id, _ := m.Property(record.PropUniqKey)
	return identity{string(id), m.BornTimestamp, m.BodyCRC, len(m.Body)}, len(id) > 0
}

// CommittedBefore tells whether a committed copy of a half message can be found by its id: one below the progress, of
// which nobody notes any more whether it has ended or was given up. A delayed one is found once it was delivered. It
// reads files.
func (t *Service) CommittedBefore(half *record.View) bool {
	id, ok := identityOf(half)
	topic, has := half.Property(record.PropRealTopic)
	if !ok || !has {
		return false
	}
	found, err := t.d.Store().QueryByKey(string(topic), id.id, maxSameID, half.StoreTimestamp, math.MaxInt64)
	if err != nil {
		return false // as Java, which commits it again
	}
	for _, rec := range found.Records {
		m, err := record.Decode(rec)
		if err != nil {
			continue
		}
		if is, ok := identityOf(&m); ok && is == id && m.SysFlag&record.SysFlagTransaction == record.SysFlagCommit {
			return true
		}
	}
	return false
}

// maxSameID is how many messages of one id are looked at.
const maxSameID = 32

// openByIdentity finds the open half messages before end, maxTrails at most, the newest place of each.
func (t *Service) openByIdentity(at, end int64, stop <-chan struct{}) map[identity]int64 {
	waiting := map[identity]int64{}
	var res store.GetResult
	for at < end && len(waiting) < maxTrails && !worker.Stopped(stop) {
		t.openHalves(&res, at, func(m *record.View, offset int64) {
			if id, ok := identityOf(m); ok {
				waiting[id] = offset
			}
		})
		next := res.NextBeginOffset
		res.Release()
		if next <= at {
			break
		}
		at = t.Halves.NextOpen(next, end)
	}
	return waiting
}

// endAt ends the half message at a queue offset; false when somebody does so, or has done it.
func (t *Service) endAt(queueOffset int64, opLimit int) bool {
	at, claim := t.Halves.Claim(queueOffset)
	if claim != Claimed {
		return false
	}
	t.Halves.Release(at, true)
	t.ops.add(opLimit, queueOffset, at)
	return true
}
