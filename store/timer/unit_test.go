package timer

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"syscall"
	"testing"

	"gorocket/compat"
	"gorocket/store/vfs"
)

func TestUnitBytes(t *testing.T) {
	u := unit{prev: -1, magic: magicDefault | magicDelete, writeTime: 1700000000000, delay: 5000, offset: 1 << 40,
		size: 321, hash: -7}
	b := u.appendTo(nil)
	if len(b) != unitSize {
		t.Fatalf("%d bytes", len(b))
	}
	got, ok := decodeUnit(b)
	if !ok || got != u {
		t.Fatalf("%+v, want %+v", got, u)
	}
	if got.weight() != -1 || got.rolls() || got.time() != 1700000005000 {
		t.Errorf("weight %d rolls %v time %d", got.weight(), got.rolls(), got.time())
	}
	b[3] = 51
	if _, ok := decodeUnit(b); ok {
		t.Error("a unit of 51 bytes is accepted")
	}
	if !isBlank(appendBlank(nil, 40)) || isBlank(u.appendTo(nil)) {
		t.Error("filler is not told from a unit")
	}
}

func TestCheckpointBytes(t *testing.T) {
	c := checkpoint{readTime: 1, logPos: 2, queueOffset: 3, masterOffset: 4,
		version: compat.DataVersion{StateVersion: 5, Timestamp: 6, Counter: 7}}
	b := c.encode()
	for i := range 7 {
		if b[i*8+7] != byte(i+1) {
			t.Errorf("long %d is %x", i, b[i*8:i*8+8])
		}
	}
	if got, ok := decodeCheckpoint(b); !ok || got != c {
		t.Errorf("%+v", got)
	}
	if _, ok := decodeCheckpoint(b[:55]); ok {
		t.Error("55 bytes are accepted")
	}
}

func TestWheelSlots(t *testing.T) {
	w := newWheel(1000)
	const at = int64(1_700_000_000_000)
	w.add(at+999, 52, 1)
	w.add(at, 104, 1)
	w.add(at, 156, -1)
	s, ok := w.get(at + 5)
	if want := (slot{time: at, first: 52, last: 156, num: 1}); !ok || s != want {
		t.Fatalf("%+v, want %+v", s, want)
	}
	if _, ok := w.get(at + wheelSlots*1000); ok {
		t.Error("a slot answers for a time two rounds later")
	}
	for _, far := range []int64{10_000, 10_000_000} {
		if got := w.next(at-far, at+far); got != at {
			t.Errorf("next from %d before: %d, want %d", far, got, at)
		}
		if got := w.next(at+1000, at+far); got != at+far {
			t.Errorf("next behind: %d", got)
		}
	}
	img := w.take()
	if len(img.numbers) != 1 || img.numbers[0] != w.index(at)/slotsPerPage || len(w.dirty) != 0 {
		t.Errorf("image %v", img.numbers)
	}
}

func TestPrecision(t *testing.T) {
	for in, want := range map[int]int64{5000: 1000, 1000: 1000, 999: 500, 250: 200, 100: 100, 1: 100} {
		if got := Precision(in); got != want {
			t.Errorf("Precision(%d) = %d, want %d", in, got, want)
		}
	}
}

func FuzzDecodeUnit(f *testing.F) {
	f.Add((&unit{prev: -1, magic: 1, writeTime: 1, size: 1}).appendTo(nil))
	f.Add(appendBlank(nil, 16))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, ok := decodeUnit(b)
		if _ = isBlank(b); !ok {
			return
		}
		if got, ok := decodeUnit(u.appendTo(nil)); !ok || got != u {
			t.Fatalf("%+v became %+v", u, got)
		}
	})
}

func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(checkpoint{readTime: 1}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := decodeCheckpoint(b); ok && string(c.encode()) != string(b[:checkpointBody]) {
			t.Fatalf("%x became %+v", b, c)
		}
	})
}

func FuzzDecodeMetrics(f *testing.F) {
	f.Add([]byte(`{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":2},"timingCount":{"T":{"count":3,"timeStamp":4}}}`))
	f.Add([]byte(`{timingCount:{"T":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := metrics{counts: map[string]*TopicCount{}}
		if m.decode(b) != nil {
			return
		}
		m.add([]byte("x"), 1)
		if _, err := m.encode(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzOpen recovers from any content of the three files: no panic, no endless loop, and what is sent afterwards comes.
func FuzzOpen(f *testing.F) {
	u := unit{prev: -1, magic: 1, writeTime: begin, delay: 500, offset: 10, size: 20}
	f.Add(checkpoint{readTime: begin, logPos: 52, queueOffset: 1, masterOffset: 1}.encode(), u.appendTo(u.appendTo(nil)),
		bytes.Repeat([]byte{0, 0, 0, 1}, 1024))
	f.Add([]byte{}, appendBlank(nil, 4096), []byte{0xff})
	f.Fuzz(func(t *testing.T, check, log, page []byte) {
		mem := vfs.NewMem()
		defer mem.Free()
		for name, b := range map[string][]byte{"config/timercheck": check, "timerlog/00000000000000000000": log,
			"timerwheel": page} {
			if err := vfs.MkdirDurable(mem, path.Dir("/store/"+name)); err != nil {
				t.Fatal(err)
			}
			w, err := mem.Create("/store/" + name)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.WriteAt(b[:min(len(b), 4096)], 0)
			if name == "timerwheel" {
				_ = w.Truncate(wheelSize)
				_, _ = w.WriteAt(b[:min(len(b), 4096)], (begin/100%wheelSlots)*slotSize/wheelPage*wheelPage)
			}
		}
		r := newRig(t, smallConfig(), mem, begin)
		defer r.halt()
		r.turn(begin)
		r.put(begin+500, "a", "")
		r.turn(begin + 10)
		r.turn(begin + 700)
		r.want("a")
	})
}

// TestMetricsTable: what waits by topic is saved when it changed, tried again when that failed, and bounded.
func TestMetricsTable(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	open := func() *metrics {
		t.Helper()
		m, err := openMetrics(mem, "/config/timermetrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	counts := func(m *metrics) (text string) {
		for _, topic := range []string{"A", "B"} {
			m.each(func(name string, n int64) {
				if name == topic {
					text += fmt.Sprint(name, n, " ")
				}
			})
		}
		return text
	}
	m := open()
	m.add([]byte("A"), 2)
	m.add([]byte("A"), -1)
	m.add([]byte("B"), 5)
	m.add(nil, 7)
	failed := true
	writes := 0
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			if writes++; failed {
				return syscall.EIO
			}
		}
		return nil
	})
	if err := m.save(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a failed write: %v", err)
	}
	failed = false
	if err := m.save(); err != nil || counts(open()) != "A1 B5 " {
		t.Errorf("saved %q, %v", counts(open()), err)
	}
	before := writes
	if err := m.save(); err != nil || writes != before {
		t.Errorf("nothing changed: %d writes, %v", writes-before, err)
	}
	m.remove("none")
	m.remove("B")
	if err := m.save(); err != nil || counts(open()) != "A1 " {
		t.Errorf("a topic went: %q, %v", counts(open()), err)
	}
	m.settle()
	if err := m.save(); err != nil || counts(open()) != "A0 " {
		t.Errorf("nothing waits: %q, %v", counts(open()), err)
	}
	before = writes
	if m.settle(); m.save() != nil || writes != before {
		t.Error("nothing changed, and it is written")
	}
	for i := range maxMetricTopics {
		m.add(fmt.Append(nil, i), 1)
	}
	if m.add([]byte("A"), 1); len(m.counts) != maxMetricTopics || counts(m) != "A1 " {
		t.Errorf("%d topics; %s", len(m.counts), counts(m))
	}
}

// TestCheckpointOfNothing: zeros are a state, numbers below zero and fewer bytes are none.
func TestCheckpointOfNothing(t *testing.T) {
	if c, ok := decodeCheckpoint(make([]byte, checkpointBody)); !ok || c.resumeAt() != 0 {
		t.Errorf("%+v, %v", c, ok)
	}
	if _, ok := decodeCheckpoint(make([]byte, checkpointBody-1)); ok {
		t.Error("a part of one is a state")
	}
	for i := range 4 {
		b := make([]byte, checkpointBody)
		b[i*8] = 0x80
		if c, ok := decodeCheckpoint(b); ok {
			t.Errorf("%+v is a state", c)
		}
	}
	if at := (checkpoint{queueOffset: 7, masterOffset: 5}).resumeAt(); at != 5 {
		t.Errorf("goes on at %d", at)
	}
}
