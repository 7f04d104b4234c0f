package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/consumequeue"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

var badNames = []string{"", ".", "..", "../../../x", "/x", "a/b", "a\x00b", strings.Repeat("n", 256),
	strings.Repeat("n", 300)}

// TestNamesThatAreNoFolder: the store takes no message, makes and removes no file for them.
func TestNamesThatAreNoFolder(t *testing.T) {
	mem := vfs.NewMem()
	if err := mem.MkdirAll("/x/0"); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, smallConfig("/s/store"), mem)
	for _, name := range badNames {
		_, err := s.Append(msg(name, 0, "m"))
		if !errors.Is(err, record.ErrIllegal) {
			t.Errorf("append to %.20q: %v", name, err)
		}
		if err := s.DeleteTopic(name); !errors.Is(err, ErrTopicName) {
			t.Errorf("delete %.20q: %v", name, err)
		}
	}
	if _, err := s.Append(msg("T", -1, "m")); !errors.Is(err, ErrTopicName) {
		t.Errorf("queue -1: %v", err)
	}
	if got := s.Topics(); len(got) != 0 {
		t.Errorf("topics %q", got)
	}
	if _, err := mem.Stat("/x/0"); err != nil {
		t.Errorf("a folder outside is gone: %v", err)
	}
}

// TestRecordWithBadName: a log that holds such a record, which older versions took, can be read, closed and opened, and
// its queue is never written.
func TestRecordWithBadName(t *testing.T) {
	mem := vfs.NewMem()
	for _, name := range badNames[1:6] {
		cfg := smallConfig("/s/store")
		s := mustStart(t, cfg, mem)
		s.queues.GetOrCreate(name, 0, false) // as if the name had been taken
		mustAppend(t, s, msg(name, 0, "m"))
		mustAppend(t, s, msg("T", 0, "m"))
		if err := s.queues.FlushAll(context.Background()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if got := bodies(t, s, name, 0); len(got) != 1 {
			t.Errorf("%q: read %q", name, got)
		}
		mustStop(t, s)
		if _, err := mem.Stat("/s/store/abort"); err == nil {
			t.Errorf("%q: the stop was not clean", name)
		}
	}
	if _, err := mem.Stat("/x"); err == nil {
		t.Error("something was made outside the store")
	}
	// after a kill everything is dispatched again
	s := mustStart(t, smallConfig("/s/store"), mem)
	s.queues.GetOrCreate("../../../x", 0, false)
	mustAppend(t, s, msg("../../../x", 0, "m"))
	mustAppend(t, s, msg("T", 0, "last"))
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	crashed := mem.Clone()
	s2 := mustStart(t, smallConfig("/s/store"), crashed)
	if got := bodies(t, s2, "T", 0); len(got) != 6 || got[5] != "last" {
		t.Errorf("after a kill: %q", got)
	}
	mustStop(t, s2)
	if _, err := crashed.Stat("/x"); err == nil {
		t.Error("recovery made something outside the store")
	}
}

// TestOneFailingQueueKeepsNoOther: its files cannot be written or synced, theirs are; the checkpoint waits.
func TestOneFailingQueueKeepsNoOther(t *testing.T) {
	for _, op := range []string{"mkdir", "write", "sync"} {
		mem := vfs.NewMem()
		cfg := smallConfig("/s")
		s := mustOpen(t, cfg, mem, EventListener{BackgroundError: func(string, string, error) {}})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		testutil.WaitFor(t, "the flusher's first note of the queue ends", func() bool {
			_, err := mem.Stat("/s/" + consumequeue.ManifestFile)
			return err == nil
		})
		for _, topic := range []string{"A", "Bad", "Z"} {
			mustAppend(t, s, msg(topic, 0, topic))
		}
		errBroken := errors.New("broken")
		if op == "sync" || op == "write" { // the file is there
			if err := s.queues.Write(context.Background(), 1); err != nil {
				t.Fatal(err)
			}
			for _, topic := range []string{"A", "Bad", "Z"} {
				mustAppend(t, s, msg(topic, 0, topic))
			}
		}
		before := s.check.Get().LogicsTime
		mem.Inject(func(did, name string) error {
			if strings.Contains(name, "/Bad") && did == op {
				return errBroken
			}
			return nil
		})
		if err := s.queues.FlushAll(context.Background()); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", op, err)
		}
		for _, topic := range []string{"A", "Z"} {
			if from, to := s.queues.Get(topic, 0).Unsynced(); from != to || to == 0 {
				t.Errorf("%s: %s is synced up to %d of %d", op, topic, from, to)
			}
		}
		if got := s.check.Get().LogicsTime; got != before {
			t.Errorf("%s: the checkpoint moved", op)
		}
		mem.Inject(nil)
		mustStop(t, s)
	}
}
