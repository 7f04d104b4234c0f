package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/metrics"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// rig is one broker in this process and a client of it.
type rig struct {
	t    *testing.T
	b    *Broker
	cl   *remoting.Client
	addr string
	dir  string
	conn net.Conn // of ask; nil before the first
}

func testConfig(t *testing.T, dir string) config.Config {
	c := config.Default()
	c.StorePathRootDir, c.BrokerName, c.BrokerIP1, c.BindAddress = dir, "broker-a", "127.0.0.1", "127.0.0.1"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 16<<20, 60000, 1000, 4000
	c.MessageDelayLevel = "1s 1s 1s 1s 1s"
	c.MetricsExporterType = metrics.Off
	c.ListenPort = freePort(t) + 2
	return c
}

// freePort returns a port such that it and those two and three above are free: the fast port, listenPort, haListenPort.
func freePort(t *testing.T) int { return testutil.FreePort(t, 2, 3) }

func startRig(t *testing.T, cfg config.Config) *rig {
	t.Helper()
	return startOn(t, cfg, Options{})
}

// startOn starts a broker on another file system, or by another clock.
func startOn(t *testing.T, cfg config.Config, o Options) *rig {
	t.Helper()
	b, err := NewWith(cfg, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel), o)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, b, cfg)
}

// run starts a broker that was made with cfg and gives it a client.
func run(t *testing.T, b *Broker, cfg config.Config) *rig {
	t.Helper()
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, b: b, addr: cfg.Addr(), dir: cfg.StorePathRootDir}
	r.cl = remotingtest.Client(t)
	t.Cleanup(r.stop)
	return r
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
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		BornTimestamp: time.Now().UnixMilli(), Properties: []byte(props), MaxReconsumeTimes: -1}
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
func (r *rig) pull(group, topic string, offset int64, expr string, suspend int64) (int32,
	wire.PullMessageResponseHeader, []string) {
	r.t.Helper()
	h := wire.PullMessageRequestHeader{ConsumerGroup: group, Topic: topic, QueueOffset: offset, MaxMsgNums: 32,
		SysFlag: wire.PullFlagSubscription, Subscription: expr, ExpressionType: "TAG", SuspendTimeoutMillis: suspend}
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
	flag   int32
	opaque int32
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
	head, err := json.Marshal(map[string]any{"code": code, "flag": flag, "language": "JAVA", "opaque": 7,
		"version":                 version,
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
	for {
		if a := nextFrame(r.t, conn); a.flag&1 != 0 { // else a request of the broker's
			return a
		}
	}
}

// nextFrame reads one frame: an answer, or a request of the broker's.
func nextFrame(t testing.TB, conn net.Conn) answer {
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
		Flag      int32
		Opaque    int32
		Remark    string
		ExtFields map[string]string
	}
	if err := json.Unmarshal(rest[4:4+n], &head); err != nil {
		t.Fatalf("%v: %s", err, rest[4:4+n])
	}
	return answer{head.Code, head.Flag, head.Opaque, head.Remark, head.ExtFields, string(rest[4+n:])}
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

// ask sends a request and decodes the JSON answer into out; it returns "code remark" of an error answer.
func ask[T any](r *rig, code int32, ht *wire.HeaderType[T], h *T, data string, out any) string {
	r.t.Helper()
	resp, err := call(r, code, ht, h, []byte(data))
	if re, ok := err.(*remoting.ResponseError); ok {
		return fmt.Sprintf("%d %s", re.Code, re.Remark)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if out != nil {
		if err := compat.Unmarshal(resp.Body, out); err != nil {
			r.t.Fatalf("request %d: %v in %s", code, err, resp.Body)
		}
	}
	return ""
}

func (r *rig) commit(group, topic string, queue int32, offset int64) {
	r.t.Helper()
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: queue, CommitOffset: offset}
	if _, err := call(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, nil); err != nil {
		r.t.Fatal(err)
	}
}

// join makes the rig's client a member of a group.
func (r *rig) join(group, topic string) {
	r.t.Helper()
	beat := fmt.Sprintf(`{"clientID":"me@1","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":%q,"messageModel":"CLUSTERING","subscriptionDataSet":[{"subString":"*","subVersion":1,"topic":%q,"tagsSet":[],"codeSet":[]}]}],"producerDataSet":[]}`, group, topic)
	if _, err := call(r, wire.ReqHeartBeat, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader),
		[]byte(beat)); err != nil {
		r.t.Fatal(err)
	}
}

// waitFor is testutil.WaitFor by its old name, for tests that are on their way.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	testutil.WaitFor(t, what, ok)
}

// half sends a half message and returns its answer and commit log offset.
func (r *rig) half(group, topic, body string, props ...string) (*wire.SendMessageResponseHeader, int64) {
	r.t.Helper()
	text := "TRAN_MSG\x01true\x02PGROUP\x01" + group + "\x02UNIQ_KEY\x01U" + body + "\x02TAGS\x01tag\x02"
	for _, p := range props {
		text += p + "\x02"
	}
	resp := r.send(topic, text, body)
	_, offset, err := record.ParseMessageID(string(resp.MsgID))
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, offset
}

// end sends END_TRANSACTION and returns code and remark.
func (r *rig) end(h wire.EndTransactionRequestHeader) (int32, string) {
	r.t.Helper()
	h.MsgID = []byte("m")
	_, err := call(r, wire.ReqEndTransaction, wire.EndTransactionRequest, &h, nil)
	return refused(r.t, err)
}

// bodies returns the messages of queue 0 of a topic.
func (r *rig) bodies(topic string) []string {
	r.t.Helper()
	var all []string
	for {
		code, _, some := r.pull("reader", topic, int64(len(all)), "*", 0)
		if code != 0 || len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

// record returns the message at a place of a queue.
func (r *rig) record(topic string, queue int32, offset int64) record.View {
	r.t.Helper()
	phy, _, _, ok := r.b.store.OffsetInQueue(topic, queue, offset)
	if !ok {
		r.t.Fatalf("%s %d has no message %d", topic, queue, offset)
	}
	rec, err := r.b.store.ReadRecord(phy, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := record.Decode(rec)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func propMap(text []byte) map[string]string {
	m := map[string]string{}
	for {
		n, v, rest, ok := record.NextProperty(text)
		if !ok {
			return m
		}
		m[string(n)], text = string(v), rest
	}
}

// await pulls queue 0 of a topic until n messages are there and returns them with the time each came.
func (r *rig) await(topic string, n int) (bodies []string, came []time.Time) {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(bodies) < n; {
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: %d of %d messages: %v", topic, len(bodies), n, bodies)
		}
		_, _, got := r.pull("g", topic, int64(len(bodies)), "*", 1000)
		for _, b := range got {
			bodies, came = append(bodies, b), append(came, time.Now())
		}
	}
	return bodies, came
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// resized corrects both lengths of a frame whose header was edited.
func resized(frame []byte) []byte {
	at := bytes.Index(frame, []byte("}}")) + 2
	if i := bytes.Index(frame, []byte(`"version":`)); i > at {
		at = i + bytes.IndexByte(frame[i:], '}') + 1
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	binary.BigEndian.PutUint32(frame[4:], uint32(at-8))
	return frame
}
