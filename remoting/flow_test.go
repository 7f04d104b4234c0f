package remoting

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestUnreadAnswersAreBounded: who does not read is not served any more, and gets every answer when it reads.
func TestUnreadAnswersAreBounded(t *testing.T) {
	const requests, size = 300, 1 << 20
	body := make([]byte, size)
	var served atomic.Int32
	s, addr := serving(t, Options{}, Entry{Code: 1, Handle: func(ctx *Context) { served.Add(1); ctx.OK(body) }})
	c := dialRaw(t, addr)
	for range requests {
		if _, err := c.Write(requestFrame(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	testutil.WaitFor(t, "reading stops", func() bool { f := s.Figures(); return f.Paused > 0 && f.Outbound > 1<<20 })
	if n := s.Figures().Outbound; n > 2*(1<<20)+size {
		t.Errorf("%d bytes wait", n)
	}
	if n := served.Load(); n == requests {
		t.Errorf("all %d requests were served to somebody who does not read", n)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	for i := range requests {
		if b := readFrame(t, c); len(b) < size {
			t.Fatalf("answer %d of %d bytes", i, len(b))
		}
	}
	testutil.WaitFor(t, "nothing waits", func() bool { f := s.Figures(); return f.Outbound == 0 && f.Inbound == 0 })
	answered(t, c, 1)
}

// TestUnfinishedFramesAreBounded: many large frames that are never finished stay within the budget, and do not keep
// an honest one out.
func TestUnfinishedFramesAreBounded(t *testing.T) {
	const limit, each, conns = 24 << 20, 4 << 20, 60
	s, addr := serving(t, Options{MaxWaiting: limit}, Entry{Code: 1, Handle: echo})
	for range conns {
		c := dialRaw(t, addr)
		frame := requestFrame(1, each)
		go func() { _, _ = c.Write(frame[:len(frame)-1]) }()
	}
	testutil.WaitFor(t, "the budget is used", func() bool { return s.Figures().Paused > 0 })
	done := make(chan struct{})
	var most atomic.Int64
	go func() {
		for ; ; time.Sleep(time.Millisecond) {
			most.Store(max(most.Load(), s.Figures().Inbound))
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	for range 3 {
		c := dialRaw(t, addr)
		_ = c.SetDeadline(time.Now().Add(15 * time.Second))
		go func() { _, _ = c.Write(requestFrame(1, each)) }()
		readFrame(t, c)
		_ = c.Close()
	}
	close(done)
	if n, may := most.Load(), int64(limit+conns*readBuffer); n > may {
		t.Errorf("%d bytes of frames waited, may be %d", n, may)
	}
	if s.Figures().ClosedSlow == 0 {
		t.Error("none of those who do not go on was closed")
	}
}

func TestFrameTimeout(t *testing.T) {
	bad := make(chan error, 1)
	s, addr := serving(t, Options{FrameTimeout: 200 * time.Millisecond,
		Events: Events{BadFrame: func(_ *Conn, err error) { bad <- err }}}, Entry{Code: 1, Handle: echo})
	good, c := dialRaw(t, addr), dialRaw(t, addr)
	answered(t, good, 1)
	answered(t, c, 1)
	frame := requestFrame(1, 100)
	if _, err := c.Write(frame[:50]); err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an unfinished frame: %v", err)
	}
	var fe *wire.FrameError
	if err := <-bad; !errors.As(err, &fe) || s.Figures().ClosedUnfinished != 1 {
		t.Errorf("told %v, %+v", err, s.Figures())
	}
	answered(t, good, 1)
}

func TestHeaderLimits(t *testing.T) {
	bad := make(chan error, 4)
	_, addr := serving(t, Options{Events: Events{BadFrame: func(_ *Conn, err error) { bad <- err }}},
		Entry{Code: 1, Handle: echo})
	long := make([]byte, wire.MaxHeader)
	fields := func(n int) []byte {
		w := wire.BeginHeader(nil, wire.SerializeBinary, wire.Head{Code: 1, Opaque: 7})
		for range n {
			w.Field("k", "v")
		}
		return w.Finish(0)
	}
	tooLong := wire.BeginHeader(nil, wire.SerializeJSON, wire.Head{Code: 1, Opaque: 7})
	tooLong.Field("topic", string(long))
	for what, frame := range map[string][]byte{"long": tooLong.Finish(0), "fields": fields(wire.MaxFields + 1),
		"many": fields(100_000)} {
		c := dialRaw(t, addr)
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write(frame); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %d %v", what, n, err)
		}
		t.Log(what, <-bad)
	}
	c := dialRaw(t, addr)
	if _, err := c.Write(fields(wire.MaxFields)); err != nil {
		t.Fatal(err)
	}
	readFrame(t, c)
}

// TestFieldsBeyondTheLimitTakeNoMemory: fields beyond the limit take no memory.
func TestFieldsBeyondTheLimitTakeNoMemory(t *testing.T) {
	w := wire.BeginHeader(nil, wire.SerializeJSON, wire.Head{Code: 1, Opaque: 7})
	for range 100_000 {
		w.Field("k", "v")
	}
	var cmd wire.Command
	if err := wire.Decode(w.Finish(0), &cmd); err == nil {
		t.Error("no error")
	}
	if n := cap(cmd.Fields); n > 2*wire.MaxFields {
		t.Errorf("room for %d fields", n)
	}
}

// TestTurnBudget: one connection with much work in one read does not keep the others waiting.
func TestTurnBudget(t *testing.T) {
	for _, size := range []int{0, 8 << 10} { // the clock is looked at by requests and by bytes
		t.Run(fmt.Sprint(size), func(t *testing.T) { turnBudget(t, size) })
	}
}

// turnBudget counts how many requests of a greedy peer are served while another one waits for an answer: not all, and
// not most. How many a turn has at most, which a busy machine would blur here, is transport's TestTurnEnds.
func turnBudget(t *testing.T, size int) {
	busy := func(*Context) {
		for end := time.Now().Add(500 * time.Microsecond); time.Now().Before(end); {
		}
	}
	var done atomic.Int32
	s, addr := serving(t, Options{EventLoops: 1}, Entry{Code: 1, Handle: echo},
		Entry{Code: 2, Handle: func(ctx *Context) { busy(ctx); done.Add(1) }})
	victim, greedy := dialRaw(t, addr), dialRaw(t, addr)
	answered(t, victim, 1)
	const work = 2000 // a second
	var all []byte
	for range work {
		all = append(all, requestFrame(2, size)...)
	}
	sent := make(chan error, 1)
	go func() { _, err := greedy.Write(all); sent <- err }()
	testutil.WaitFor(t, "it begins", func() bool { return done.Load() > 0 })
	var first []int32
	for done.Load() < work/2 {
		before := done.Load()
		answered(t, victim, 1)
		first = append(first, done.Load()-before)
	}
	slices.Sort(first)
	if n := first[len(first)/4]; n > map[int]int32{0: 300, 8 << 10: 100}[size] {
		t.Errorf("%d requests of the other connection came first: %v", n, first)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	testutil.WaitFor(t, "all is done", func() bool { return done.Load() == work })
	testutil.WaitFor(t, "nothing waits", func() bool { return s.Figures().Inbound == 0 })
	answered(t, greedy, 1)
}

// TestCutFrameBehindWholeOnes: what is cut off behind whole frames, be it a part of the length word, is kept.
func TestCutFrameBehindWholeOnes(t *testing.T) {
	s, addr := serving(t, Options{}, Entry{Code: 1, Handle: echo})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	frame := requestFrame(1, 20)
	for whole := 1; whole <= 3; whole++ {
		for cut := 1; cut < len(frame); cut++ {
			var b []byte
			for range whole {
				b = append(b, frame...)
			}
			if _, err := c.Write(append(b, frame[:cut]...)); err != nil {
				t.Fatal(err)
			}
			for range whole {
				readFrame(t, c) // so the server has seen the cut one
			}
			testutil.WaitFor(t, "the head is kept", func() bool { return s.Figures().Inbound > 0 })
			if _, err := c.Write(frame[cut:]); err != nil {
				t.Fatal(err)
			}
			readFrame(t, c)
			testutil.WaitFor(t, "nothing waits", func() bool { return s.Figures().Inbound == 0 })
		}
	}
}

// TestPoolsCountNothingInTheEnd: what was refused for any reason does not stay counted.
func TestPoolsCountNothingInTheEnd(t *testing.T) {
	block := make(chan struct{})
	overdue := func(code int32, waited time.Duration) string {
		if code == 2 && waited > 20*time.Millisecond {
			return "TIMEOUT_CLEAN_QUEUE"
		}
		return ""
	}
	wait := func(ctx *Context) { <-block; ctx.OK(nil) }
	s, addr := serving(t, Options{Workers: 1, QueueCapacity: 4, QueueBytes: 64 << 10, Overdue: overdue},
		Entry{Code: 1, Mode: Pooled, Handle: wait}, Entry{Code: 2, Mode: Blocking, Handle: wait})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	const each = 20
	for range each {
		for _, frame := range [][]byte{requestFrame(1, 100), requestFrame(1, 63<<10), requestFrame(1, 65<<10),
			requestFrame(2, 100), requestFrame(2, 30<<10)} {
			if _, err := c.Write(frame); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 5*each - 20 { // refused at once or after 20 ms
		readFrame(t, c)
	}
	close(block)
	for range 20 {
		readFrame(t, c)
	}
	testutil.WaitFor(t, "nothing is counted", func() bool {
		return s.Figures().Queued == 0 && s.engine.pooled.bytes.Load() == 0 && s.engine.blocking.bytes.Load() == 0
	})
}

// TestPooledRequestsStayInTheBudget: requests that wait for a worker are refused when the budget is used, not only
// when their queue is full.
func TestPooledRequestsStayInTheBudget(t *testing.T) {
	block := make(chan struct{})
	s, addr := serving(t, Options{Workers: 1, MaxWaiting: 2 << 20},
		Entry{Code: 1, Mode: Pooled, Handle: func(ctx *Context) { <-block; ctx.OK(nil) }})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		for range 200 {
			_, _ = c.Write(requestFrame(1, 60<<10))
		}
	}()
	var cmd wire.Command
	if err := wire.Decode(readFrame(t, c), &cmd); err != nil || cmd.Code != wire.SystemBusy {
		t.Errorf("answered %d %s, %v", cmd.Code, cmd.Remark, err)
	}
	if n := s.Figures().Queued; n > 2<<20 {
		t.Errorf("%d bytes wait for a worker", n)
	}
	close(block)
	for range 199 {
		readFrame(t, c)
	}
	testutil.WaitFor(t, "nothing is counted", func() bool { return s.Figures().Queued == 0 })
}

// TestRandomStream: small and large frames, cut anywhere, come out whole and in order, also when there is room for
// few large ones only.
func TestRandomStream(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	s, addr := serving(t, Options{MaxWaiting: 2 << 20, EventLoops: 1}, Entry{Code: 1, Handle: echo})
	var wg sync.WaitGroup
	for range 4 {
		c := dialRaw(t, addr)
		_ = c.SetDeadline(time.Now().Add(60 * time.Second))
		var stream []byte
		var sums []uint32
		for range 60 {
			n := rnd.IntN(400)
			if rnd.IntN(3) == 0 {
				n = rnd.IntN(600 << 10)
			}
			frame := requestFrame(1, n)
			body := frame[len(frame)-n:]
			for i := range body {
				body[i] = byte(rnd.Uint32())
			}
			sums = append(sums, crc32.ChecksumIEEE(body))
			stream = append(stream, frame...)
		}
		var cuts []int
		for at := 0; at < len(stream); at += cuts[len(cuts)-1] {
			cuts = append(cuts, min(1+rnd.IntN(1<<rnd.IntN(20)), len(stream)-at))
		}
		wg.Go(func() {
			for _, n := range cuts {
				if _, err := c.Write(stream[:n]); err != nil {
					t.Error(err)
					return
				}
				stream = stream[n:]
			}
		})
		wg.Go(func() {
			for i, want := range sums {
				var cmd wire.Command
				if err := wire.Decode(readFrame(t, c), &cmd); err != nil || crc32.ChecksumIEEE(cmd.Body) != want {
					t.Errorf("answer %d of %d bytes: %v", i, len(cmd.Body), err)
					return
				}
			}
		})
	}
	wg.Wait()
	testutil.WaitFor(t, "nothing waits", func() bool { f := s.Figures(); return f.Inbound == 0 && f.Outbound == 0 })
}
