package static

import (
	"math/rand/v2"
	"testing"

	"gorocket/remoting/protocol"
)

// fakePiece is a physical queue that holds the offsets low to high-1.
type fakePiece struct{ low, high int64 }

// pull answers as the store does.
func (f fakePiece) pull(offset, count int64) (PullStatus, Offsets) {
	r := Offsets{Min: f.low, Max: f.high}
	switch {
	case offset < f.low:
		r.Next = f.low
		return PullMoved, r
	case offset < f.high:
		r.Next = min(offset+count, f.high)
		return PullFound, r
	case offset == f.high:
		r.Next = f.high
		return PullNothing, r
	default:
		r.Next = f.high
		return PullMoved, r
	}
}

// TestStaticPullReadsEveryMessageOnce: a client that goes where it is sent reads each message of each piece once, in
// order, and comes to rest at the end.
func TestStaticPullReadsEveryMessageOnce(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		q, physical := randomQueue(rng)
		var want, got []int64 // logic offsets
		for i := range q.Items {
			for off := max(physical[i].low, q.Items[i].StartOffset); off < physical[i].high && q.Items[i].Decided(); off++ {
				want = append(want, q.Items[i].Logical(off))
			}
		}
		at, rest := int64(0), 0
		for steps := 0; rest < 2; steps++ {
			if steps > 1000 {
				t.Fatalf("seed %d: no end; at %d of %+v %+v", seed, at, q.Items, physical)
			}
			it := protocol.ItemAt(q.Items, at)
			asked := it.Physical(at)
			code, r := physical[it.Gen].pull(asked, 1+rng.Int64N(4))
			before := r.Next
			s := Pull{queue: q, current: it}
			if code == PullFound {
				for off := asked; off < before; off++ {
					got = append(got, it.Logical(off))
				}
			}
			code = s.Revise(code, asked, &r)
			rest++
			if code != PullNothing || r.Next != at {
				rest = 0
			}
			at = r.Next
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: read %v, want %v\n%+v %+v", seed, got, want, q.Items, physical)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("seed %d: read %v, want %v", seed, got, want)
			}
		}
	}
}

// randomQueue is a queue of one to four pieces, each of which begins anywhere in its physical queue; some messages of a
// piece may have expired, the last one may have no place yet.
func randomQueue(rng *rand.Rand) (Queue, []fakePiece) {
	n := 1 + rng.IntN(4)
	d := &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Bname: "a", Topic: "T"},
		HostedQueues: map[int][]protocol.LogicQueueMappingItem{}}
	var physical []fakePiece
	for i := range n {
		start := rng.Int64N(4)
		high := start + rng.Int64N(8)
		if i < n-1 {
			high++ // the tools leave out pieces without messages
		}
		p := piece(i, "a", i, int64(i)*100, -1)
		p.StartOffset = start
		if i < n-1 {
			p.EndOffset = high
		} else if n > 1 && rng.IntN(4) == 0 {
			p.LogicOffset = -1
		}
		d.HostedQueues[0] = append(d.HostedQueues[0], p)
		physical = append(physical, fakePiece{rng.Int64N(high + 1), high})
	}
	return QueueOf(d, 0), physical
}

func piece(gen int, broker string, queue int, logic, end int64) protocol.LogicQueueMappingItem {
	return protocol.LogicQueueMappingItem{Bname: broker, Gen: gen, QueueID: queue, LogicOffset: logic, EndOffset: end,
		TimeOfStart: -1, TimeOfEnd: -1}
}
