package recovery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/vfs"
)

// TestFailingStart: a start whose disk fails in any of its calls says so, and the next one makes good what it left.
func TestFailingStart(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		l := makeLog(rnd)
		p := placeOf(t, l.files)
		p.recovers(false, 0, false)
		p.saveQueues()
		keep := len(l.records) * 2 / 3
		p.replace(l.first(keep)) // the queues know what the log does not have any more
		for fail := 1; ; fail++ {
			q := &place{t: t, mem: p.mem.Clone()}
			q.open()
			calls, failed := 0, ""
			q.mem.Inject(func(op, name string) error {
				if !slices.Contains([]string{"write", "zero", "truncate", "remove", "sync", "syncall", "create"}, op) {
					return nil
				}
				if calls++; calls == fail {
					failed = op + " " + name
					return syscall.EIO
				}
				return nil
			})
			_, _, err := Run(q.input(false, 0, false))
			q.mem.Inject(nil)
			if (err != nil) != (failed != "") {
				t.Errorf("seed %d, %s failed: %v", seed, failed, err)
			}
			if failed == "" && fail == 1 {
				t.Fatalf("seed %d: nothing was written", seed)
			}
			q.queues.Close()
			q.log.Close()
			q.open()
			q.recovers(false, 0, false)
			q.holds(fmt.Sprintf("seed %d, behind a failed %s", seed, failed), l, keep)
			q.queues.Close()
			q.log.Close()
			q.mem.Free()
			if failed == "" || t.Failed() {
				break
			}
		}
		p.mem.Free()
	}
}

// jumpsOf runs over a log of these queue offsets and returns what was told, and the queue.
func jumpsOf(t *testing.T, clean bool, offsets ...int64) (told []Jump, report Report, q *consumequeue.Queue, p *place) {
	t.Helper()
	list := make([]rec, len(offsets))
	for i, offset := range offsets {
		list[i] = rec{offset, 1000 + int64(i)}
	}
	p = placeWith(t, list...)
	in := p.input(clean, 0, false)
	in.Events.QueueJump = func(j Jump) { told = append(told, j) }
	report, _, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return told, report, p.queues.Get("T", 0), p
}

// TestJumps: offsets that do not follow are told with what was made of them, and cost nobody else anything.
func TestJumps(t *testing.T) {
	size := int64(len(rawRecord(msg("T", 0, "body"), 0, 0, 1)))
	for name, c := range map[string]struct {
		offsets []int64
		entries []int64 // numbers of records by queue offset; -1: a filler
		first   int64   // queue offset of the first
		jump    [2]int64
		what    string
	}{
		"none": {offsets: []int64{0, 1, 2}, entries: []int64{0, 1, 2}},
		"messages are missing": {offsets: []int64{0, 1, 5, 6}, entries: []int64{0, 1, -1, -1, -1, 2, 3},
			jump: [2]int64{2, 5}, what: "missing"},
		"behind": {offsets: []int64{0, 1, 2, 1, 3}, entries: []int64{0, 1, 2, 4}, jump: [2]int64{3, 1},
			what: "has that offset already"},
		"impossible": {offsets: []int64{0, 1, 1 << 40, 2}, entries: []int64{0, 1, 3}, jump: [2]int64{2, 1 << 40},
			what: "cannot be"},
		"a new topic":         {offsets: []int64{0, 1, 2, 0, 1}, entries: []int64{3, 4}},
		"older ones are gone": {offsets: []int64{70, 71}, entries: []int64{0, 1}, first: 70},
	} {
		told, report, q, p := jumpsOf(t, true, c.offsets...)
		if (len(told) == 1) != (c.what != "") || int(report.Jumps) != len(told) {
			t.Errorf("%s: told %+v, %d in all", name, told, report.Jumps)
		} else if len(told) == 1 {
			j := told[0]
			at := slices.Index(c.offsets[1:], c.jump[1]) + 1
			if c.what == "has that offset already" {
				at = 3
			}
			if j.Topic != "T" || j.QueueID != 0 || j.Want != c.jump[0] || j.Got != c.jump[1] ||
				j.LogOffset != int64(at)*size || !strings.Contains(j.What, c.what) {
				t.Errorf("%s: %+v", name, j)
			}
		}
		if q.End() != c.first+int64(len(c.entries)) || report.FullRebuild != (c.what == "missing") {
			t.Errorf("%s: ends at %d, %+v", name, q.End(), report)
			continue
		}
		for i, n := range c.entries {
			e, ok := p.queues.Entry(q, c.first+int64(i))
			if filler := consumequeue.Filler(&e); !ok || filler != (n < 0) || !filler && e.Offset != n*size {
				t.Errorf("%s: entry %d is %+v, want record %d", name, i, e, n)
			}
		}
	}
	var many []int64
	for range maxJumps + 7 {
		many = append(many, 0, 1<<40)
	}
	if told, report, _, _ := jumpsOf(t, true, many...); len(told) != maxJumps || report.Jumps != maxJumps+7 {
		t.Errorf("%d of %d jumps were told", len(told), report.Jumps)
	}
}

// TestNoLog: without a log the queues, all of them, describe nothing.
func TestNoLog(t *testing.T) {
	p := placeOf(t, makeLog(rand.New(rand.NewPCG(1, 6))).files)
	t.Cleanup(p.mem.Free)
	p.recovers(false, 0, false)
	p.saveQueues()
	p.replace(nil)
	report, newest := p.recovers(true, 0, false)
	for id := range int32(3) {
		if q := p.queues.Get("Topic", id); q == nil || q.End() != 0 || q.HasFile() || report.To != 0 || newest != 0 {
			t.Errorf("queue %d: %+v, %+v", id, q, report)
		}
		if list, err := p.mem.ReadDir(fmt.Sprint("/s/consumequeue/Topic/", id)); len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	}
}

// TestAbortText: who left the abort file ran in this run of the machine only if it says so.
func TestAbortText(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	boot := BootOf(mem)
	if boot == "" {
		t.Fatal("a run of the machine without a name")
	}
	for text, want := range map[string]bool{AbortText(boot): true, AbortText("another"): false, AbortText(""): false,
		"4711": false, "": false, AbortText(boot) + "\x00\x00": true, "1\n" + boot: true, boot: false} {
		f, err := mem.Create("/abort")
		if err == nil {
			_, err = f.WriteAt([]byte(text), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := SameRun(mem, "/abort"); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if got, err := SameRun(mem, "/none"); got || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	mem.Inject(func(op, _ string) error {
		if op == "read" {
			return syscall.EIO
		}
		return nil
	})
	if got, err := SameRun(mem, "/abort"); got || err == nil {
		t.Errorf("a file that cannot be read: %v, %v", got, err)
	}
	if a, b := AbortText("short"), AbortText(boot); len(a) != len(b) || len(b) != 10+1+consumequeue.BootLen+1 {
		t.Errorf("%d and %d bytes: one does not overwrite the other", len(a), len(b))
	}
	for n, want := range map[int]string{consumequeue.BootLen: strings.Repeat("b", consumequeue.BootLen),
		consumequeue.BootLen + 1: ""} {
		if got := BootOf(booted{mem, strings.Repeat("b", n)}); got != want {
			t.Errorf("a name of %d bytes: %q", n, got)
		}
	}
}

// booted is a file system of a machine with a given name of its run.
type booted struct {
	vfs.FS
	boot string
}

func (b booted) BootID() string { return b.boot }
