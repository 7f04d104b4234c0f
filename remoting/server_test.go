package remoting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"gorocket/compat/testutil"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

func TestCallAllModes(t *testing.T) {
	late := func(ctx *Context) {
		r, body := ctx.Later(), bytes.Clone(ctx.Req.Body)
		go func() { time.Sleep(5 * time.Millisecond); r.OK(body) }()
	}
	again := func(ctx *Context) {
		if ctx.OnLoop() {
			ctx.Offload()
			return
		}
		echo(ctx)
	}
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: echo}, Entry{Code: 2, Mode: Pooled, Handle: echo},
		Entry{Code: 3, Mode: Blocking, Handle: echo},
		Entry{Code: 4, Handle: late}, Entry{Code: 5, Handle: again}, Entry{Code: 200050, Handle: echo},
		Entry{Code: 6, Handle: func(*Context) { panic("boom") }})
	cl := startClient(t)
	big := strings.Repeat("x", 3<<20)
	for _, code := range []int32{1, 2, 3, 4, 5, 200050} {
		for _, body := range []string{"", "small", big} {
			resp, err := Call(context.Background(), cl, addr, code, wire.TopicRequest, &wire.TopicHeader{Topic: "T"},
				[]byte(body))
			if err != nil {
				t.Fatalf("code %d: %v", code, err)
			}
			if string(resp.Body) != body || (code != 4 && resp.GetString("topic") != "T") {
				t.Errorf("code %d: wrong echo", code)
			}
		}
	}
	_, err := Call(context.Background(), cl, addr, 7, wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
	var re *ResponseError
	if !errors.As(err, &re) || re.Code != wire.RequestCodeNotSupported || re.Remark != " request type 7 not supported" {
		t.Errorf("unknown code: %v", err)
	}
	if _, err = Call(context.Background(), cl, addr, 6, wire.TopicRequest, &wire.TopicHeader{}, nil); !errors.As(err,
		&re) || re.Code != wire.SystemError {
		t.Errorf("panic: %v", err)
	}
}

func TestServerCallsClientOnTheSameConnection(t *testing.T) {
	got := make(chan string, 2)
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: func(ctx *Context) {
		r, conn := ctx.Later(), ctx.Conn()
		_ = Notify(conn, 40, wire.TopicRequest, &wire.TopicHeader{Topic: "oneway"}, nil)
		Go(conn, time.Second, 41, wire.TopicRequest, &wire.TopicHeader{Topic: "asked"}, nil,
			func(c *wire.Command, err error) {
				if err != nil {
					r.Status(wire.SystemError, err.Error())
					return
				}
				r.OK(c.Body)
			})
	}})
	cl := startClient(t, Entry{Code: 40, Handle: func(ctx *Context) { got <- ctx.Req.GetString("topic") }},
		Entry{Code: 41, Handle: func(ctx *Context) { ctx.OK([]byte(ctx.Req.GetString("topic"))) }})
	resp, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil)
	if err != nil || string(resp.Body) != "asked" {
		t.Fatalf("%v %v", resp, err)
	}
	if topic := <-got; topic != "oneway" {
		t.Errorf("one-way carried %q", topic)
	}
}

func TestTimeoutAndClose(t *testing.T) {
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: func(*Context) {}},
		Entry{Code: 2, Handle: func(ctx *Context) { ctx.Conn().Close() }})
	cl := startClient(t)
	conn, err := cl.Conn(context.Background(), addr) // which may take longer on a busy machine
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := Invoke(ctx, conn, 1, wire.TopicRequest, &wire.TopicHeader{}, nil); !errors.Is(err, ErrTimeout) {
		t.Errorf("no answer: %v", err)
	}
	if _, err := Call(context.Background(), cl, addr, 2, wire.TopicRequest, &wire.TopicHeader{}, nil); !errors.Is(err,
		ErrConnClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestGarbageClosesOnlyItsConnection(t *testing.T) {
	var bad atomic.Int32
	addr := startServer(t, Options{Events: Events{BadFrame: func(*Conn, error) { bad.Add(1) }}},
		Entry{Code: 1, Handle: echo})
	cl := startClient(t)
	for _, garbage := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x02\x00\x00", "\x7f\xff\xff\xff\x00",
		"\x00\x00\x00\x08\x00\x00\x00\x04oops", "\xff\xff\xff\xff"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, garbage)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: connection stays open: %v", garbage, err)
		}
		c.Close()
		if _, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{Topic: "T"},
			nil); err != nil {
			t.Errorf("the others notice: %v", err)
		}
	}
	if bad.Load() != 5 {
		t.Errorf("%d bad frames reported, want 5", bad.Load())
	}
}

func TestFramesSplitAtEveryByteAnswerInTheirForm(t *testing.T) {
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: echo})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, form := range []wire.SerializeType{wire.SerializeJSON, wire.SerializeBinary} {
		w := wire.BeginHeader(nil, form, wire.Head{Code: 1, Opaque: 77})
		w.Field("topic", "split")
		for _, b := range append(w.Finish(2), "ab"...) {
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		var cmd wire.Command
		if err := wire.Decode(readFrame(t, c), &cmd); err != nil {
			t.Fatal(err)
		}
		if cmd.Serialize != form || cmd.Opaque != 77 || cmd.GetString("topic") != "split" ||
			string(cmd.Body) != "ab" || !cmd.IsResponse() {
			t.Errorf("form %d: %+v", form, cmd)
		}
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	closed := make(chan struct{}, 1)
	addr := startServer(t, Options{IdleTimeout: 80 * time.Millisecond,
		Events: Events{Closed: func(*Conn, error) { closed <- struct{}{} }}})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("still open")
	}
}

func TestPeerThatDoesNotReadIsClosed(t *testing.T) {
	over := make(chan int, 1)
	body := make([]byte, 1<<20)
	addr := startServer(t, Options{MaxOutbound: 4 << 20, Events: Events{Overflow: func(_ *Conn, n int) {
		select {
		case over <- n:
		default:
		}
	}}}, Entry{Code: 1, Mode: Pooled, Handle: func(ctx *Context) { ctx.OK(body) }})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		for range 200 {
			w := wire.BeginHeader(nil, wire.SerializeJSON, wire.Head{Code: 1})
			if _, err := c.Write(w.Finish(0)); err != nil {
				return
			}
		}
	}()
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Error("outbound memory is not bounded")
	}
}

func TestOverloadIsAnsweredBusy(t *testing.T) {
	block := make(chan struct{})
	addr := startServer(t, Options{Workers: 8, QueueCapacity: 1},
		Entry{Code: 1, Mode: Pooled, Handle: func(ctx *Context) { <-block; ctx.OK(nil) }})
	cl := startClient(t)
	conn, err := cl.Conn(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	var busy, ok atomic.Int32
	var wg sync.WaitGroup
	wg.Add(30)
	for range 30 {
		Go(conn, 10*time.Second, 1, wire.TopicRequest, &wire.TopicHeader{}, nil, func(c *wire.Command, err error) {
			defer wg.Done()
			if err == nil && c.Code == wire.SystemBusy && strings.HasPrefix(c.Remark, "[OVERLOAD]") {
				if busy.Add(1) == 1 {
					close(block)
				}
			} else if err == nil && c.Code == wire.Success {
				ok.Add(1)
			}
		})
	}
	wg.Wait()
	if busy.Load() == 0 || ok.Load() == 0 || busy.Load()+ok.Load() != 30 {
		t.Errorf("%d busy, %d ok of 30", busy.Load(), ok.Load())
	}
}

// TestWaitingRequests: who looks at the requests that wait sees those of both kinds of workers.
func TestWaitingRequests(t *testing.T) {
	block := make(chan struct{})
	wait := func(ctx *Context) { <-block; ctx.OK(nil) }
	s, addr := serving(t, Options{Workers: 1, QueueCapacity: 100}, Entry{Code: 1, Mode: Pooled, Handle: wait},
		Entry{Code: 2, Mode: Blocking, Handle: wait})
	conn, err := startClient(t).Conn(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Add(1)
		Go(conn, 10*time.Second, int32(1+i%2), wire.TopicRequest, &wire.TopicHeader{}, nil,
			func(*wire.Command, error) { wg.Done() })
	}
	testutil.WaitFor(t, "both kinds wait", func() bool {
		n := map[int32]int{}
		s.Waiting(func(code int32) { n[code]++ })
		return len(n) == 2 && n[1] > 0 && n[2] > 0
	})
	close(block)
	wg.Wait()
	s.Waiting(func(code int32) { t.Errorf("code %d waits yet", code) })
}

// TestBarrier: no answer leaves before its barrier is passed; when it cannot be, the connection is closed without the
// answers of that turn.
func TestBarrier(t *testing.T) {
	var passed atomic.Int64
	broken := errors.New("broken")
	addr := startServer(t, Options{Barrier: func(n int64) error {
		if n == 3 {
			return broken
		}
		passed.Store(n)
		return nil
	}}, Entry{Code: 1, Handle: func(ctx *Context) {
		if n := int64(ctx.Req.Body[0] - '0'); n > 0 {
			ctx.Barrier(n)
			ctx.Barrier(n - 1)
		}
		ctx.OK(nil)
	}})
	cl := startClient(t)
	send := func(body string) error {
		_, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{}, []byte(body))
		return err
	}
	for _, c := range []struct {
		body   string
		passed int64
		lost   bool
	}{{"0", 0, false}, {"2", 2, false}, {"0", 2, false}, {"3", 2, true}, {"0", 2, false}, {"4", 4, false}} {
		if err := send(c.body); (err != nil) != c.lost || passed.Load() != c.passed {
			t.Errorf("%s: %v, passed %d, want %d", c.body, err, passed.Load(), c.passed)
		}
	}
}

// TestWaitsTooLong: who waits for a worker longer than Overdue allows is answered with its cause; the others are
// served, in order.
func TestWaitsTooLong(t *testing.T) {
	const patient, impatient = 1, 2
	block, refused := make(chan struct{}), make(chan string, 10)
	var order []string // one worker at a time
	serve := func(ctx *Context) {
		<-block
		order = append(order, string(ctx.Req.Body))
		ctx.OK(nil)
	}
	addr := startServer(t, Options{Workers: 1, Events: Events{Refused: func(_ *Conn, _ int32,
		cause string) {
		refused <- cause
	}},
		Overdue: func(code int32, waited time.Duration) string {
			if code == impatient && waited >= 30*time.Millisecond {
				return "TIMEOUT_CLEAN_QUEUE"
			}
			return ""
		}}, Entry{Code: patient, Mode: Pooled, Handle: serve}, Entry{Code: impatient, Mode: Pooled, Handle: serve})
	conn, err := startClient(t).Conn(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]chan *wire.Command, 6)
	for i := range answers {
		code := int32(patient)
		if i == 2 || i == 4 {
			code = impatient
		}
		answer := make(chan *wire.Command, 1)
		answers[i] = answer
		Go(conn, 10*time.Second, code, wire.TopicRequest, &wire.TopicHeader{}, []byte{'0' + byte(i)},
			func(c *wire.Command, err error) {
				if err != nil {
					t.Error(err)
					c = &wire.Command{}
				}
				answer <- &wire.Command{Code: c.Code, Remark: strings.Clone(c.Remark)}
			})
	}
	for _, i := range []int{2, 4} {
		c := <-answers[i]
		if c.Code != wire.SystemBusy || !strings.HasPrefix(c.Remark,
			"[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: ") ||
			!strings.HasSuffix(c.Remark, "ms, size of queue: 3") {
			t.Errorf("request %d: %d %s", i, c.Code, c.Remark)
		}
		if cause := <-refused; cause != "TIMEOUT_CLEAN_QUEUE" {
			t.Errorf("refused for %s", cause)
		}
	}
	close(block)
	for _, i := range []int{0, 1, 3, 5} {
		if c := <-answers[i]; c.Code != wire.Success {
			t.Errorf("request %d: %d %s", i, c.Code, c.Remark)
		}
	}
	if got := strings.Join(order, ""); got != "0135" {
		t.Errorf("served in the order %s", got)
	}
}

func TestSendfileBodyIsWhole(t *testing.T) {
	content := make([]byte, 8<<20)
	for i := range content {
		content[i] = byte(i * 7)
	}
	f, err := os.CreateTemp(t.TempDir(), "seg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: func(ctx *Context) {
		h := wire.TopicHeader{Topic: "file"}
		Respond(&ctx.Replier, wire.Success, "", wire.TopicRequest, &h,
			Body{Parts: [][]byte{content[:1<<20], content[2<<20:]},
				Files: []transport.FileRange{{Fd: int(f.Fd()), Len: 1 << 20},
					{Fd: int(f.Fd()), Offset: 2 << 20, Len: 6 << 20}}})
	}})
	cl := startClient(t)
	want := append(bytes.Clone(content[:1<<20]), content[2<<20:]...)
	for range 5 {
		resp, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(resp.Body, want) || resp.GetString("topic") != "file" {
			t.Fatal("body differs from the file")
		}
	}
}

func TestSecondListenerOnOnePortIsAnError(t *testing.T) {
	addr := startServer(t, Options{})
	table, _ := NewTable()
	s, err := NewServer(table, Options{}, addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("want an error that names %s, got %v", addr, err)
	}
}

func TestFastPortSkipsMarkedEntries(t *testing.T) {
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	var n int
	fmt.Sscan(port, &n)
	table, _ := NewTable(Entry{Code: 1, NotFast: true, Handle: echo}, Entry{Code: 2, Handle: echo})
	s, err := NewServer(table, Options{FastPort: n}, addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(context.Background())
	cl := startClient(t)
	if _, err := Call(context.Background(), cl, addr, 2, wire.TopicRequest, &wire.TopicHeader{}, nil); err != nil {
		t.Error(err)
	}
	var re *ResponseError
	if _, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil); !errors.As(err,
		&re) || re.Code != wire.RequestCodeNotSupported {
		t.Errorf("pull on the fast port: %v", err)
	}
}

// TestLongRemark: a remark is cut, between two characters.
func TestLongRemark(t *testing.T) {
	for _, pad := range []string{"", "a", "ab", "abc"} {
		got := clip(pad + strings.Repeat("\U0001F680", maxRemark))
		if !utf8.ValidString(got) || len(got) > maxRemark+3 || len(got) < maxRemark-3 || !strings.HasSuffix(got, "...") {
			t.Errorf("%q: %d bytes, valid: %v", pad, len(got), utf8.ValidString(got))
		}
	}
	if text := strings.Repeat("x", maxRemark); clip(text) != text {
		t.Error("one that fits is cut")
	}
}
