package ha

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/commitlog"
)

// fixedLog is a log of which nothing can be read.
type fixedLog struct{ min, end, size int64 }

func (l fixedLog) Min() int64                     { return l.min }
func (l fixedLog) End() int64                     { return l.end }
func (l fixedLog) SegmentSize() int64             { return l.size }
func (l fixedLog) Lease(int64) *commitlog.Segment { return nil }
func (l fixedLog) Moved() <-chan struct{}         { return nil }

// connOf is a connection without a socket, which has asked for and has acknowledged something.
func connOf(m *Master, asked, next, acked int64) *conn {
	c := &conn{m: m, addr: "a slave", start: make(chan int64, 1), idle: make(chan struct{}, 1)}
	c.asked.Store(asked)
	c.next.Store(next)
	c.acked.Store(acked)
	return c
}

// TestConfirmed: what at least so many slaves have, whatever the order in which they came; who has not asked counts for
// none.
func TestConfirmed(t *testing.T) {
	m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{end: 1000}, MasterEvents{})
	for _, acked := range []int64{10, 300, -7, 20, 0, 999, 40, 50, 60, 70, 80} { // more than fit where they are sorted
		asked := int64(0)
		if acked == -7 {
			asked = -1
		}
		m.conns = append(m.conns, connOf(m, asked, 500, acked))
	}
	for slaves, want := range map[int]int64{-1: 1000, 0: 1000, 1: 999, 2: 300, 3: 80, 8: 20, 9: 10, 10: 0, 11: -1,
		99: -1} {
		if got := m.Confirmed(slaves); got != want {
			t.Errorf("%d slaves have everything below %d, want %d", slaves, got, want)
		}
	}
	st := m.State()
	if st.End != 1000 || st.Waiting != 1 || len(st.Slaves) != 10 {
		t.Fatalf("%+v", st)
	}
	if s := st.Slaves[1]; s.Acked != 300 || s.Behind != 700 || s.Next != 500 || s.Addr != "a slave" {
		t.Errorf("the second one: %+v", s)
	}
	m.conns[0].acked.Store(1001) // the log was asked before
	if s := m.State().Slaves[0]; s.Behind != 0 {
		t.Errorf("%d bytes behind", s.Behind)
	}
}

// TestFirstReport: where a slave may begin, and where it does.
func TestFirstReport(t *testing.T) {
	log := fixedLog{min: 400, end: 1000, size: 400}
	for _, c := range []struct {
		asked, from int64 // from: -1: refused
		last        bool
	}{{0, 400, false}, {0, 800, true}, {400, 400, false}, {400, 400, true}, {399, -1, false}, {1, -1, true},
		{1000, 1000, false}, {1001, -1, false}, {-1, -1, false}, {-1, -1, true}} {
		var asked, from, acknowledged int64 = -5, -5, 0
		m := NewMaster(MasterOptions{}, MasterSettings{FromLastFile: c.last}, log, MasterEvents{
			Connected:    func(_ string, a, f int64) { asked, from = a, f },
			Acknowledged: func() { acknowledged++ }})
		x := connOf(m, -1, 0, -1)
		err := x.reported(c.asked)
		var bad *ReportError
		if c.from < 0 {
			if !errors.As(err, &bad) || bad.Got != c.asked || bad.Min != 400 || bad.Max != 1000 || asked != -5 ||
				acknowledged != 0 || x.asked.Load() != -1 {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || asked != c.asked || from != c.from || <-x.start != c.from || x.next.Load() != c.from ||
			x.acked.Load() != c.asked || acknowledged != 1 {
			t.Errorf("%+v: %v, from %d, next %d, acknowledged %d", c, err, from, x.next.Load(), x.acked.Load())
		}
	}
}

// TestLaterReports: nobody has what was not sent; what is old moves nothing.
func TestLaterReports(t *testing.T) {
	n := 0
	m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{end: 1000}, MasterEvents{Acknowledged: func() { n++ }})
	c := connOf(m, 100, 500, 100)
	for _, r := range []struct {
		offset, acked int64
		told          int
		refused       bool
	}{{100, 100, 0, false}, {101, 101, 1, false}, {50, 101, 1, false}, {500, 500, 2, false}, {500, 500, 2, false},
		{501, 500, 2, true}, {-1, 500, 2, true}, {0, 500, 2, false}} {
		err := c.reported(r.offset)
		var bad *ReportError
		if errors.As(err, &bad) != r.refused || r.refused && bad.Max != 500 || c.acked.Load() != r.acked || n != r.told {
			t.Errorf("%+v: %v, acknowledged %d, told %d times", r, err, c.acked.Load(), n)
		}
	}
	c.gathering.Store(true)
	c.next.Store(600)
	if _ = c.reported(550); len(c.idle) != 1 {
		t.Error("who waits for an acknowledgement is not told")
	}
	if _ = c.reported(560); len(c.idle) != 1 {
		t.Error("it blocks, or is gone")
	}
}

// TestGather: a sender waits neither for a slave that has everything, nor with a large block, nor for long.
func TestGather(t *testing.T) {
	for _, c := range []struct {
		acked, behind int64
		enough        bool
	}{{500, 1, true}, {501, 1, true}, {499, 1, false}, {0, sendfileLeast - 1, false}, {0, sendfileLeast, true}} {
		m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{end: 500 + c.behind}, MasterEvents{})
		if got := connOf(m, 0, 500, c.acked).enough(); got != c.enough {
			t.Errorf("%+v: enough %v", c, got)
		}
	}
	m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{end: 501}, MasterEvents{})
	c, begin := connOf(m, 0, 500, 0), time.Now()
	c.gather(t.Context())
	if took := time.Since(begin); took < gatherFor || c.gathering.Load() {
		t.Errorf("waited %v", took)
	}
}

// TestFlow: so many bytes in a second, again from the next one on.
func TestFlow(t *testing.T) {
	var f flow
	if n, again := f.allow(&MasterSettings{MaxBytesPerSecond: 5}, time.Unix(7, 0)); n < 1<<60 || again != 0 {
		t.Errorf("without flow control: %d, %v", n, again)
	}
	set := &MasterSettings{FlowControl: true, MaxBytesPerSecond: 1000}
	for _, c := range []struct{ sec, ns, add, want int64 }{{100, 0, 400, 1000}, {100, 250_000_000, 600, 600},
		{100, 999_999_999, 5, 0}, {100, 999_999_999, 0, -5}, {101, 0, 1, 1000}, {99, 1, 0, 1000}} {
		n, again := f.allow(set, time.Unix(c.sec, c.ns))
		if n != c.want || again != time.Second-time.Duration(c.ns) {
			t.Errorf("%+v: %d allowed, again after %v", c, n, again)
		}
		f.add(c.add)
	}
}

// TestMeter: bytes of the last whole second, nothing once nothing came for longer.
func TestMeter(t *testing.T) {
	for begin := time.Now(); begin.Nanosecond() > 900_000_000; begin = time.Now() { // not over the end of a second
		time.Sleep(10 * time.Millisecond)
	}
	now := time.Now().Unix()
	for _, c := range []struct{ second, now, before, rate int64 }{{now, 7, 50, 50}, {now - 1, 7, 50, 7},
		{now - 2, 7, 50, 0}, {0, 7, 50, 0}} {
		var m meter
		m.second.Store(c.second)
		m.now.Store(c.now)
		m.before.Store(c.before)
		if got := m.rate(); got != c.rate {
			t.Errorf("%+v: %d bytes a second", c, got)
		}
		m.add(100)
		m.add(20)
		want := map[int64]int64{now: 50, now - 1: 7}[c.second]
		added := int64(120)
		if c.second == now {
			added += c.now
		}
		if m.before.Load() != want || m.now.Load() != added || m.rate() != want {
			t.Errorf("%+v, and more: %d before, %d now", c, m.before.Load(), m.now.Load())
		}
	}
}

// TestConnectionsAtMost: one more than there may be takes the place of the first that has asked for nothing; when all
// have asked it is refused, and counted.
func TestConnectionsAtMost(t *testing.T) {
	var mu sync.Mutex
	var ended []error
	m := NewMaster(MasterOptions{Listen: "127.0.0.1:0", MaxConnections: 3}, MasterSettings{HeartbeatInterval: time.Hour,
		HousekeepingInterval: time.Minute}, fixedLog{size: 400}, MasterEvents{
		Disconnected: func(_ string, why error) {
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, why)
		}})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	reasons := func(want ...error) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Equal(ended, want)
		}
	}
	dial := func(asks bool) net.Conn {
		c, err := net.Dial("tcp", m.Addr().String())
		if err == nil && asks {
			_, err = c.Write(make([]byte, reportSize))
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	are := func(slaves, waiting int) func() bool {
		return func() bool { st := m.State(); return len(st.Slaves) == slaves && st.Waiting == waiting }
	}
	dial(true)
	testutil.WaitFor(t, "a slave", are(1, 0))
	silent := dial(false)
	testutil.WaitFor(t, "a silent one", are(1, 1))
	dial(true)
	testutil.WaitFor(t, "another slave", are(2, 1))
	dial(true)
	testutil.WaitFor(t, "a third, in the place of the silent one", are(3, 0))
	testutil.WaitFor(t, "the reason", reasons(errMadeRoom))
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent one is still there")
	}
	dial(true)
	testutil.WaitFor(t, "a refusal", reasons(errMadeRoom, errTooMany))
	if st := m.State(); len(st.Slaves) != 3 || st.Refused != 2 {
		t.Errorf("%+v", st)
	}
}

// memory is a slave's store in memory.
type memory struct {
	mu      sync.Mutex
	b       []byte // guarded by mu
	partial int    // calls of DropPartial; guarded by mu
}

func (s *memory) AppendRaw(at int64, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at != int64(len(s.b)) {
		return errors.New("not where the log ends")
	}
	s.b = append(s.b, b...)
	return nil
}

func (s *memory) DropPartial() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial++
}

func (s *memory) MaxPhyOffset() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.b))
}

func (s *memory) SegmentSize() int64 { return 4096 }

// listen is a master of the test's.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// accept is the next slave that comes.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	return c
}

// next is the next report of a slave.
func next(t *testing.T, c net.Conn) int64 {
	t.Helper()
	var b [reportSize]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		t.Fatal(err)
	}
	return int64(binary.BigEndian.Uint64(b[:]))
}

// TestSlaveReports: at once where its log ends, again every heartbeat interval, and as soon as it has more.
func TestSlaveReports(t *testing.T) {
	l, s := listen(t), &memory{b: []byte("have")}
	x := NewSlave(SlaveOptions{Master: l.Addr().String(), HeartbeatInterval: 60 * time.Millisecond,
		HousekeepingInterval: 10 * time.Second}, s, SlaveEvents{})
	x.Start()
	defer x.Stop()
	c := accept(t, l)
	if at := next(t, c); at != 4 || s.partial != 1 {
		t.Errorf("the first report is %d, forgotten %d times", at, s.partial)
	}
	begin := time.Now()
	for range 3 {
		if at := next(t, c); at != 4 {
			t.Errorf("a report of %d", at)
		}
	}
	if took := time.Since(begin); took < 150*time.Millisecond || took > 5*time.Second {
		t.Errorf("three heartbeats in %v", took)
	}
	var head [headSize]byte
	putHead(head[:], 4, 5)
	if _, err := c.Write(append(head[:], "hello"...)); err != nil {
		t.Fatal(err)
	}
	at := next(t, c)
	for at == 4 { // a heartbeat was on its way
		at = next(t, c)
	}
	if st := x.State(); at != 9 || !bytes.Equal(s.b, []byte("havehello")) || !st.Connected || st.Offset != 9 ||
		st.LastRead.UnixMilli() < begin.UnixMilli() || st.LastWrite.UnixMilli() < begin.UnixMilli() || st.Err != nil {
		t.Errorf("report of %d, %+v", at, st)
	}
}

// TestSilentPeers: neither end keeps a connection of which nothing comes, and not before haHousekeepingInterval; both
// count from the last byte.
func TestSilentPeers(t *testing.T) {
	const limit = 200 * time.Millisecond
	why := make(chan error, 9)
	told := func(t *testing.T, began time.Time) {
		t.Helper()
		if err := <-why; err != errSilent || time.Since(began) < limit-time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	}
	m := NewMaster(MasterOptions{Listen: "127.0.0.1:0"}, MasterSettings{HeartbeatInterval: time.Hour,
		HousekeepingInterval: limit}, fixedLog{size: 400},
		MasterEvents{Disconnected: func(_ string, err error) { why <- err }})
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	slave, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	if _, err := slave.Write(make([]byte, reportSize)); err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for range 6 { // once it has asked, one byte of a report keeps it up
		time.Sleep(limit / 4)
		last = time.Now()
		if _, err := slave.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	told(t, last)
	slow, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	for last = time.Now(); len(why) == 0; time.Sleep(limit / 4) { // before that it keeps nothing
		if _, err := slow.Write([]byte{0}); err != nil || time.Since(last) > 7*limit/4 {
			break
		}
	}
	told(t, last)

	l := listen(t)
	x := NewSlave(SlaveOptions{Master: l.Addr().String(), HeartbeatInterval: limit / 8, HousekeepingInterval: limit},
		&memory{}, SlaveEvents{Disconnected: func(_ string, err error) { why <- err }})
	x.Start()
	defer x.Stop()
	c := accept(t, l)
	for range 6 {
		time.Sleep(limit / 4)
		last = time.Now()
		if _, err := c.Write([]byte{0}); err != nil { // of a head
			t.Fatal(err)
		}
	}
	told(t, last)
}

// TestSlaveTriesAgain: less and less often, up to once a second, at once when the address changes, and soon again once
// it was served.
func TestSlaveTriesAgain(t *testing.T) {
	gone := listen(t)
	_ = gone.Close()
	var mu sync.Mutex
	var tries []time.Time
	x := NewSlave(SlaveOptions{Master: gone.Addr().String(), HeartbeatInterval: time.Second,
		HousekeepingInterval: time.Minute}, &memory{}, SlaveEvents{Disconnected: func(string, error) {
		mu.Lock()
		defer mu.Unlock()
		tries = append(tries, time.Now())
	}})
	x.Start()
	defer x.Stop()
	all := func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(tries)
	}
	testutil.WaitFor(t, "four tries", func() bool { return len(all()) >= 4 })
	for i, rest := range []time.Duration{100, 200, 400} {
		if got := all()[i+1].Sub(all()[i]); got < rest*time.Millisecond || got > rest*time.Millisecond+5*time.Second {
			t.Errorf("try %d after %v", i+2, got)
		}
	}
	l := listen(t)
	begin := time.Now()
	x.SetMaster(l.Addr().String()) // while it rests for 800 ms
	c := accept(t, l)
	if took := time.Since(begin); took > 700*time.Millisecond {
		t.Errorf("the new address was tried after %v", took)
	}
	next(t, c)
	var head [headSize]byte
	if _, err := c.Write(head[:]); err != nil { // a heartbeat: it is served
		t.Fatal(err)
	}
	testutil.WaitFor(t, "all to be well", func() bool { st := x.State(); return st.Connected && st.Err == nil })
	begin = time.Now()
	_ = c.Close()
	next(t, accept(t, l))
	if took := time.Since(begin); took > 700*time.Millisecond {
		t.Errorf("tried again after %v", took)
	}
}

// TestEndedWithoutAByte: what is told helps: a log that is empty is none that a master refuses.
func TestEndedWithoutAByte(t *testing.T) {
	for end, want := range map[int64]string{0: "is this the haListenPort of a master", 700: "the log of this broker ends at 700"} {
		f := follower{reported: end}
		if err := f.explain(io.EOF); !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), want) {
			t.Errorf("at %d: %v", end, err)
		}
	}
	if err := (&follower{served: true}).explain(io.EOF); err != io.EOF {
		t.Errorf("behind bytes: %v", err)
	}
}

// TestCaughtUpAt: who has everything is caught up now, who lacks something since when he last had it, who never had it
// never.
func TestCaughtUpAt(t *testing.T) {
	c := conn{came: time.Now().Add(-time.Hour)}
	c.acked.Store(100)
	if at := c.caughtUp(100); !at.IsZero() {
		t.Errorf("never: %v", at)
	}
	c.caught.Store(int64(time.Minute))
	for end, now := range map[int64]bool{99: true, 100: true, 101: false} {
		if at := c.caughtUp(end); (time.Since(at) < 10*time.Minute) != now || !now && !at.Equal(c.came.Add(time.Minute)) {
			t.Errorf("log up to %d: %v", end, at)
		}
	}
}
