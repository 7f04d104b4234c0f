package pop

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/broker/service"
)

// ordered makes a pop one in order, of an attempt.
func ordered(attempt string) func(*Pop) {
	return func(p *Pop) { p.Order, p.AttemptID, p.MaxCount = true, attempt, 3 }
}

// A queue is blocked until all that was popped is acknowledged; the committed offset is that of the first which is not.
func TestOrder(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	list := r.pop("T", "g", ordered("1"))
	r.is("pop", list, "a b c")
	r.is("blocked", r.pop("T", "g", ordered("2")), "")
	r.is("the same attempt", r.pop("T", "g", ordered("1")), "a b c")
	list = r.pop("T", "g", ordered("1"))
	r.ack("g", list[1])
	r.committed("T", "g", 0, 0)
	r.ack("g", list[0])
	r.committed("T", "g", 0, 2)
	r.is("still blocked", r.pop("T", "g", ordered("2")), "")
	r.ack("g", list[2])
	r.committed("T", "g", 0, 3)
	r.is("the next", r.pop("T", "g", ordered("2")), "d")
	if !strings.HasPrefix(strings.Join(strings.Split(list[0].handle, " ")[3:4], ""), "999") {
		t.Errorf("handle %s", list[0].handle)
	}
}

// When the time is over the messages come again from the queue itself, and are counted.
func TestOrderComesAgain(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	list := r.pop("T", "g", ordered("1"))
	r.ack("g", list[0])
	r.pass(61 * time.Second)
	p := r.ask("T", "g", ordered("2"))
	if err := r.Pop(p); err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	r.is("again", r.read1(p), "b c d")
	if got := string(p.Counts); got != "0 qo0%1 1;0 qo0%2 1;0 0 0" {
		t.Errorf("orderCountInfo %q", got)
	}
}

// The acknowledgement of an earlier pop is answered and ignored; one of another message is refused.
func TestOrderAcks(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	old := r.pop("T", "g", ordered("1"))
	r.pass(61 * time.Second)
	r.is("again", r.pop("T", "g", ordered("2")), "a b c")
	r.ack("g", old...)
	r.committed("T", "g", 0, 0)
	now := r.pop("T", "g", ordered("2"))
	err := r.Ack(&Ack{Group: "g", Topic: "T", Offset: 3, Handle: now[0].handle})
	refused(t, err, service.IllegalMessage, "offset is illegal, key:T@g@0, old:0, commit:3, next:-1")
}

// A changed time lets the message come earlier, or later.
func TestOrderChange(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	list := r.pop("T", "g", ordered("1"))
	c := &Change{Ack: Ack{Group: "g", Topic: "T", Offset: 0, Handle: list[0].handle}, Invisible: 5000}
	if err := r.Change(c); err != nil || c.Invisible != 5000 || c.PopTime != birth || c.ReviveQueue != orderQueue {
		t.Fatalf("%v %+v", err, c)
	}
	r.is("blocked", r.pop("T", "g", ordered("2")), "")
	r.pass(6 * time.Second)
	r.is("again", r.pop("T", "g", ordered("2")), "a")
}

// The file is Java's, and brings back what is blocked.
func TestOrderFile(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	list := r.pop("T", "g", ordered("1"))
	r.ack("g", list[1])
	data, err := r.EncodeOrders()
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n\t\"table\": {\n\t\t\"T@g\": {\n\t\t\t\"0\": {\n\t\t\t\t\"a\": \"1\",\n\t\t\t\t\"cm\": 2,\n\t\t\t\t\"i\": 60000,\n" +
		"\t\t\t\t\"l\": 1790000000000,\n\t\t\t\t\"o\": [\n\t\t\t\t\t0,\n\t\t\t\t\t1,\n\t\t\t\t\t2\n\t\t\t\t],\n\t\t\t\t\"popTime\": 1790000000000\n" +
		"\t\t\t}\n\t\t}\n\t}\n}"
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	back := newOrders()
	if err := back.load(data); err != nil || !cmp.Equal(back.table, r.orders.table) {
		t.Errorf("%v %+v", err, back.table)
	}
	if !back.blocked(laneKey{"T", "g", 0}, "2", birth) || back.blocked(laneKey{"T", "g", 0}, "1", birth) {
		t.Error("not blocked")
	}
	if err := back.load([]byte(`{"table":{"x":{"0":{"o":[1]}},"T@h":{"0":{"o":[]},"-1":{"o":[1]},"1":null}}}`)); err != nil || back.count() != 1 {
		t.Errorf("%v, %d entries", err, back.count())
	}
}

// A reset wins over what is out.
func TestOrderReset(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	r.is("pop", r.pop("T", "g", ordered("1")), "a b c")
	if err := r.d.Committed.AssignReset("g", "T", 0, 3); err != nil {
		t.Fatal(err)
	}
	r.is("from the reset on", r.pop("T", "g", ordered("2")), "d")
}

// Several pop in order and acknowledge at once: what is acknowledged does not come again, whoever was about to pop.
func TestOrderedPopBesideAck(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	const messages = 3000
	for range messages {
		r.send("T", 0, "", "x")
	}
	var mu sync.Mutex
	acked := map[int64]bool{}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			p := new(Pop)
			for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
				*p = *r.ask("T", "g", func(p *Pop) { p.Order, p.MaxCount = true, 1 })
				if err := r.Pop(p); err != nil {
					t.Error(err)
					return
				}
				list := r.read1(p)
				p.Release()
				for _, g := range list {
					mu.Lock()
					if acked[g.offset] {
						t.Errorf("message %d comes again", g.offset)
					}
					mu.Unlock()
					a := &Ack{Group: "g", Topic: "T", Offset: g.offset, Handle: g.handle}
					if err := r.Ack(a); err != nil {
						t.Error(err)
					}
					mu.Lock()
					acked[g.offset] = true
					mu.Unlock()
				}
				mu.Lock()
				n := len(acked)
				mu.Unlock()
				if n == messages {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(acked) != messages {
		t.Errorf("%d of %d messages came", len(acked), messages)
	}
}
