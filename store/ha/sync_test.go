package ha_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// ledger is what producers know: the acknowledged messages of each queue, by offset.
type ledger struct {
	mu    sync.Mutex
	acked [3]map[int64]string // guarded by mu
	n     int                 // guarded by mu

	flushed bool                                 // a message counts when it is on the master's disk too; immutable
	told    func(q int32, at int64, body string) // is told of each message; may be nil
}

func (l *ledger) ack(q int32, at int64, body string) {
	if l.told != nil {
		l.told(q, at, body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acked[q] == nil {
		l.acked[q] = map[int64]string{}
	}
	l.acked[q][at] = body
	l.n++
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// copy is the ledger of this moment.
func (l *ledger) copy() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := &ledger{n: l.n}
	for q, m := range l.acked {
		out.acked[q] = map[int64]string{}
		for at, body := range m {
			out.acked[q][at] = body
		}
	}
	return out
}

// check finds every acknowledged message where it was acknowledged; no queue has a gap or a message twice.
func (l *ledger) check(t *testing.T, what string, s *store.Store) {
	t.Helper()
	for q := range int32(3) {
		seen := map[string]bool{}
		for at := range s.MaxOffset("T", q) {
			phy, _, _, ok := s.OffsetInQueue("T", q, at)
			rec, err := s.ReadRecord(phy, nil)
			if !ok || err != nil {
				t.Fatalf("%s: queue %d has a gap at %d: %v", what, q, at, err)
			}
			m, err := record.Decode(rec)
			body := string(m.Body)
			if err != nil || seen[body] || m.QueueOffset != at {
				t.Fatalf("%s: queue %d at %d: %q twice %v, %v", what, q, at, body, seen[body], err)
			}
			if want, ok := l.acked[q][at]; ok && want != body {
				t.Fatalf("%s: queue %d at %d: %q, acknowledged was %q", what, q, at, body, want)
			}
			seen[body] = true
		}
		for at, body := range l.acked[q] {
			if !seen[body] {
				t.Fatalf("%s: queue %d: the acknowledged message %q at %d is lost, it ends at %d", what, q, body, at,
					s.MaxOffset("T", q))
			}
		}
	}
}

// pair is a master whose producers wait for its slave.
type pair struct {
	master, slave *store.Store
	m             *ha.Master
	x             *ha.Slave
}

func startPair(t *testing.T, a, b vfs.FS) *pair {
	p := &pair{master: open(t, a, "SYNC_MASTER"), slave: open(t, b, "SLAVE")}
	p.m = ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, settings(), p.master.Log(),
		ha.MasterEvents{Acknowledged: func() { p.master.Confirm(p.m.Confirmed(1)) }})
	if err := p.m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.m.Stop)
	p.x = startSlave(t, p.slave, p.m.Addr().String(), ha.SlaveEvents{})
	return p
}

func (p *pair) stop() {
	p.x.Stop()
	p.m.Stop()
	_ = p.slave.Stop(context.Background())
	_ = p.master.Stop(context.Background())
}

// produce sends until ctx ends; what replicas have is in the ledger.
func (p *pair) produce(ctx context.Context, t *testing.T, l *ledger, name string, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 4))
	host := netip.MustParseAddrPort("10.0.0.1:1")
	for i := 0; ctx.Err() == nil; i++ {
		body := fmt.Sprintf("%s-%d-%0*d", name, i, 1+rnd.IntN(300), i)
		r := store.Record{Message: record.Message{Topic: "T", QueueID: rnd.Int32N(3), BornTimestamp: 1,
			Body: []byte(body), BornHost: host, StoreHost: host}}
		a, err := p.master.Append(&r)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return
		}
		done := make(waiter, 1)
		p.master.WaitReplicated(a.End(), done)
		err = <-done
		if l.flushed && err == nil {
			p.master.WaitDurable(a.End(), done)
			err = <-done
		}
		if err == nil {
			l.ack(r.QueueID, a.QueueOffset, body)
		}
	}
}

type waiter chan error

func (w waiter) Durable(err error) { w <- err }

func rounds(t *testing.T, normal int) int {
	if v := os.Getenv("STORE_CRASH_ROUNDS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return max(1, normal/5)
	}
	return normal
}

// TestNoSlaveNoAnswer: without a slave a producer that waits for one is told so after slaveTimeout.
func TestNoSlaveNoAnswer(t *testing.T) {
	c := config("SYNC_MASTER")
	c.SlaveTimeout = 200
	s, err := store.Open(c, newMem(t), store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	send(t, s, 1, 10)
	begin, done := time.Now(), make(waiter, 1)
	s.WaitReplicated(s.MaxPhyOffset(), done)
	if err := <-done; !errors.Is(err, store.ErrReplicaTimeout) {
		t.Error(err)
	}
	if took := time.Since(begin); took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("after %v", took)
	}
}
