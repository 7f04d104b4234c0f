package store

import (
	"errors"
	"fmt"
	"testing"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

func lightConfig() Config {
	cfg := smallConfig("/s")
	cfg.EnableLmq, cfg.EnableMultiDispatch, cfg.MaxLmqConsumeQueueNum = true, true, 3
	return cfg
}

func dispatched(topic, queues, body string) *Record {
	r := msg(topic, 2, body)
	r.Properties = []byte("WAIT\x01false\x02INNER_MULTI_DISPATCH\x01" + queues)
	return r
}

// lightBodies reads a light queue; its records belong to other topics.
func lightBodies(t *testing.T, s *Store, name string) (out []string) {
	t.Helper()
	var res GetResult
	defer res.Release()
	s.Get(&GetQuery{Topic: name, Offset: s.MinOffset(name, 0), MaxCount: 100}, &res)
	for i, rec := range res.Slices {
		m, err := record.Decode(rec)
		if err != nil || res.QueueOffsets[i] != s.MinOffset(name, 0)+int64(i) {
			t.Fatal(err, res.QueueOffsets)
		}
		out = append(out, string(m.Body))
	}
	return out
}

func TestLightQueues(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := lightConfig()
	type event struct {
		topic  string
		offset int64
	}
	var events []event
	s := mustOpen(t, cfg, mem, EventListener{MessageStored: func(topic string, _ int32, offset, _, _ int64, _ []byte) {
		events = append(events, event{topic, offset})
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		mustAppend(t, s, dispatched("P", "%LMQ%a,other,%LMQ%b", fmt.Sprint(i)))
	}
	a := mustAppend(t, s, dispatched("P", "%LMQ%a", "last"))
	rec, _ := s.ReadRecord(a.Offset, nil)
	m, _ := record.Decode(rec)
	if v, _ := m.Property("INNER_MULTI_QUEUE_OFFSET"); string(v) != "10" {
		t.Errorf("offsets %q", v)
	}
	if _, ok := m.Property("WAIT"); ok {
		t.Error("WAIT was stored")
	}
	if len(events) != 10*3+2 || events[1] != (event{"%LMQ%a", 0}) || events[2] != (event{"%LMQ%b", 0}) {
		t.Errorf("%d events, %v", len(events), events[:3])
	}
	check := func(s *Store) {
		t.Helper()
		if a, b := lightBodies(t, s, "%LMQ%a"), lightBodies(t, s, "%LMQ%b"); len(a) != 11 || len(b) != 10 ||
			a[10] != "last" || b[9] != "9" {
			t.Fatalf("%v %v", a, b)
		}
		if len(bodies(t, s, "P", 2)) != 11 || s.MaxOffset("other", 2) != 0 {
			t.Fatal("topic itself")
		}
	}
	check(s)
	killed := mem.Clone()
	defer killed.Free()
	mustStop(t, s)
	for _, fsys := range []*vfs.Mem{mem, killed} {
		s := mustOpen(t, cfg, fsys, EventListener{})
		check(s)
		mustStop(t, s)
		if r := mustVerify(t, cfg, fsys); !r.Healthy {
			t.Errorf("%+v", r.Findings)
		}
	}
	_ = mem.Rename("/s/consumequeue", "/gone")
	s = mustOpen(t, cfg, mem, EventListener{})
	check(s)
	mustStop(t, s)
}

func TestLightQueueLimits(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, lightConfig(), mem)
	mustAppend(t, s, dispatched("P", "%LMQ%1,%LMQ%2,%LMQ%3", "x"))
	before := s.MaxPhyOffset()
	if _, err := s.Append(dispatched("P", "%LMQ%4", "x")); !errors.Is(err, ErrTooManyLightQueues) ||
		s.MaxPhyOffset() != before {
		t.Errorf("fourth queue: %v", err)
	}
	mustAppend(t, s, dispatched("P", "%LMQ%1", "x"))
	mustAppend(t, s, dispatched("P", "%LMQ%../../x", "no path")) // stored, but in no light queue
	mustAppend(t, s, dispatched("%RETRY%g", "%LMQ%9", "not for retries"))
	if got := s.MaxOffset("%LMQ%1", 0); got != 2 {
		t.Errorf("max %d", got)
	}
	if err := s.DeleteTopic("%LMQ%1"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, dispatched("P", "%LMQ%4", "room again"))
}

// TestLightQueueSameNameTwice: each mention takes an offset.
func TestLightQueueSameNameTwice(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, lightConfig(), mem)
	mustAppend(t, s, dispatched("P", "%LMQ%1,%LMQ%1", "x"))
	if got := s.MaxOffset("%LMQ%1", 0); got != 2 {
		t.Errorf("max %d", got)
	}
}

func TestLightQueuesOff(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, smallConfig("/s"), mem)
	a := mustAppend(t, s, dispatched("P", "%LMQ%1", "x"))
	rec, _ := s.ReadRecord(a.Offset, nil)
	m, _ := record.Decode(rec)
	if _, ok := m.Property("INNER_MULTI_QUEUE_OFFSET"); ok || s.MaxOffset("%LMQ%1", 0) != 0 {
		t.Error("dispatched although off")
	}
}
