package broker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !settles(func() bool { return !strings.Contains(otherStacks(), "gorocket/") }) {
		fmt.Fprintln(os.Stderr, "goroutines left over:\n"+otherStacks())
		code = 1
	}
	os.Exit(code)
}

// otherStacks prints all goroutines but the calling one.
func otherStacks() string {
	buf := make([]byte, 1<<20)
	_, others, _ := strings.Cut(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return others
}

// settles waits up to four seconds.
func settles(ok func() bool) bool {
	for range 200 {
		if ok() {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// rig is one broker in this process and a client of it.
type rig struct {
	t    *testing.T
	b    *Broker
	cl   *remoting.Client
	addr string
	dir  string
	conn net.Conn // of ask; nil before the first
}

func testConfig(t *testing.T, dir string) Config {
	c := DefaultConfig()
	c.StorePathRootDir, c.BrokerName, c.BrokerIP1, c.BindAddress = dir, "broker-a", "127.0.0.1", "127.0.0.1"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 16<<20, 60000, 1000, 4000
	c.MessageDelayLevel = "1s 1s 1s 1s 1s"
	c.MetricsExporterType = metricsOff
	c.ListenPort = freePort(t) + 2
	return c
}

// freePort returns a port such that it and the one two above are free.
func freePort(t *testing.T) int {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l2, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+2))
		l.Close()
		if err == nil {
			l2.Close()
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

func startRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	return startOn(t, cfg, Options{})
}

// startOn starts a broker on another file system, or by another clock.
func startOn(t *testing.T, cfg Config, o Options) *rig {
	t.Helper()
	b, err := NewWith(cfg, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, b: b, addr: cfg.Addr(), dir: cfg.StorePathRootDir}
	r.cl = newTestClient(t)
	t.Cleanup(r.stop)
	return r
}

func newTestClient(t *testing.T, entries ...remoting.Entry) *remoting.Client {
	t.Helper()
	table, err := remoting.NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := remoting.NewClient(table, remoting.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Stop() })
	return cl
}

func (r *rig) stop() {
	if err := r.b.Stop(context.Background()); err != nil {
		r.t.Error(err)
	}
}

func call[T any](r *rig, code int32, h *wire.HeaderType[T], v *T, body []byte) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return remoting.Call(ctx, r.cl, r.addr, code, h, v, body)
}

func (r *rig) send(topic, props, body string) *wire.SendMessageResponseHeader {
	r.t.Helper()
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4, BornTimestamp: time.Now().UnixMilli(), Properties: []byte(props), MaxReconsumeTimes: -1}
	resp, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, []byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	var out wire.SendMessageResponseHeader
	if err := wire.SendMessageResponse.Decode(resp, nil, &out); err != nil {
		r.t.Fatal(err)
	}
	return &out
}

// pull returns the response code, the header and the bodies of the messages.
func (r *rig) pull(group, topic string, offset int64, expr string, suspend int64) (int32, wire.PullMessageResponseHeader, []string) {
	r.t.Helper()
	h := wire.PullMessageRequestHeader{ConsumerGroup: group, Topic: topic, QueueOffset: offset, MaxMsgNums: 32, SysFlag: wire.PullFlagSubscription, Subscription: expr, ExpressionType: "TAG", SuspendTimeoutMillis: suspend}
	if suspend > 0 {
		h.SysFlag |= wire.PullFlagSuspend
	}
	resp, err := call(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	var re *remoting.ResponseError
	if errors.As(err, &re) {
		return re.Code, wire.PullMessageResponseHeader{}, nil
	}
	if err != nil {
		r.t.Fatal(err)
	}
	var out wire.PullMessageResponseHeader
	if err := wire.PullMessageResponse.Decode(resp, nil, &out); err != nil {
		r.t.Fatal(err)
	}
	var bodies []string
	for rest := resp.Body; len(rest) > 0; {
		m, err := record.Decode(rest)
		if err != nil {
			r.t.Fatal(err)
		}
		if !m.BodyCRCOK() {
			r.t.Errorf("CRC of queue offset %d", m.QueueOffset)
		}
		bodies = append(bodies, string(m.Body))
		rest = rest[m.Size:]
	}
	return resp.Code, out, bodies
}

// answer is what a raw frame says.
type answer struct {
	code   int32
	remark string
	ext    map[string]string
	body   string
}

// ask sends a raw JSON frame, as a 5.5.0 client in Java does, and waits for the answer. fields are a=b&c=d, escaped as
// in a URL.
func (r *rig) ask(code int32, fields, body string) answer {
	r.t.Helper()
	if r.conn == nil {
		r.conn = r.dial()
	}
	return r.askOn(r.conn, code, compat.VersionV5_5_0, fields, body)
}

// dial opens a connection for raw frames.
func (r *rig) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	return conn
}

// frame is a request as bytes.
func (r *rig) frame(code, flag int32, version int, fields, body string) []byte {
	r.t.Helper()
	values, err := url.ParseQuery(fields)
	if err != nil {
		r.t.Fatal(err)
	}
	ext := map[string]string{}
	for k := range values {
		ext[k] = values.Get(k)
	}
	head, err := json.Marshal(map[string]any{"code": code, "flag": flag, "language": "JAVA", "opaque": 7, "version": version,
		"serializeTypeCurrentRPC": "JSON", "extFields": ext})
	if err != nil {
		r.t.Fatal(err)
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(head)+len(body)))
	frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(head))), head...)
	return append(frame, body...)
}

// askOn is ask on a connection of the caller's, as a client of a version.
func (r *rig) askOn(conn net.Conn, code int32, version int, fields, body string) answer {
	r.t.Helper()
	if _, err := conn.Write(r.frame(code, 0, version, fields, body)); err != nil {
		r.t.Fatal(err)
	}
	return readAnswer(r.t, conn)
}

// readAnswer reads one frame; a request of the broker's looks the same.
func readAnswer(t testing.TB, conn net.Conn) answer {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(conn, rest); err != nil {
		t.Fatal(err)
	}
	n := binary.BigEndian.Uint32(rest) & 0xffffff
	var head struct {
		Code      int32
		Remark    string
		ExtFields map[string]string
	}
	if err := json.Unmarshal(rest[4:4+n], &head); err != nil {
		t.Fatalf("%v: %s", err, rest[4:4+n])
	}
	return answer{head.Code, head.Remark, head.ExtFields, string(rest[4+n:])}
}

// is checks code and the beginning of the remark.
func (a answer) is(t testing.TB, code int32, remark string) answer {
	t.Helper()
	if a.code != code || !strings.HasPrefix(a.remark, remark) {
		t.Errorf("answer %d %q, want %d %q", a.code, a.remark, code, remark)
	}
	return a
}

// same checks the body.
func (a answer) same(t testing.TB, body string) answer {
	t.Helper()
	if a.body != body {
		t.Errorf("body %s\nwant %s", a.body, body)
	}
	return a
}

// has checks that the body contains texts.
func (a answer) has(t testing.TB, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("body %s\ndoes not contain %s", a.body, text)
		}
	}
	return a
}
