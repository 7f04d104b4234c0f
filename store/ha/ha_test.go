package ha_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

const fileSize = 64 << 10

func config(role string) store.Config {
	c := store.DefaultConfig()
	c.StorePathRootDir, c.BrokerRole = "/s", role
	c.MappedFileSizeCommitLog = fileSize
	c.MaxHashSlotNum, c.MaxIndexNum = 100, 400
	c.DiskSpaceWarningLevelRatio = 100
	return c
}

// open starts a store of a role.
func open(t testing.TB, fsys vfs.FS, role string) *store.Store {
	t.Helper()
	s, err := store.Open(config(role), fsys, store.EventListener{
		BackgroundError: func(what, file string, err error) { t.Errorf("%s %s: %v", what, file, err) }})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func newMem(t testing.TB) *vfs.Mem {
	fsys := vfs.NewMem()
	t.Cleanup(fsys.Free)
	return fsys
}

// send appends messages of mixed sizes.
func send(t testing.TB, s *store.Store, seed uint64, n int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		size := rnd.IntN(300)
		if rnd.IntN(50) == 0 {
			size = rnd.IntN(20 << 10)
		}
		r := store.Record{Message: record.Message{Topic: "T", QueueID: int32(i % 3), BornTimestamp: 1, Body: bytes.Repeat(
			[]byte{byte(i)}, size), BornHost: netip.MustParseAddrPort("10.0.0.1:1"),
			StoreHost: netip.MustParseAddrPort("10.0.0.2:2")}}
		if _, err := s.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
}

func settings() ha.MasterSettings {
	return ha.MasterSettings{HeartbeatInterval: 100 * time.Millisecond, HousekeepingInterval: 2 * time.Second,
		BatchSize: 32 << 10}
}

func startMaster(t testing.TB, s *store.Store, set ha.MasterSettings, ev ha.MasterEvents) *ha.Master {
	t.Helper()
	m := ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0", MaxConnections: 4}, set, s.Log(), ev)
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

func startSlave(t testing.TB, s *store.Store, master string, ev ha.SlaveEvents) *ha.Slave {
	t.Helper()
	x := ha.NewSlave(ha.SlaveOptions{Master: master, HeartbeatInterval: 100 * time.Millisecond,
		HousekeepingInterval: 2 * time.Second}, s, ev)
	x.Start()
	t.Cleanup(x.Stop)
	return x
}

// same compares the logs of two stores byte by byte, and their queues.
func same(t testing.TB, master, slave *store.Store) {
	t.Helper()
	testutil.WaitFor(t, "the slave has everything", func() bool { return slave.MaxPhyOffset() == master.MaxPhyOffset() })
	for at := slave.MinPhyOffset(); at < master.MaxPhyOffset(); at = master.Log().NextFile(at) {
		n := min(master.MaxPhyOffset()-at, master.SegmentSize())
		a, b := master.Log().Find(at), slave.Log().Find(at)
		if !bytes.Equal(a.Data[:n], b.Data[:n]) {
			t.Fatalf("the files at %d differ", at)
		}
	}
	for q := range int32(3) { // the queues follow the end of the log
		testutil.WaitFor(t, "the ends of the queues are the same", func() bool {
			return master.MaxOffset("T", q) == slave.MaxOffset("T", q)
		})
	}
}

// cutter is a proxy that cuts each connection after a random number of bytes in either direction, while it is on.
type cutter struct {
	l  net.Listener
	to string

	mu  sync.Mutex
	rnd *rand.Rand // guarded by mu
	off bool       // guarded by mu
	n   int        // connections that were cut; guarded by mu
}

func startCutter(t *testing.T, to string, seed uint64) *cutter {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{l: l, to: to, rnd: rand.New(rand.NewPCG(seed, 2))}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { c.pass(in) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return c
}

func (c *cutter) limit() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.off {
		return 1 << 40
	}
	c.n++
	return c.rnd.Int64N(40 << 10)
}

func (c *cutter) stop() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
	return c.n
}

func (c *cutter) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer out.Close()
	limit := c.limit()
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	_, _ = io.CopyN(in, out, limit)
	_ = in.Close()
	_ = out.Close()
	wg.Wait()
}

// TestPairOfStores copies a log whose files roll while messages come in, through a network that cuts connections at
// random bytes, with restarts of the slave's store.
func TestPairOfStores(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	m := startMaster(t, master, settings(), ha.MasterEvents{})
	proxy := startCutter(t, m.Addr().String(), 1)
	fsys := newMem(t)
	slave := open(t, fsys, "SLAVE")
	x := startSlave(t, slave, proxy.l.Addr().String(), ha.SlaveEvents{})
	for round := range uint64(10) {
		send(t, master, round, 400)
		time.Sleep(20 * time.Millisecond)
		if round%3 == 2 {
			x.Stop()
			if err := slave.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			slave = open(t, fsys, "SLAVE")
			x = startSlave(t, slave, proxy.l.Addr().String(), ha.SlaveEvents{})
		}
	}
	if n := proxy.stop(); n < 5 {
		t.Errorf("only %d connections were cut", n)
	}
	same(t, master, slave)
	testutil.WaitFor(t, "everything is acknowledged", func() bool { return m.Confirmed(1) == master.MaxPhyOffset() })
	st := m.State()
	if len(st.Slaves) != 1 || st.Slaves[0].Behind != 0 || st.Slaves[0].Next != st.End {
		t.Errorf("state %+v", st)
	}
	if st := x.State(); !st.Connected || st.Err != nil || st.Offset != master.MaxPhyOffset() || st.LastRead.IsZero() {
		t.Errorf("slave %+v", st)
	}
	send(t, master, 99, 1) // one message, and nothing else happens
	testutil.WaitFor(t, "one more", func() bool { return m.Confirmed(1) == master.MaxPhyOffset() })
	same(t, master, slave)
}

// TestOnFiles is a pair with real files, large blocks, and so sendfile.
func TestOnFiles(t *testing.T) {
	dirs := [2]string{t.TempDir(), t.TempDir()}
	var both [2]*store.Store
	for i, role := range []string{"SYNC_MASTER", "SLAVE"} {
		c := config(role)
		c.StorePathRootDir = dirs[i]
		c.MinFreeDiskBytes = 0
		s, err := store.Open(c, vfs.OS{}, store.EventListener{})
		if err == nil {
			err = s.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		both[i] = s
	}
	send(t, both[0], 1, 5000)
	m := startMaster(t, both[0], settings(), ha.MasterEvents{})
	startSlave(t, both[1], m.Addr().String(), ha.SlaveEvents{})
	send(t, both[0], 2, 5000)
	same(t, both[0], both[1])
}

// TestNewSlaveStartsAt: a new slave gets the whole log, or the last file only.
func TestNewSlaveStartsAt(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 2000)
	for _, last := range []bool{false, true} {
		set := settings()
		set.FromLastFile = last
		asked, from := make(chan int64, 9), make(chan int64, 9)
		m := startMaster(t, master, set, ha.MasterEvents{Connected: func(_ string, a, f int64) { asked <- a; from <- f }})
		slave := open(t, newMem(t), "SLAVE")
		startSlave(t, slave, m.Addr().String(), ha.SlaveEvents{})
		same(t, master, slave)
		want := int64(0)
		if last {
			want = master.MaxPhyOffset() / fileSize * fileSize
		}
		if a, f := <-asked, <-from; a != 0 || f != want || slave.MinPhyOffset() != want {
			t.Errorf("from the last file %v: asked %d, got %d, the log begins at %d, want %d", last, a, f,
				slave.MinPhyOffset(), want)
		}
		m.Stop()
	}
}

// dial connects to a master and sends bytes.
func dial(t testing.TB, m *ha.Master, b []byte) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", m.Addr().String())
	if err == nil {
		_, err = c.Write(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func report(offset int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(offset)) }

// TestWireBytes reads what a master sends, byte by byte.
func TestWireBytes(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 1000)
	set := settings()
	set.BatchSize = 1000
	m := startMaster(t, master, set, ha.MasterEvents{})
	c := dial(t, m, report(fileSize-1500))
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	at := int64(fileSize - 1500)
	for _, want := range []int{1000, 500, 1000} { // never across a file
		head := read(12)
		if o, n := int64(binary.BigEndian.Uint64(head)), int(binary.BigEndian.Uint32(head[8:])); o != at || n != want {
			t.Fatalf("a block of %d at %d, want %d at %d", n, o, want, at)
		}
		seg := master.Log().Find(at)
		if !bytes.Equal(read(want), seg.Data[at-seg.Base:][:want]) {
			t.Fatalf("the block at %d differs from the file", at)
		}
		at += int64(want)
	}
	for at < master.MaxPhyOffset() {
		head := read(12)
		at += int64(binary.BigEndian.Uint32(head[8:]))
		read(int(binary.BigEndian.Uint32(head[8:])))
	}
	begin := time.Now()
	if head := read(12); int64(binary.BigEndian.Uint64(head)) != at || binary.BigEndian.Uint32(head[8:]) != 0 {
		t.Fatalf("no heartbeat: %x", head)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("a heartbeat after %v", took)
	}
	_, _ = c.Write(append(report(at)[4:], report(at)...)) // groups of 8 by position: this is not what it looks like
	if n, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, net.ErrClosed) && n > 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestGarbage: peers that are no slaves change nothing, are counted, and find no more than their share of connections.
func TestGarbage(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 500)
	set := settings()
	set.HousekeepingInterval = 300 * time.Millisecond
	m := startMaster(t, master, set, ha.MasterEvents{})
	end := master.MaxPhyOffset()
	for name, b := range map[string][]byte{
		"text": []byte("GET / HTTP/1.1\r\n\r\n"), "an end beyond the log's": report(end + 1), "2^50": report(1 << 50),
		"negative": report(-1), "an end beyond what was sent": append(report(end), report(end+1)...),
		"nothing": nil, "half a report": {0, 0, 0},
	} {
		before := m.State().Refused
		c := dial(t, m, b)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: the connection goes on: %v", name, err)
		}
		testutil.WaitFor(t, name+" is counted", func() bool { return m.State().Refused == before+1 })
		if at := m.Confirmed(1); at != -1 {
			t.Errorf("%s: %d is confirmed", name, at)
		}
	}
	for range 20 { // silent ones make room for those who ask
		dial(t, m, nil)
	}
	slave := open(t, newMem(t), "SLAVE")
	startSlave(t, slave, m.Addr().String(), ha.SlaveEvents{})
	same(t, master, slave)
	testutil.WaitFor(t, "the silent ones are gone", func() bool {
		st := m.State()
		return st.Waiting == 0 && len(st.Slaves) == 1
	})
}

// TestSlaveAhead: a slave with a longer log than the master's is told so, and changes nothing.
func TestSlaveAhead(t *testing.T) {
	long, short := open(t, newMem(t), "ASYNC_MASTER"), open(t, newMem(t), "ASYNC_MASTER")
	send(t, long, 1, 300)
	send(t, short, 1, 200)
	first, second := startMaster(t, long, settings(), ha.MasterEvents{}), (*ha.Master)(nil)
	reasons := make(chan error, 100)
	second = startMaster(t, short, settings(), ha.MasterEvents{Disconnected: func(_ string, why error) {
		select {
		case reasons <- why:
		default:
		}
	}})
	slave := open(t, newMem(t), "SLAVE")
	x := startSlave(t, slave, first.Addr().String(), ha.SlaveEvents{})
	same(t, long, slave)
	x.SetMaster(second.Addr().String())
	var bad *ha.ReportError
	if why := <-reasons; !errors.As(why, &bad) || bad.Got != long.MaxPhyOffset() || bad.Max != short.MaxPhyOffset() {
		t.Errorf("the master says %v", why)
	}
	testutil.WaitFor(t, "the slave says it", func() bool {
		err := x.State().Err
		return err != nil && strings.Contains(err.Error(), "behind the end of the master's log")
	})
	if st := x.State(); st.Behind != -1 {
		t.Errorf("nobody told the master's end, but the slave is %d bytes behind", st.Behind)
	}
	x.NoteMasterEnd(long.MaxPhyOffset() + 7)
	if st := x.State(); st.Behind != 7 {
		t.Errorf("%d bytes behind, want 7", st.Behind)
	}
	x.SetMaster(first.Addr().String())
	send(t, long, 2, 100)
	same(t, long, slave)
}

// TestCompare: a slave whose comparison fails asks for nothing and appends nothing.
func TestCompare(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 100)
	m := startMaster(t, master, settings(), ha.MasterEvents{})
	slave := open(t, newMem(t), "SLAVE")
	var mu sync.Mutex
	differs, asked := errors.New("the logs differ"), 0
	x := ha.NewSlave(ha.SlaveOptions{Master: m.Addr().String(), HeartbeatInterval: time.Second,
		HousekeepingInterval: time.Second, Compare: func(_ context.Context, master string) error {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked < 3 && master == m.Addr().String() {
				return differs
			}
			return nil
		}}, slave, ha.SlaveEvents{Disconnected: func(_ string, why error) {
		if errors.Is(why, differs) && (slave.MaxPhyOffset() != 0 || len(m.State().Slaves) > 0) {
			t.Error("it was served all the same")
		}
	}})
	x.Start()
	same(t, master, slave)
	x.Stop()
	mu.Lock()
	defer mu.Unlock()
	if asked != 3 {
		t.Errorf("compared %d times", asked)
	}
}

// TestFlowControl: no slave gets more in a second than it may.
func TestFlowControl(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	send(t, master, 1, 1500)
	set := settings()
	set.FlowControl, set.MaxBytesPerSecond = true, master.MaxPhyOffset()/4
	m := startMaster(t, master, set, ha.MasterEvents{})
	slave := open(t, newMem(t), "SLAVE")
	begin := time.Now()
	startSlave(t, slave, m.Addr().String(), ha.SlaveEvents{})
	same(t, master, slave)
	if took := time.Since(begin); took < 1900*time.Millisecond || took > 6*time.Second {
		t.Errorf("four times a second's share took %v", took)
	}
}

// TestSlowSlave: who does not read costs the master no memory, and its files go when their time comes.
func TestSlowSlave(t *testing.T) {
	fsys := newMem(t)
	master := open(t, fsys, "ASYNC_MASTER")
	send(t, master, 1, 3000)
	m := startMaster(t, master, settings(), ha.MasterEvents{})
	c := dial(t, m, report(1))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop := time.After(500 * time.Millisecond)
	for reporting := true; reporting; {
		select {
		case <-stop:
			reporting = false
		case <-time.After(50 * time.Millisecond):
			if _, err := c.Write(report(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	st := m.State()
	if len(st.Slaves) != 1 || st.Slaves[0].Behind < 1<<20/4 {
		t.Fatalf("%+v", st)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 4<<20 {
		t.Errorf("%d bytes more in use", grown)
	}
	seg := master.Log().Segments()[0]
	if err := master.Log().DropOldest(seg); err != nil {
		t.Fatal(err)
	}
	d := dial(t, m, report(2))
	_ = d.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := d.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a file that is gone was sent: %v", err)
	}
}

// TestSlaveDiskFull lets the slave's disk have no room for the next file: the slave says so, the store's health too,
// and it goes on by itself when there is room.
func TestSlaveDiskFull(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	m := startMaster(t, master, settings(), ha.MasterEvents{})
	fsys := newMem(t)
	c := config("SLAVE")
	c.PutMessageTimeout = 100
	slave, err := store.Open(c, fsys, store.EventListener{})
	if err == nil {
		err = slave.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Stop(context.Background()) })
	var full atomic.Bool
	fsys.Inject(func(op, name string) error {
		if full.Load() && op == "allocate" && strings.Contains(name, "commitlog") {
			return syscall.ENOSPC
		}
		return nil
	})
	for _, already := range []int{0, 100} { // in front of the first file, and of a later one
		full.Store(true)
		send(t, master, uint64(already), already)
		x := startSlave(t, slave, m.Addr().String(), ha.SlaveEvents{})
		send(t, master, 1, 1500)
		testutil.WaitFor(t, "the slave says why", func() bool {
			err := x.State().Err
			return errors.Is(err, syscall.ENOSPC) && errors.Is(slave.Health(), store.ErrDiskFull)
		})
		full.Store(false)
		same(t, master, slave)
		testutil.WaitFor(t, "all is well", func() bool { return slave.Health() == nil && x.State().Err == nil })
		x.Stop()
	}
}

// TestStartStop starts and stops both ends again and again; no goroutine is left.
func TestStartStop(t *testing.T) {
	master, slave := open(t, newMem(t), "ASYNC_MASTER"), open(t, newMem(t), "SLAVE")
	send(t, master, 1, 100)
	m := ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, settings(), master.Log(), ha.MasterEvents{})
	x := ha.NewSlave(ha.SlaveOptions{HeartbeatInterval: time.Second, HousekeepingInterval: time.Second}, slave,
		ha.SlaveEvents{})
	for round := range uint64(5) {
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
		if err := m.Start(); err == nil {
			t.Error("two starts")
		}
		x.Start()
		x.Start()
		if st := x.State(); round == 0 && (st.Connected || st.Master != "") {
			t.Errorf("%+v", st)
		}
		x.SetMaster(m.Addr().String())
		send(t, master, round, 100)
		same(t, master, slave)
		if round%2 == 0 {
			m.Stop()
		}
		x.Stop()
		x.Stop()
		m.Stop()
		if m.Addr() != nil || m.Confirmed(1) != -1 || m.Confirmed(0) != master.MaxPhyOffset() {
			t.Errorf("a stopped master: %v %d", m.Addr(), m.Confirmed(1))
		}
	}
	testutil.WaitFor(t, "no goroutine of this package is left", func() bool {
		b := make([]byte, 1<<20)
		return !bytes.Contains(b[:runtime.Stack(b, true)], []byte("gorocket/store/ha.("))
	})
}

// TestMasterBack: a slave finds its master again within a second.
func TestMasterBack(t *testing.T) {
	master := open(t, newMem(t), "ASYNC_MASTER")
	m := ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, settings(), master.Log(), ha.MasterEvents{})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	addr := m.Addr().String()
	slave := open(t, newMem(t), "SLAVE")
	x := startSlave(t, slave, addr, ha.SlaveEvents{})
	testutil.WaitFor(t, "connected", func() bool { return x.State().Connected })
	m.Stop()
	send(t, master, 1, 100)
	time.Sleep(1500 * time.Millisecond)
	if st := x.State(); st.Connected || st.Err == nil {
		t.Errorf("without a master: %+v", st)
	}
	m = ha.NewMaster(ha.MasterOptions{Listen: addr}, settings(), master.Log(), ha.MasterEvents{})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	begin := time.Now()
	same(t, master, slave)
	if took := time.Since(begin); took > 1500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestReportsWhatIsDurable: a slave that answers for its disk reports nothing that is not on it, and ends the
// connection when it does not get there.
func TestReportsWhatIsDurable(t *testing.T) {
	m, s := open(t, newMem(t), "ASYNC_MASTER"), open(t, newMem(t), "SLAVE")
	send(t, m, 1, 100)
	master := startMaster(t, m, settings(), ha.MasterEvents{})
	reach, asked := make(chan error), make(chan int64, 16)
	x := ha.NewSlave(ha.SlaveOptions{Master: master.Addr().String(), HeartbeatInterval: 100 * time.Millisecond,
		HousekeepingInterval: 5 * time.Second, Durable: func(_ context.Context, offset int64) error {
			asked <- offset
			return <-reach
		}}, s, ha.SlaveEvents{})
	x.Start()
	t.Cleanup(x.Stop)
	acked := func() int64 {
		if all := master.State().Slaves; len(all) > 0 {
			return all[0].Acked
		}
		return -1
	}
	end := m.MaxPhyOffset()
	for at := int64(-1); at < end; {
		if at = <-asked; acked() >= at {
			t.Fatalf("%d is acknowledged, and is not on the disk", at)
		}
		reach <- nil
	}
	testutil.WaitFor(t, "the report", func() bool { return acked() == end })
	send(t, m, 2, 1)
	<-asked
	reach <- errors.New("the disk is gone")
	testutil.WaitFor(t, "it says so", func() bool {
		err := x.State().Err
		return err != nil && strings.Contains(err.Error(), "the disk is gone")
	})
	go func() { // it tries again, until it stops
		for range asked {
			reach <- nil
		}
	}()
}
