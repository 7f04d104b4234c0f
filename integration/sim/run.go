package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// sim is one run. Its methods may be called by any goroutine of it.
type sim struct {
	*scene
	net      *network
	nodes    []*node // controllers first; immutable after build
	brokers  []*node // of nodes
	peers    string  // controllerDLegerPeers
	out      io.Writer
	logs     bool // out gets what the programs log
	begun    time.Time
	tasks    sync.WaitGroup // of processes
	clients  sync.WaitGroup
	done     chan struct{} // closed when clients end
	stuck    bool          // something does not end; the goroutine of the run only
	failures atomic.Int64  // starts that failed, and processes that gave up

	offs commits // of the consumer's goroutine

	mu     sync.Mutex
	mems   []*vfs.Mem // to be freed; guarded by mu, as are the next ones
	broken []string   // violations
	acks   []ack
	reads  []seen
	terms  map[int32]int // epoch -> who was seen as its master
	stats  stats
	course uint64 // of what happened, as a hash
}

// stats are what a run did.
type stats struct{ Sends, Acked, Read, Commits, Back, Masters, Faults int }

func (s *sim) logger(name string) zerolog.Logger {
	if s.out == nil || !s.logs {
		return zerolog.Nop()
	}
	return zerolog.New(s.out).With().Str("node", name).Timestamp().Logger()
}

// event notes what happens, for people, and for the comparison of two runs.
func (s *sim) event(format string, args ...any) {
	line := fmt.Sprintf("%v ", time.Since(s.begun)) + fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", s.course, line)
	s.course = h.Sum64()
	if s.out != nil {
		fmt.Fprintf(s.out, "== %s\n", line)
	}
}

// violation notes that something is not as it has to be.
func (s *sim) violation(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	s.event("VIOLATION: %s", line)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.broken) < 20 {
		s.broken = append(s.broken, line)
	}
}

func (s *sim) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *sim) keep(m *vfs.Mem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mems = append(s.mems, m)
}

func (s *sim) stopping() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// await waits for some goroutines, for as long as they may take at the most. Then the run is over.
func (s *sim) await(wg *sync.WaitGroup, what string) {
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(3 * time.Minute):
		s.stuck = true
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if s.out != nil {
			_, _ = s.out.Write(stacks)
		}
		s.violation("three minutes are not enough for this: %s", what)
	}
}

// later calls fn after d, in the background.
func (s *sim) later(d time.Duration, fn func()) {
	s.tasks.Go(func() {
		time.Sleep(d)
		fn()
	})
}

func (s *sim) controllerAddrs() string {
	var addrs []string
	for _, n := range s.nodes[:s.controllers] {
		addrs = append(addrs, n.addr())
	}
	return strings.Join(addrs, ";")
}

// result is what came of a run.
type result struct {
	scene    *scene
	broken   []string
	stats    stats
	course   uint64
	failures int64
	stuck    bool          // something does not end: the bubble never will
	took     time.Duration // fake
}

// play runs a scene, in a bubble of synctest. out hears what happens (nil: nobody), and with logs what programs log.
func play(sc *scene, out io.Writer, logs bool) *result {
	s := &sim{scene: sc, net: newNetwork(sc.seed), out: out, logs: logs, begun: time.Now(), done: make(chan struct{}),
		terms: map[int32]int{}, offs: commits{in: map[term]*[queues]int64{}}}
	defer func() {
		if !s.stuck {
			s.free()
		}
	}()
	if err := s.build(); err != nil {
		s.violation("%v", err)
		return s.result()
	}
	for i, n := range s.nodes {
		if i == len(s.nodes)-1 && sc.late > 0 {
			s.later(sc.late, n.boot)
			continue
		}
		n.boot()
	}
	s.clients.Go(s.watchMasters)
	for i := range 2 {
		s.clients.Go(func() { s.produce(i) })
	}
	s.clients.Go(s.consume)
	var faults sync.WaitGroup
	for i := range sc.faults {
		faults.Go(func() {
			time.Sleep(sc.faults[i].at)
			s.count(&s.stats.Faults)
			s.event("%v", sc.faults[i])
			s.inject(&sc.faults[i])
		})
	}
	time.Sleep(sc.chaos)
	s.await(&faults, "that what was begun has ended, a stop for example")
	close(s.done)
	s.await(&s.clients, "clients")
	if s.stuck {
		return s.result()
	}
	s.event("all is mended")
	s.settle()
	s.end()
	return s.result()
}

func (s *sim) result() *result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &result{s.scene, s.broken, s.stats, s.course, s.failures.Load(), s.stuck, time.Since(s.begun)}
}

func (s *sim) free() {
	for _, m := range s.mems {
		m.Free()
	}
}

func (s *sim) build() error {
	var peers []string
	for i := range s.controllers {
		n := &node{s: s, name: fmt.Sprint("c", i), host: fmt.Sprintf("10.0.1.%d", i+1), raft: newRaftDisk()}
		s.nodes = append(s.nodes, n)
		peers = append(peers, fmt.Sprintf("n%d-%s", i, n.addr()))
	}
	s.peers = strings.Join(peers, ";")
	for i := range s.scene.brokers {
		mem, err := newDisk()
		s.keep(mem)
		if err != nil {
			return err
		}
		n := &node{s: s, name: fmt.Sprint("b", i), host: fmt.Sprintf("10.0.0.%d", i+1), mem: mem}
		s.nodes = append(s.nodes, n)
	}
	s.brokers = s.nodes[s.controllers:]
	return nil
}

// inject does what a fault says, and undoes it.
func (s *sim) inject(f *fault) {
	n := s.nodes[f.node]
	r := n.now()
	switch f.kind {
	case kill, power:
		n.crash(r, f.kind == power, f.seed, f.share)
		time.Sleep(f.stays)
		n.boot()
	case all:
		for _, b := range s.brokers {
			b.crash(b.now(), false, f.seed, f.share)
		}
		time.Sleep(f.stays)
		for _, b := range s.brokers {
			b.boot()
		}
	case killAt, powerAt:
		if r != nil {
			r.seed, r.share = f.seed, f.share
			r.cut.Store(f.kind == powerAt)
			r.die.Store(r.calls.Load() + int64(f.n))
		}
	case stop:
		n.quit()
		time.Sleep(f.stays)
		n.boot()
	case cut:
		s.block(f, true)
		time.Sleep(f.stays)
		s.block(f, false)
	case drag:
		s.net.drag(n.host, time.Duration(f.n)*5*time.Millisecond)
		time.Sleep(f.stays)
		s.net.drag(n.host, 0)
	case slow:
		if r != nil {
			r.lag.Store(int64(f.n) * int64(4*time.Millisecond))
			time.Sleep(f.stays)
			r.lag.Store(0)
		}
	case full:
		if r != nil {
			n.limit(1)
			time.Sleep(f.stays)
			n.limit(0)
		}
	case clock:
		n.clock.Add(int64(time.Duration(f.n-30) * time.Second))
	case elect:
		s.elect(f)
	case member:
		s.member(f)
	}
}

// block cuts or mends what a fault says.
func (s *sim) block(f *fault, on bool) {
	for i, a := range s.nodes {
		for j, b := range s.nodes {
			if f.nodes>>i&1 == 1 && f.nodes>>j&1 == 0 {
				if f.way != 2 {
					s.net.block(a.host, b.host, on)
				}
				if f.way != 1 {
					s.net.block(b.host, a.host, on)
				}
			}
		}
	}
}

// ask sends a request to each controller until one takes it.
func ask[T any](s *sim, code int32, ht *wire.HeaderType[T], h *T) error {
	cl, err := s.client("10.0.4.1")
	if err != nil {
		return err
	}
	defer cl.Stop()
	for _, n := range s.nodes[:s.controllers] {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err = remoting.Call(ctx, cl, n.addr(), code, ht, h, nil)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// elect is an operator who names the next master.
func (s *sim) elect(f *fault) {
	h := wire.ElectMasterHeader{ClusterName: "c", BrokerName: "b", BrokerID: int64(1 + f.n%len(s.brokers)),
		DesignateElect: true, InvokeTime: time.Now().UnixMilli()}
	err := ask(s, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &h)
	s.event("elect %d: %v", h.BrokerID, err != nil)
}

// member is an operator who removes a controller and adds it again.
func (s *sim) member(f *fault) {
	n := s.nodes[f.node]
	h := changeMembers{ID: "n" + n.name[1:]}
	if err := ask(s, changeMembersCode, changeMembersRequest, &h); err != nil {
		return
	}
	time.Sleep(f.stays)
	h.Addr = n.addr()
	for range 10 {
		if err := ask(s, changeMembersCode, changeMembersRequest, &h); err == nil {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}
