package broker

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// logLines keeps what is logged, a JSON object a line. Safe for concurrent use.
type logLines struct {
	mu    sync.Mutex
	lines []map[string]any // guarded by mu
}

func (l *logLines) Write(p []byte) (int, error) {
	var line map[string]any
	if err := json.Unmarshal(p, &line); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return len(p), nil
}

// find returns the newest line whose message begins with text, nil when there is none.
func (l *logLines) find(text string) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.lines) - 1; i >= 0; i-- {
		if msg, _ := l.lines[i]["message"].(string); strings.HasPrefix(msg, text) {
			return l.lines[i]
		}
	}
	return nil
}

func startLogged(t *testing.T, cfg config.Config, lines *logLines) *rig {
	t.Helper()
	b, err := New(cfg, zerolog.New(lines).Level(zerolog.DebugLevel))
	if err != nil {
		t.Fatal(err)
	}
	return run(t, b, cfg)
}

// TestWhoChangedWhatIsLogged: every change over the wire names the peer that made it, always in the same field.
func TestWhoChangedWhatIsLogged(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	var lines logLines
	r := startLogged(t, cfg, &lines)
	check := func(text string) {
		t.Helper()
		line := lines.find(text)
		if peer, _ := line["peer"].(string); !strings.HasPrefix(peer, "127.0.0.1:") {
			t.Errorf("%q names no peer: %v", text, line)
		}
		if line["by"] != nil || line["producer"] != nil {
			t.Errorf("%q names the peer twice: %v", text, line)
		}
	}
	r.send("New", "", "x")
	check("topic created by a send")
	r.createTopic("T", 4, 4)
	check("topic changed")
	r.bodied(wire.ReqUpdateAndCreateSubscriptiongroup, `{"groupName":"g"}`)
	check("group changed")
	r.bodied(wire.ReqUpdateBrokerConfig, "maxHeldPulls=1000\n")
	check("configuration updated")
	reset := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", QueueID: -1, Offset: -1, Timestamp: -1}
	must(t, r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &reset)
	check("offset reset")
	reset.Topic = "None"
	_, _ = call(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &reset, nil)
	if line := lines.find("offset reset"); line["topic"] == "None" {
		t.Error("a refused reset is logged as done")
	}
	clone := wire.CloneGroupOffsetHeader{SrcGroup: "g", DestGroup: "h", Topic: "T"}
	must(t, r, wire.ReqCloneGroupOffset, wire.CloneGroupOffsetRequest, &clone)
	check("offsets cloned")
	forbid := wire.GroupForbiddenHeader{Group: "g", Topic: "T", Readable: "false"}
	must(t, r, wire.ReqUpdateAndGetGroupForbidden, wire.GroupForbiddenRequest, &forbid)
	check("permission of a group to read a topic changed")
	r.bodied(wire.ReqSetMessageRequestMode, `{"consumerGroup":"g","topic":"T","mode":"PULL"}`)
	check("message request mode changed")
	must(t, r, wire.ReqDeleteSubscriptiongroup, wire.DeleteSubscriptionGroupRequest,
		&wire.DeleteSubscriptionGroupRequestHeader{GroupName: "g"})
	check("group deleted")
	r.static(1, hosted{0: {piece(0, "broker-a", 0, 0, -1)}})
	check("static topic changed")
	must(t, r, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: "T"})
	check("topic deleted")
}

func must[T any](t *testing.T, r *rig, code int32, ht *wire.HeaderType[T], h *T) {
	t.Helper()
	if _, err := call(r, code, ht, h, nil); err != nil {
		t.Errorf("request %d: %v", code, err)
	}
}

// TestDebugTellsOfClients: connections, who joins and leaves, what is refused.
func TestDebugTellsOfClients(t *testing.T) {
	var lines logLines
	r := startLogged(t, testConfig(t, t.TempDir()), &lines)
	seen := func(text, field, value string) {
		t.Helper()
		testutil.WaitFor(t, text+" with "+field+"="+value, func() bool {
			line := lines.find(text)
			v, _ := json.Marshal(line[field])
			peer, _ := line["peer"].(string)
			return strings.Contains(string(v), value) && peer != ""
		})
	}
	r.createTopic("T", 1, 1)
	r.join("g", "T")
	seen("connection opened", "peer", "127.0.0.1")
	seen("client joined a group", "group", "g")
	r.pull("g", "None", 0, "*", 0)
	seen("request refused", "remark", "topic[None] not exist")
	gone := remotingtest.Client(t)
	leaver := *r
	leaver.cl = gone
	leaver.join("other", "T")
	if err := gone.Stop(); err != nil {
		t.Fatal(err)
	}
	seen("connection closed", "groups", "other")
	seen("connection closed", "reason", "by the peer")
	h := wire.UnregisterClientRequestHeader{ClientID: "c", ConsumerGroup: "g"}
	must(t, r, wire.ReqUnregisterClient, wire.UnregisterClientRequest, &h)
	seen("client left a group", "group", "g")
}
