package broker

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// popFields are the fields of a pop of all queues; change has others, as a=b.
func popFields(topic, group string, change ...string) string {
	fields := url.Values{"consumerGroup": {group}, "topic": {topic}, "queueId": {"-1"}, "maxMsgNums": {"32"},
		"invisibleTime": {"60000"}, "pollTime": {"0"}, "bornTime": {itoa(time.Now().UnixMilli())}, "initMode": {"0"}}
	for _, c := range change {
		name, value, _ := strings.Cut(c, "=")
		fields.Set(name, value)
	}
	return fields.Encode()
}

// popped are the bodies in an answer to a pop, with the handles that Java's client makes of it.
func (a answer) popped(t testing.TB) (bodies []string, handles map[string]string) {
	t.Helper()
	handles = map[string]string{}
	starts := map[string]string{}
	for _, e := range strings.Split(a.ext["startOffsetInfo"], ";") {
		if f := strings.Split(e, " "); len(f) == 3 {
			starts[f[0]+" "+f[1]] = f[2]
		}
	}
	for rest := []byte(a.body); len(rest) > 0; {
		m, err := record.Decode(rest)
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[m.Size:]
		ck, _ := m.Property(protocol.PropPopCheckPoint)
		handle := string(ck)
		if handle == "" {
			queue := strconv.Itoa(int(m.QueueID))
			handle = strings.Join([]string{starts["0 "+queue], a.ext["popTime"], a.ext["invisibleTime"], a.ext["reviveQid"],
				"0", "broker-a", queue, itoa(m.QueueOffset)}, " ")
		}
		bodies, handles[string(m.Body)] = append(bodies, string(m.Body)), handle
	}
	slices.Sort(bodies)
	return bodies, handles
}

// ackFields acknowledges by a handle.
func ackFields(topic, group, handle string) string {
	f := strings.Split(handle, " ")
	switch f[4] {
	case "1":
		topic = "%RETRY%" + group + "_" + topic
	case "2":
		topic = "%RETRY%" + group + "+" + topic
	}
	return "consumerGroup=" + group + "&topic=" + url.QueryEscape(topic) + "&queueId=" + f[6] + "&offset=" + f[7] +
		"&extraInfo=" + url.QueryEscape(handle)
}

// A pop over the wire, acknowledged one by one and in a batch.
func TestPopMessage(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for _, body := range []string{"a", "b", "c"} {
		r.send("T", "", body)
	}
	a := r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "FOUND")
	bodies, handles := a.popped(t)
	if got := strings.Join(bodies, " "); got != "a b c" {
		t.Fatalf("popped %s", got)
	}
	for _, name := range []string{"popTime", "invisibleTime", "reviveQid", "restNum", "startOffsetInfo", "msgOffsetInfo"} {
		if a.ext[name] == "" {
			t.Errorf("no %s in %v", name, a.ext)
		}
	}
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.PollingTimeout, "NO_MESSAGE_IN_QUEUE")
	for _, body := range bodies {
		r.ask(wire.ReqAckMessage, ackFields("T", "g", handles[body]), "").is(t, wire.Success, "")
	}
	total := int64(0)
	for _, off := range r.b.offsets.CommittedOf("g", "T") {
		total += off
	}
	if total != 3 {
		t.Errorf("committed offsets %v", r.b.offsets.CommittedOf("g", "T"))
	}
}

// What is not acknowledged comes again after its time, from the timers, through the revive topic.
func TestPopComesAgain(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	r.send("T", "", "b")
	_, handles := r.ask(wire.ReqPopMessage, popFields("T", "g", "invisibleTime=2000"), "").popped(t)
	r.ask(wire.ReqAckMessage, ackFields("T", "g", handles["b"]), "").is(t, wire.Success, "")
	var bodies []string
	waitFor(t, "the message comes again", func() bool {
		a := r.ask(wire.ReqPopMessage, popFields("T", "g"), "")
		if a.code == wire.PollingTimeout {
			time.Sleep(100 * time.Millisecond)
			return false
		}
		bodies, handles = a.popped(t)
		return true
	})
	if len(bodies) != 1 || bodies[0] != "a" {
		t.Fatalf("came again: %v", bodies)
	}
	r.ask(wire.ReqAckMessage, ackFields("T", "g", handles["a"]), "").is(t, wire.Success, "")
	if got := r.b.offsets.Query("g", "%RETRY%g_T", 0); got != 1 {
		t.Errorf("committed offset of the retry topic is %d", got)
	}
}

// A pop waits for a message that it wants, and is answered when its time is over.
func TestPopWaits(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "")
	conn := r.dial()
	wait := popFields("T", "g", "pollTime=10000", "exp=yes", "expType=TAG")
	if _, err := conn.Write(r.frame(wire.ReqPopMessage, 0, compat.VersionV5_5_0, wait, "")); err != nil {
		t.Fatal(err)
	}
	info := func() string {
		return r.ask(wire.ReqPollingInfo, "consumerGroup=g&topic=T&queueId=-1", "").is(t, wire.Success, "").ext["pollingNum"]
	}
	waitFor(t, "the pop waits", func() bool { return info() == "1" })
	r.send("T", "TAGS\x01no\x02", "unwanted")
	time.Sleep(50 * time.Millisecond)
	if info() != "1" {
		t.Error("woken by a message that it does not want")
	}
	r.send("T", "TAGS\x01yes\x02", "wanted")
	a := nextFrame(t, conn).is(t, wire.Success, "FOUND")
	if bodies, _ := a.popped(t); len(bodies) != 1 || bodies[0] != "wanted" {
		t.Errorf("popped %v", bodies)
	}
	began := time.Now()
	r.askOn(conn, wire.ReqPopMessage, compat.VersionV5_5_0, popFields("T", "g", "pollTime=300"), "").
		is(t, wire.PollingTimeout, "NO_MESSAGE_IN_QUEUE")
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

// NOTIFICATION tells at once, or when a message comes.
func TestNotification(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	fields := fmt.Sprintf("consumerGroup=g&topic=T&queueId=-1&bornTime=%d", time.Now().UnixMilli())
	if a := r.ask(wire.ReqNotification, fields+"&pollTime=0", "").is(t, wire.Success, ""); a.ext["hasMsg"] != "true" {
		t.Errorf("%v", a.ext)
	}
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "")
	if a := r.ask(wire.ReqNotification, fields+"&pollTime=100", "").is(t, wire.Success, ""); a.ext["hasMsg"] != "false" {
		t.Errorf("%v", a.ext)
	}
	conn := r.dial()
	fields = fmt.Sprintf("consumerGroup=g&topic=T&queueId=-1&pollTime=9000&bornTime=%d", time.Now().UnixMilli())
	if _, err := conn.Write(r.frame(wire.ReqNotification, 0, compat.VersionV5_5_0, fields, "")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it waits", func() bool { _, n, _ := r.b.pops.Sizes(); return n == 1 })
	r.send("T", "", "b")
	if a := nextFrame(t, conn).is(t, wire.Success, ""); a.ext["hasMsg"] != "true" {
		t.Errorf("%v", a.ext)
	}
}

// PEEK shows messages and changes nothing.
func TestPeekMessage(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	for range 2 {
		a := r.ask(wire.ReqPeekMessage, "consumerGroup=g&topic=T&queueId=-1&maxMsgNums=32", "").is(t, wire.Success, "FOUND")
		if bodies, _ := a.popped(t); len(bodies) != 1 {
			t.Errorf("shown %v", bodies)
		}
	}
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "")
	r.ask(wire.ReqPeekMessage, "consumerGroup=g&topic=T&queueId=-1&maxMsgNums=32", "").is(t, wire.PullNotFound, "NO_MESSAGE_IN_QUEUE")
}

// A changed time over the wire: the message comes at its new time.
func TestChangeInvisibleTime(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	_, handles := r.ask(wire.ReqPopMessage, popFields("T", "g"), "").popped(t)
	a := r.ask(wire.ReqChangeMessageInvisibletime, ackFields("T", "g", handles["a"])+"&invisibleTime=1000", "").is(t, wire.Success, "")
	if a.ext["popTime"] == "0" || a.ext["invisibleTime"] != "1000" || a.ext["reviveQid"] == "" {
		t.Errorf("%v", a.ext)
	}
	waitFor(t, "the message comes again", func() bool {
		time.Sleep(100 * time.Millisecond)
		return r.ask(wire.ReqPopMessage, popFields("T", "g"), "").code == wire.Success
	})
}

// Answers to what cannot be, over the wire; the services' own tests have the others.
func TestPopRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	r.ask(wire.ReqPopMessage, popFields("T", "g", "maxMsgNums=33"), "").is(t, wire.InvalidParameter, "the broker[127.0.0.1] pop message's num")
	r.ask(wire.ReqPopMessage, popFields("U", "g"), "").is(t, wire.TopicNotExist, "topic[U] not exist")
	r.ask(wire.ReqPopMessage, "consumerGroup=g&queueId=-1", "").is(t, wire.SystemError, "java.lang.NullPointerException")
	r.ask(wire.ReqPopMessage, popFields("T", "g", "bornTime=1000"), "").is(t, wire.PollingTimeout, "the broker[127.0.0.1] pop message is timeout")
	r.ask(wire.ReqAckMessage, "consumerGroup=g&topic=T&queueId=0&offset=0", "").is(t, wire.SystemError, "java.lang.IllegalArgumentException")
	r.ask(wire.ReqAckMessage, "consumerGroup=g&topic=T&queueId=0&offset=0&extraInfo=x&liteTopic=l", "").is(t, wire.InvalidParameter, "group type or bind topic not match.")
	r.ask(wire.ReqAckMessage, "consumerGroup=g&topic=T&offset=0", "").is(t, wire.SystemError, "java.lang.NullPointerException")
	r.ask(wire.ReqBatchAckMessage, "", "").is(t, wire.NoMessage, "")
	r.ask(wire.ReqBatchAckMessage, "", "{").is(t, wire.SystemError, "")
	r.ask(wire.ReqChangeMessageInvisibletime, "consumerGroup=g&topic=T&queueId=0&offset=9&invisibleTime=1&extraInfo=x", "").is(t, wire.NoMessage, "")
	r.ask(wire.ReqPollingInfo, "consumerGroup=g&topic=U&queueId=0", "").is(t, wire.TopicNotExist, "topic[U] not exist")
	r.ask(wire.ReqNotification, "consumerGroup=g&topic=T&queueId=9", "").is(t, wire.InvalidParameter, "queueId[9] is illegal")
	r.ask(wire.ReqPopRollback, "", "").is(t, wire.Success, "")
}

// What was popped before a stop is invisible after the start, and comes again at its time; what was acknowledged does
// not.
func TestPopSurvivesRestart(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	for _, body := range []string{"a", "b"} {
		r.send("T", "", body)
	}
	_, handles := r.ask(wire.ReqPopMessage, popFields("T", "g", "invisibleTime=8000"), "").popped(t)
	r.ask(wire.ReqAckMessage, ackFields("T", "g", handles["a"]), "").is(t, wire.Success, "")
	r.stop()
	cfg.ListenPort = freePort(t) + 2
	r = startRig(t, cfg)
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.PollingTimeout, "NO_MESSAGE_IN_QUEUE")
	var bodies []string
	waitFor(t, "the message comes again", func() bool {
		time.Sleep(100 * time.Millisecond)
		a := r.ask(wire.ReqPopMessage, popFields("T", "g"), "")
		if a.code == wire.Success {
			bodies, _ = a.popped(t)
		}
		return a.code == wire.Success
	})
	if len(bodies) != 1 || bodies[0] != "b" {
		t.Errorf("came again: %v", bodies)
	}
}

// Who waits when the broker stops is answered.
func TestStopAnswersPops(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "")
	conn := r.dial()
	if _, err := conn.Write(r.frame(wire.ReqPopMessage, 0, compat.VersionV5_5_0, popFields("T", "g", "pollTime=15000"), "")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it waits", func() bool { _, n, _ := r.b.pops.Sizes(); return n == 1 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.stop()
	}()
	nextFrame(t, conn).is(t, wire.PollingTimeout, "NO_MESSAGE_IN_QUEUE")
	<-done
}

// Records of Java's second engine are not read; the start says so.
func TestKVRecordsAreWarnedOf(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	if err := os.MkdirAll(filepath.Join(cfg.StorePathRootDir, "kvStore", "000"), 0o755); err != nil {
		t.Fatal(err)
	}
	var lines logLines
	startLogged(t, cfg, &lines)
	if line := lines.find("records of popped messages by Java's popConsumerKVServiceEnable are not read"); line["level"] != "warn" {
		t.Errorf("%v", line)
	}
}

// With a topic go the retry topics of its popped messages, and what was popped of it.
func TestDeleteTopicWithRetries(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	r.send("U", "", "a")
	r.ask(wire.ReqPopMessage, popFields("T", "g"), "").is(t, wire.Success, "")
	for _, name := range []string{"%RETRY%g_T", "%RETRY%g+T", "%RETRY%g_U", "%RETRY%g"} {
		r.b.topics.Ensure(name, 1, false, 0)
	}
	r.ask(wire.ReqDeleteTopicInBroker, "topic=T", "").is(t, wire.Success, "")
	for name, want := range map[string]bool{"T": false, "%RETRY%g_T": false, "%RETRY%g+T": false, "U": true,
		"%RETRY%g_U": true, "%RETRY%g": true} {
		if has := r.b.topics.Get(name) != nil; has != want {
			t.Errorf("topic %s is there: %v", name, has)
		}
	}
	if points, _, _ := r.b.pops.Sizes(); points != 0 {
		t.Errorf("%d check points are left", points)
	}
}
