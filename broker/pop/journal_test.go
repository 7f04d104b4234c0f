package pop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/broker/config"
	"gorocket/broker/meta"
)

// A kill: what was popped stays invisible for its time, what was acknowledged does not come again, although neither
// check points nor offsets were on disk.
func TestKilled(t *testing.T) {
	for _, merge := range []bool{true, false} {
		t.Run(fmt.Sprintf("merge=%v", merge), func(t *testing.T) {
			r := newRig(t, func(c *config.Config) { c.EnablePopBufferMerge = merge })
			r.topic("T", 2)
			r.group("g")
			r.send("T", 0, "", "a", "b", "c", "d")
			r.send("T", 1, "", "e")
			first := r.pop("T", "g", func(p *Pop) { p.MaxCount, p.Invisible, p.QueueID = 2, 20_000, 0 })
			r.is("pop", first, "a b")
			r.ack("g", first[0])
			r.kill()
			r.is("popped after a kill", r.popAll("T", "g"), "c d e")
			r.ack("g", first[1])
			r.kill()
			r.pass(time.Second)
			r.kill()
			r.is("popped after the last kill", r.popAll("T", "g"), "")
			r.pass(62 * time.Second)
			again := r.popAll("T", "g")
			r.is("not acknowledged", again, "c d e")
			r.ack("g", again...)
			r.kill()
			r.pass(2 * time.Minute)
			r.is("all acknowledged", r.popAll("T", "g"), "")
		})
	}
}

// What came again before a kill does not come again a second time.
func TestKilledAfterRevival(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.send("T", 0, "", "a")
	r.is("pop", r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 }), "a")
	r.pass(25 * time.Second)
	list := r.pop("T", "g")
	r.is("again", list, "a")
	r.ack("g", list...)
	r.kill()
	r.pass(3 * time.Minute)
	r.is("acknowledged", r.popAll("T", "g"), "")
}

// Another time was asked for, then a kill: it counts.
func TestKilledAfterChange(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.send("T", 0, "", "a")
	list := r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
	c := &Change{Ack: Ack{Group: "g", Topic: "T", Offset: 0, Handle: list[0].handle}, Invisible: 50_000}
	if err := r.Change(c); err != nil {
		t.Fatal(err)
	}
	if err := r.publish(c.End); err != nil {
		t.Fatal(err)
	}
	r.kill()
	r.pass(45 * time.Second)
	r.is("before its new time", r.popAll("T", "g"), "")
	r.pass(10 * time.Second)
	r.is("after its new time", r.popAll("T", "g"), "a")
}

// In order: a kill neither gives what is out to somebody else, nor what is acknowledged.
func TestKilledInOrder(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.send("T", 0, "", "a", "b", "c", "d")
	ordered := func(p *Pop) { p.Order, p.MaxCount, p.Invisible = true, 2, 20_000 }
	list := r.pop("T", "g", ordered)
	r.is("pop", list, "a b")
	r.ack("g", list[0])
	r.kill()
	r.is("while b is out", r.pop("T", "g", ordered), "")
	r.ack("g", list[1])
	r.kill()
	list = r.pop("T", "g", ordered)
	r.is("then", list, "c d")
	r.kill()
	r.pass(21 * time.Second)
	list = r.pop("T", "g", ordered)
	r.is("again in order", list, "c d")
	r.ack("g", list...)
	r.kill()
	r.is("all acknowledged", r.pop("T", "g", ordered), "")
}

// After a reset the journal of the time before means nothing.
func TestKilledAfterReset(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.send("T", 0, "", "a", "b", "c")
	r.ack("g", r.pop("T", "g")...)
	if err := r.save(); err != nil {
		t.Fatal(err)
	}
	if err := r.d.Committed.AssignReset("g", "T", 0, 1); err != nil {
		t.Fatal(err)
	}
	list := r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 })
	r.is("from the reset on", list, "b")
	r.ack("g", list...)
	r.kill()
	r.is("and on", r.pop("T", "g"), "c")
}

// A topic that was deleted and made again has messages that nobody has popped, whatever the journal says of the first.
func TestKilledAfterTopicIsNew(t *testing.T) {
	for _, told := range []bool{true, false} { // not told: Java's broker did it
		t.Run(fmt.Sprintf("told=%v", told), func(t *testing.T) {
			r := newRig(t)
			r.topic("T", 1)
			r.group("g")
			r.send("T", 0, "", "a", "b")
			list := r.pop("T", "g")
			r.is("pop", list, "a b")
			r.ack("g", list[0])
			if err := r.store.DeleteTopic("T"); err != nil {
				t.Fatal(err)
			}
			if told {
				r.ForgetTopic("T")
			} else {
				r.clock.Add(60_000)
			}
			r.send("T", 0, "", "c", "d", "e")
			r.kill()
			r.is("the new topic", r.popAll("T", "g"), "c d e")
		})
	}
}

// A journal that is full goes on in another file; one that has no room on the disk is made anew when there is some. No
// kill, at any time, loses anything or repeats what the journal has.
func TestJournalFiles(t *testing.T) {
	r := newRig(t)
	r.topic("T", 4)
	r.group("g")
	r.journal.size = 4096
	acked := map[string]bool{}
	for round := range 40 {
		for q := range int32(4) {
			r.send("T", q, "", fmt.Sprintf("%d-%d-x", round, q), fmt.Sprintf("%d-%d-y", round, q))
		}
		list := r.pop("T", "g", func(p *Pop) { p.Invisible = 3_600_000 })
		if len(list) != 8 {
			t.Fatalf("round %d: %d messages: %s", round, len(list), bodies(list))
		}
		for i, g := range list {
			if acked[g.body] {
				t.Fatalf("%s again", g.body)
			}
			if acked[g.body] = true; i%3 > 0 {
				r.ack("g", g)
			}
		}
		switch round % 8 {
		case 3:
			r.kill()
			r.journal.size = 4096
		case 5, 6:
			seq, err := r.journal.prepare()
			if err == nil && seq == 0 {
				seq, err = r.noteAnew()
			}
			if err == nil && round%8 == 6 {
				err = r.trim(seq)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := r.journal.list()
	if err != nil || len(files) == 0 || files[0] < 5 {
		t.Errorf("%v %v", files, err)
	}
}

// Discard leaves no file, but while the service runs.
func TestDiscard(t *testing.T) {
	r := newRig(t)
	if err := r.Discard(); err != nil {
		t.Fatal(err)
	}
	if files, err := r.journal.list(); err != nil || len(files) != 1 {
		t.Errorf("while it serves: %v %v", files, err)
	}
	r.serves.Store(false)
	if err := r.Discard(); err != nil {
		t.Fatal(err)
	}
	if files, err := r.journal.list(); err != nil || len(files) != 0 {
		t.Errorf("%v %v", files, err)
	}
}

// A disk that is full: pops go on without a journal. A kill then repeats what was popped meanwhile, and loses nothing;
// after room was made it repeats nothing again.
func TestJournalWithoutRoom(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.journal.size = 1024
	if _, err := r.noteAnew(); err != nil {
		t.Fatal(err)
	}
	r.mem.Inject(func(op, name string) error {
		if strings.Contains(name, "popJournal") {
			return errors.New("no space left on device")
		}
		return nil
	})
	refused := 0
	for i := range 60 {
		r.send("T", 0, "", fmt.Sprint(i))
		if list := r.pop("T", "g"); i%2 == 0 {
			r.ack("g", list...)
		}
		if _, err := r.journal.prepare(); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a file was made without room")
	}
	if seq, err := r.journal.prepare(); seq != 0 || err != nil {
		t.Fatalf("file %d is full and is written: %v", seq, err)
	}
	r.mem.Inject(nil)
	r.journal.size = journalSize
	if _, err := r.noteAnew(); err != nil {
		t.Fatal(err)
	}
	r.send("T", 0, "", "last")
	r.kill()
	r.is("behind what was popped", r.popAll("T", "g"), "last")
	r.pass(65 * time.Second)
	if list := r.popAll("T", "g"); len(list) != 31 { // 30, and the last
		t.Errorf("%d of 31 messages come again: %s", len(list), bodies(list))
	}
}

// A power cut leaves any part of the journal: nothing is lost, and what was stored after the messages neither.
func TestJournalAfterPowerCut(t *testing.T) {
	for seed := range uint64(20) {
		r := newRig(t)
		r.topic("T", 2)
		r.group("g")
		r.journal.size = 16384
		if _, err := r.noteAnew(); err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(seed, 7))
		unacked := map[string]bool{}
		for i := range 60 {
			body := fmt.Sprint(i)
			r.send("T", int32(i%2), "", body)
			unacked[body] = true
			if rnd.IntN(3) > 0 {
				continue
			}
			for _, g := range r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 }) {
				if rnd.IntN(2) == 0 {
					r.ack("g", g)
					delete(unacked, g.body)
				}
			}
			if rnd.IntN(4) == 0 {
				r.pass(4 * time.Second)
			}
		}
		if err := r.store.Flush(); err != nil {
			t.Fatal(err)
		}
		r.wake(r.mem.CrashClone(seed, 0.5), meta.NewOffsets())
		for range 3 {
			for _, g := range r.popAll("T", "g") {
				delete(unacked, g.body)
				r.ack("g", g)
			}
			r.pass(30 * time.Second)
		}
		if len(unacked) > 0 {
			t.Errorf("seed %d: %d messages are lost, as %v", seed, len(unacked), unacked)
		}
	}
}

var entries = []entry{
	{kind: entryLane, lane: 1, key: laneKey{"t", "g", 3}},
	{kind: entryPoint, lane: 1, point: point{start: 5, next: 9, popTime: 1700000000000, invisible: 60000, end: 77,
		diffs: []int32{0, 3}, bits: 2, num: 2, state: pointStoring, revive: 7}},
	{kind: entryPoint, lane: 1, point: point{start: 5, next: 9, state: pointDone}},
	{kind: entryAck, lane: 1, point: point{start: 5, popTime: 1, bits: 3, end: 1}},
	{kind: entryStored, lane: 1, point: point{start: 5, popTime: 1, end: 1}},
	{kind: entryDrop, lane: 1, offset: -1},
	{kind: entryForget, key: laneKey{topic: "t"}},
	{kind: entryRevive, key: laneKey{queue: 3}, offset: 4, point: point{end: 5}},
	{kind: entryOrder, key: laneKey{"t", "g", 3}, offset: 4},
	{kind: entryOrder, key: laneKey{"t", "g", 3}, offset: 4, order: &orderInfo{PopTime: 1, Invisible: 2,
		Offsets: []int64{5, 1}, Visible: map[int64]int64{6: 7}, Consumed: map[int64]int32{6: 1}, Last: 3, Bits: 1}},
}

func TestJournalEntries(t *testing.T) {
	for _, e := range entries {
		var back entry
		if err := back.parse(e.append(nil)); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
		if diff := cmp.Diff(e, back, cmp.AllowUnexported(entry{}, laneKey{}, point{})); diff != "" {
			t.Error(diff)
		}
		text := e.append(nil)
		for n := range text {
			if err := back.parse(text[:n]); err == nil && e.kind != entryOrder {
				t.Errorf("%d of %d bytes of %+v are taken as %+v", n, len(text), e, back)
			}
		}
	}
}

func FuzzJournalEntry(f *testing.F) {
	for _, e := range entries {
		f.Add(e.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, back entry
		if e.parse(b) != nil {
			return
		}
		if err := back.parse(e.append(nil)); err != nil {
			t.Fatalf("%x, %+v: %v", b, e, err)
		}
		if diff := cmp.Diff(e, back, cmp.AllowUnexported(entry{}, laneKey{}, point{})); diff != "" {
			t.Error(diff)
		}
		for i := range int(e.point.num) {
			if at := e.point.offsetOf(i); e.kind == entryPoint && at < e.point.start {
				t.Errorf("message %d at %d: %+v", i, at, e.point)
			}
		}
	})
}

// Bytes of any kind behind what is whole, as a power cut leaves them: what is whole is read.
func TestJournalTorn(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.group("g")
	r.send("T", 0, "", "a", "b")
	r.ack("g", r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 })...)
	b := r.journal.file.m.Bytes()[r.journal.at:]
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		b[i] = byte(rnd.Uint32())
	}
	r.kill()
	r.is("the rest", r.popAll("T", "g"), "b")
}
