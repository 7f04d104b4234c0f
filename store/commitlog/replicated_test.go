package commitlog

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answer is a Waiter that keeps what it is told.
type answer chan error

func (a answer) Durable(err error) { a <- err }

func (a answer) told(t *testing.T) error {
	t.Helper()
	select {
	case err := <-a:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("nobody tells")
		return nil
	}
}

// TestReplicated: who waits for replicas is told when they have what he wrote, and not before; the position never goes
// back, and passes nothing that is not in the log.
func TestReplicated(t *testing.T) {
	l, _, _ := started(t, Events{})
	l.Configure(Settings{AppendTimeout: time.Minute, ReplicaTimeout: time.Minute})
	for range 3 {
		if _, err := put(l, 100, true, false); err != nil {
			t.Fatal(err)
		}
	}
	first, second := make(answer, 1), make(answer, 1)
	l.WaitReplicated(100, first)
	l.WaitReplicated(300, second)
	l.Confirm(1 << 50)
	l.Confirm(99)
	if len(first)+len(second) > 0 || l.Replicated.Load() != 99 {
		t.Fatalf("told too early, at %d", l.Replicated.Load())
	}
	l.Confirm(299)
	if err := first.told(t); err != nil || len(second) > 0 {
		t.Fatalf("%v, %d", err, len(second))
	}
	l.Confirm(100)
	if at := l.Replicated.Load(); at != 299 {
		t.Errorf("it went back to %d", at)
	}
	l.WaitReplicated(299, first)
	if err := first.told(t); err != nil {
		t.Error(err)
	}
	l.late(&l.Replicated, time.Now(), ErrReplicaTimeout)
	if len(second) > 0 {
		t.Error("late before its time")
	}
	l.late(&l.Replicated, time.Now().Add(time.Hour), ErrReplicaTimeout)
	if err := second.told(t); !errors.Is(err, ErrReplicaTimeout) {
		t.Error(err)
	}
	l.WaitReplicated(300, second)
	l.EndWaits(ErrClosed)
	if err := second.told(t); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	l.WaitReplicated(300, second)
	if err := second.told(t); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestReplicatedAtOnce moves the position while others begin to wait: each is told, once.
func TestReplicatedAtOnce(t *testing.T) {
	l, _, _ := started(t, Events{})
	if _, err := put(l, 2_000, true, false); err != nil {
		t.Fatal(err)
	}
	var told atomic.Int64
	var wg sync.WaitGroup
	for w := range int64(2) {
		wg.Go(func() {
			for at := w; at < 2_000; at += 2 {
				l.WaitReplicated(at, tells(func(err error) {
					if err != nil || l.Replicated.Load() < at {
						t.Errorf("at %d of %d: %v", at, l.Replicated.Load(), err)
					}
					told.Add(1)
				}))
			}
		})
		wg.Go(func() {
			for at := w; at <= 2_000; at += 3 {
				l.Confirm(at)
			}
		})
	}
	wg.Wait()
	l.Confirm(2_000)
	if n := told.Load(); n != 2_000 {
		t.Errorf("%d were told", n)
	}
}

type tells func(error)

func (f tells) Durable(err error) { f(err) }
