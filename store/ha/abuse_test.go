package ha_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/ha"
)

// abuse is what a peer does to a master's port again and again until ctx ends.
func abuse(ctx context.Context, addr string, end int64, rnd *rand.Rand) {
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		unhook := context.AfterFunc(ctx, func() { _ = c.Close() })
		hold := time.Duration(rnd.IntN(200)) * time.Millisecond
		switch rnd.IntN(6) {
		case 0: // garbage
			b := make([]byte, 1+rnd.IntN(4096))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			_, _ = c.Write(b)
		case 1: // an end beyond the log's, of any size
			_, _ = c.Write(report(end + 1 + rnd.Int64N(1<<50)))
		case 2: // a slave at first, then more than it was sent
			_, _ = c.Write(report(1))
			_, _ = c.Write(report(1 << 50))
		case 3: // asks, and never reads
			_, _ = c.Write(report(1))
			time.Sleep(hold)
		case 4: // silence
			time.Sleep(hold)
		case 5: // half a report, and away
			_, _ = c.Write([]byte{0, 0, 0})
		}
		_ = c.SetReadDeadline(time.Now().Add(hold))
		if rnd.IntN(2) == 0 {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, 1000))
		}
		_ = c.Close()
		unhook()
	}
}

// TestFiftyPeersOfAbuse: while fifty peers do to the master's port what no slave does, producers that wait for the slave
// go on, nothing is confirmed that it does not have, and the master takes no memory for it.
func TestFiftyPeersOfAbuse(t *testing.T) {
	p := startPair(t, newMem(t), newMem(t)) // with the default limit of connections
	testutil.WaitFor(t, "the slave", func() bool { return len(p.m.State().Slaves) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var l ledger
	var producers, peers sync.WaitGroup
	for i := range uint64(3) {
		producers.Go(func() { p.produce(ctx, t, &l, fmt.Sprint("p", i), i) })
	}
	testutil.WaitFor(t, "acknowledgements", func() bool { return l.count() > 100 })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	addr, bad, stopBad := p.m.Addr().String(), t.Context(), func() {}
	bad, stopBad = context.WithCancel(t.Context())
	for i := range uint64(50) {
		rnd := rand.New(rand.NewPCG(i, 20))
		peers.Go(func() { abuse(bad, addr, 1<<40, rnd) })
	}
	most := 0
	for until := time.Now().Add(1500 * time.Millisecond); time.Now().Before(until); time.Sleep(time.Millisecond) {
		st := p.m.State()
		most = max(most, len(st.Slaves)+st.Waiting)
		confirmed := p.m.Confirmed(1) // first: the slave goes on
		if has := p.slave.MaxPhyOffset(); confirmed > has {
			t.Fatalf("%d is confirmed, the slave has %d", confirmed, has)
		}
	}
	under := l.count()
	testutil.WaitFor(t, "acknowledgements go on", func() bool { return l.count() > under+100 })
	stopBad()
	peers.Wait()
	cancel()
	producers.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := 4*p.master.MaxPhyOffset() + 400*int64(l.count()) // both disks are memory, and so is the ledger
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse) - held; grown > 16<<20 {
		t.Errorf("%d bytes more in use", grown)
	}
	if most > ha.DefaultMaxConnections {
		t.Errorf("%d connections", most)
	}
	testutil.WaitFor(t, "the peers are gone", func() bool {
		st := p.m.State()
		return len(st.Slaves) == 1 && st.Waiting == 0
	})
	if n := p.m.State().Refused; n < 100 {
		t.Errorf("%d refused", n)
	}
	same(t, p.master, p.slave)
	l.check(t, "the slave", p.slave)
	t.Logf("%d acknowledged, %d refused, at most %d connections", l.count(), p.m.State().Refused, most)
}

// TestLimitOfConnections: slaves that have asked keep their connections, one more is sent away and counted.
func TestLimitOfConnections(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 100)
	m := startMaster(t, master, settings(), ha.MasterEvents{}) // four
	for range 4 {
		dial(t, m, report(master.MaxPhyOffset()))
	}
	testutil.WaitFor(t, "four slaves", func() bool { return len(m.State().Slaves) == 4 })
	c := dial(t, m, report(master.MaxPhyOffset()))
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the fifth is served: %v", err)
	}
	if st := m.State(); len(st.Slaves) != 4 || st.Refused != 1 {
		t.Errorf("%d slaves, %d refused", len(st.Slaves), st.Refused)
	}
}
