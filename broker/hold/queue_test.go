package hold

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorocket/broker/clients"
)

func heldFor(offset int64, codes ...int32) *Pull {
	d := clients.SubscriptionData{Topic: "T", SubString: "x", ExpressionType: "TAG", CodeSet: codes}
	if len(codes) == 0 {
		d.SubString = "*"
	}
	return &Pull{Sub: clients.NewSubscription(d), Offset: offset}
}

// TestHeldQueue compares the queue with a plain list over random pulls and messages.
func TestHeldQueue(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var q heldQueue
	model := map[*Pull]bool{}
	for step := range 30_000 {
		switch rnd.IntN(4) {
		case 0, 1:
			var codes []int32
			for range rnd.IntN(4) {
				codes = append(codes, rnd.Int32N(5))
			}
			if rnd.IntN(50) == 0 {
				for range maxHeldTags + 5 {
					codes = append(codes, rnd.Int32N(100))
				}
			}
			p := heldFor(rnd.Int64N(10), codes...)
			q.add(p)
			model[p] = true
		case 2:
			for p := range model {
				if !q.take(p) || q.take(p) {
					t.Fatal("taken never or twice")
				}
				delete(model, p)
				break
			}
		case 3:
			a := &arrival{q: &q, offset: rnd.Int64N(10), tagsCode: int64(rnd.Int32N(6))}
			taken, ok := q.takeFew(a)
			if !ok {
				taken = q.takeAll(a)
			}
			for p := range model {
				want := a.offset >= p.Offset && p.Sub.MatchTagsCode(a.tagsCode)
				if slices.Contains(taken, p) != want {
					t.Fatalf("step %d: taken %v, want %v", step, !want, want)
				}
				if want {
					delete(model, p)
				}
			}
		}
	}
	for p := range model {
		if !q.take(p) {
			t.Fatal("a pull is lost")
		}
	}
	if len(q.tags) != 0 || q.any.len() != 0 {
		t.Errorf("%d lists and %d pulls are left", len(q.tags), q.any.len())
	}
}

// TestManyHeldPullsOfOneQueue: pulls that expire, and messages that none of them wants, do not cost more the more of
// them wait.
func TestManyHeldPullsOfOneQueue(t *testing.T) {
	const pulls, messages = 100_000, 20_000
	var q heldQueue
	all := make([]*Pull, pulls)
	for i := range all {
		all[i] = heldFor(0, 7, 8)
		q.add(all[i])
	}
	start := time.Now()
	for i := range messages {
		if taken, ok := q.takeFew(&arrival{q: &q, offset: int64(i), tagsCode: 9}); !ok || len(taken) > 0 {
			t.Fatalf("message %d: %d taken, %v", i, len(taken), ok)
		}
	}
	for _, p := range all { // the oldest first, as the wheel has it
		if !q.take(p) {
			t.Fatal("lost")
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// Each queue that a pull ever waited for kept an entry for good, also after its topic was deleted: 400,000 of them
// were 120 MB.
func TestQueuesWithoutHeldPullsAreForgotten(t *testing.T) {
	h := NewTable(Deps{})
	var waits []*Pull
	for i := range 2 * maxKnownQueues {
		p := heldFor(0)
		p.Topic, p.QueueID = "T", int32(i)
		if q := h.add(p); i%maxKnownQueues == 0 {
			waits = append(waits, p)
		} else if !q.take(p) {
			t.Fatal("a pull that waits is not found")
		}
	}
	old := h.of("T", 1)
	h.forget()
	if n := h.known.Load(); n != int64(len(waits)) {
		t.Errorf("%d queues are known, %d pulls wait", n, len(waits))
	}
	for _, p := range waits {
		if !h.of("T", p.QueueID).take(p) {
			t.Error("a pull was forgotten with its queue")
		}
	}
	late := heldFor(0)
	late.Topic, late.QueueID = "T", 1
	if old.add(late) || !h.add(late).take(late) {
		t.Error("a pull waits where no message finds it")
	}
}

// TestTakeFewToTheEdge: as many as may be asked at a stretch are asked, in whichever list they stand, one more is not.
func TestTakeFewToTheEdge(t *testing.T) {
	for _, anyTag := range []int{0, 1, scanned - 1, scanned} {
		for more := range 2 {
			var q heldQueue
			for i := range scanned + more {
				if i < anyTag {
					q.add(heldFor(0))
				} else {
					q.add(heldFor(0, 7))
				}
			}
			taken, ok := q.takeFew(&arrival{q: &q, tagsCode: 7})
			if ok != (more == 0) || ok != (len(taken) == scanned) {
				t.Errorf("%d for any tag of %d: %d taken, %v", anyTag, scanned+more, len(taken), ok)
			}
		}
	}
}
