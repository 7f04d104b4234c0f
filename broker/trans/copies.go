package trans

import (
	"hash/maphash"

	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// half messages that were stored again shortly before a kill are there twice: the progress behind the first place was
// not on disk yet. Without a look at the start each kill could double them, and a producer's answer would end one of
// the two only. Java asks about all of them.

// halfIdentity is what a half message and its copies have in common, and how often it was asked about.
type halfIdentity struct {
	hash  uint64
	times int
}

// copyFinder pairs half messages with their copies. Messages that only look the same are not mixed up: a copy takes
// the place of one message that was asked about once less, or of the one that it names.
type copyFinder struct {
	seed  maphash.Seed
	asked map[halfIdentity][]int64 // open half messages by identity
	first map[int64]int64          // where an immune half message was first -> its newest copy
	count int
}

// find notes the half message at offset and returns the place of the one that it is a copy of, -1 for none.
func (f *copyFinder) find(m *record.View, offset int64) (older int64) {
	older = -1
	id := halfIdentity{f.hash(m), checkTimes(m)}
	if text, ok := m.Property(protocol.PropPreparedQueue); ok && id.times <= 0 {
		eachOffset(text, func(first int64) {
			older = first
			if n, ok := f.first[first]; ok {
				older = n
			}
			f.first[first] = offset
		})
		f.drop(id, older)
	} else if id.times > 0 {
		before := halfIdentity{id.hash, id.times - 1}
		if list := f.asked[before]; len(list) > 0 {
			older = list[0]
			f.drop(before, older)
		}
	}
	f.asked[id] = append(f.asked[id], offset)
	f.count++
	return older
}

func (f *copyFinder) drop(id halfIdentity, offset int64) {
	list := f.asked[id]
	for i, o := range list {
		if o == offset {
			f.asked[id] = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(f.asked[id]) == 0 {
		delete(f.asked, id)
	}
}

func (f *copyFinder) hash(m *record.View) uint64 {
	var h maphash.Hash
	h.SetSeed(f.seed)
	id, _ := m.Property(record.PropUniqKey)
	topic, _ := m.Property(record.PropRealTopic)
	_, _ = h.Write(id)
	_ = h.WriteByte(0)
	_, _ = h.Write(topic)
	for _, n := range []int64{m.BornTimestamp, int64(m.BodyCRC), int64(len(m.Body)), int64(m.BornHost.Port())} {
		maphash.WriteComparable(&h, n)
	}
	return h.Sum64()
}

// joinCopies looks through the open half messages before end and lets the newest copy of each stand for all. It
// returns how many older ones it found.
func (t *Service) joinCopies(end int64, stop <-chan struct{}) (joined int) {
	f := copyFinder{seed: maphash.MakeSeed(), asked: map[halfIdentity][]int64{}, first: map[int64]int64{}}
	var res store.GetResult
	for at := t.Halves.NextOpen(0, end); at < end && f.count < maxTrails && !worker.Stopped(stop); at = t.Halves.NextOpen(
		at, end) {
		t.openHalves(&res, at, func(m *record.View, offset int64) {
			if older := f.find(m, offset); older >= 0 && older < offset && t.Halves.join(older, offset) {
				joined++
				t.ops.add(t.d.Settings().OpMsgMaxSize, older, older) // for the next start, and for Java
			}
		})
		next := res.NextBeginOffset
		res.Release()
		if next <= at {
			break
		}
		at = next
	}
	return joined
}

// openHalves calls visit for some open half messages from at on. The caller releases res.
func (t *Service) openHalves(res *store.GetResult, at int64, visit func(m *record.View, offset int64)) {
	t.d.Store().Get(&store.GetQuery{Topic: compat.TopicTransHalf, Offset: at, MaxCount: 32}, res)
	for i, rec := range res.Slices {
		offset := res.QueueOffsets[i]
		if t.Halves.NextOpen(offset, offset+1) != offset {
			continue
		}
		if m, err := record.Decode(rec); err == nil {
			visit(&m, offset)
		}
	}
}
