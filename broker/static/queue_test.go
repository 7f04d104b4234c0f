package static

import (
	"errors"
	"testing"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// detail is the mapping of topic T as broker a knows it.
func detail(queues map[int][]protocol.LogicQueueMappingItem) *protocol.TopicQueueMappingDetail {
	return &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Topic: "T",
		Bname: "a", TotalQueues: len(queues)}, HostedQueues: queues}
}

// TestLeads: the broker of the newest piece leads, wherever the others lie; one of those that lead here is chosen.
func TestLeads(t *testing.T) {
	d := detail(map[int][]protocol.LogicQueueMappingItem{
		0: {piece(0, "a", 1, 0, 5), piece(1, "b", 2, 100, -1)},
		1: {piece(0, "b", 1, 0, 5), piece(1, "a", 3, 100, -1)},
		2: {piece(0, "a", 4, 0, -1)},
	})
	for id, want := range map[int32]bool{0: false, 1: true, 2: true, 3: false, -1: false} {
		if q := QueueOf(d, id); q.Leads() != want {
			t.Errorf("queue %d: leads %v", id, !want)
		}
	}
	seen := map[int32]bool{}
	for range 200 {
		seen[AnyLed(d, -7)] = true
	}
	if len(seen) != 2 || !seen[1] || !seen[2] {
		t.Errorf("chosen %v", seen)
	}
	if got := AnyLed(detail(nil), -7); got != -7 {
		t.Errorf("chosen %d of none", got)
	}
	q := QueueOf(d, 0)
	if got := q.NotLeaderText(); got != "T-0 does not exit in request process of current broker a" {
		t.Error(got)
	}
}

// TestLocatePull: the piece of the offset, in its own numbers; what lies in another piece is not committed.
func TestLocatePull(t *testing.T) {
	d := detail(map[int][]protocol.LogicQueueMappingItem{
		0: {piece(0, "b", 7, 0, 30), piece(1, "a", 3, 1000, -1)},
		1: {piece(0, "b", 1, 0, -1)},
		2: {piece(0, "b", 7, 0, 130), piece(1, "a", 3, 1000, 200), piece(2, "a", 4, 2000, -1)},
	})
	for i, start := range []int64{100, 195, 50} { // the pieces begin within their physical queues
		d.HostedQueues[2][i].StartOffset = start
	}
	for _, c := range []struct {
		asked, want Reading
		here        bool
	}{
		{Reading{0, 5, -1, 32}, Reading{7, 5, -1, 30}, false},
		{Reading{0, 5, 4, 8}, Reading{7, 5, 4, 8}, false},
		{Reading{0, 29, 1000, 32}, Reading{7, 29, -1, 30}, false},
		{Reading{0, 1000, 1000, 32}, Reading{3, 0, 0, 32}, true},
		{Reading{0, 1010, 1005, 64}, Reading{3, 10, 5, 64}, true},
		{Reading{0, 1010, 5, 64}, Reading{3, 10, -1, 64}, true},
		{Reading{2, 0, 0, 32}, Reading{7, 100, 100, 30}, false},
		{Reading{2, 29, 5, 30}, Reading{7, 129, 105, 30}, false},
		{Reading{2, 1001, -1, 32}, Reading{3, 196, -1, 5}, true},
		{Reading{2, 1001, 1000, 5}, Reading{3, 196, 195, 5}, true},
		{Reading{2, 1001, 1000, 4}, Reading{3, 196, 195, 4}, true},
		{Reading{2, 2003, 2001, 99}, Reading{4, 53, 51, 99}, true},
		{Reading{2, 1999, -1, 32}, Reading{3, 1194, -1, 5}, true},
	} {
		got := c.asked
		p, here, err := LocatePull(d, &got)
		if err != nil || p == nil || here != c.here || got != c.want {
			t.Errorf("%+v: %+v, here %v, %v, want %+v", c.asked, got, here, err, c.want)
		}
	}
	for id, want := range map[int32]error{1: ErrNotLeader, 5: ErrNotLeader} {
		asked := Reading{QueueID: id}
		if p, here, err := LocatePull(d, &asked); p != nil || here || !errors.Is(err, want) {
			t.Errorf("queue %d: %v", id, err)
		}
	}
	undecided := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, -1, -1)}})
	if _, _, err := LocatePull(undecided, &Reading{}); !errors.Is(err, ErrNoItem) {
		t.Errorf("a queue without a place: %v", err)
	}
}

// TestPullCodes: the response codes of a pull's statuses, and offsets that an administrator set.
func TestPullCodes(t *testing.T) {
	for status, code := range map[PullStatus]int32{PullFound: wire.Success, PullNothing: wire.PullNotFound,
		PullRetry: wire.PullRetryImmediately, PullMoved: wire.PullOffsetMoved, PullFailed: wire.SystemError} {
		if got := status.Code(); got != code {
			t.Errorf("status %d is code %d, want %d", status, got, code)
		}
	}
	d := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, 0, 30), piece(1, "a", 3, 1000, -1)}})
	asked := Reading{Offset: 1005, Commit: -1, MaxCount: 1}
	p, _, err := LocatePull(d, &asked)
	if err != nil {
		t.Fatal(err)
	}
	o := Offsets{Min: 0, Max: 50, Delta: NoDelta}
	if p.Reset(20, &o); o.Next != 1020 || o.Min != 1000 || o.Max != 1050 || o.Delta != 1000 {
		t.Errorf("%+v", o)
	}
	p.current.StartOffset = 15
	for _, c := range []struct{ offset, min, max, next, low, high int64 }{{20, 17, 50, 1005, 1002, 1035},
		{15, 0, 15, 1000, 1000, 1000}, {3, 20, 22, 1000, 1005, 1007}} {
		o := Offsets{Min: c.min, Max: c.max, Delta: NoDelta}
		if p.Reset(c.offset, &o); o != (Offsets{c.next, c.low, c.high, 985}) {
			t.Errorf("%+v: %+v", c, o)
		}
	}
}
