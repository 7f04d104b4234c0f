package broker

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/timer"
)

// trySend is send that may be refused: code and remark.
func (r *rig) trySend(topic, props, body string) (int32, string) {
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		BornTimestamp: time.Now().UnixMilli(), Properties: []byte(props), MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, []byte(body))
	return refused(r.t, err)
}

// TestSystemTopicsTakeNoClientMessages: what lies there tells the broker what to do.
func TestSystemTopicsTakeNoClientMessages(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	out := time.Now().Add(-time.Second).UnixMilli()
	props := timer.PropOutMs + "\x01" + strconv.FormatInt(out, 10) + "\x02REAL_TOPIC\x01../../../x\x02REAL_QID\x010\x02"
	for _, topic := range []string{timer.Topic, compat.TopicSchedule, compat.TopicTransHalf, compat.TopicTransOpHalf,
		compat.TopicTransCheckMax,
		compat.ReviveTopicPrefix + "DefaultCluster", compat.SyncMemberPrefix + "broker-a"} {
		before := r.b.store.MaxOffset(topic, 0)
		if code, remark := r.trySend(topic, props, "x"); code != wire.NoPermission ||
			remark != "Sending message to topic["+topic+"] is forbidden." {
			t.Errorf("%s: %d %q", topic, code, remark)
		}
		if r.b.store.MaxOffset(topic, 0) != before {
			t.Errorf("%s: stored", topic)
		}
	}
}

// TestDeleteTopicStaysInTheStore: a topic's name in DELETE_TOPIC is no path.
func TestDeleteTopicStaysInTheStore(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.MkdirAll(filepath.Join(victim, "0"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := startRig(t, testConfig(t, filepath.Join(dir, "a", "store")))
	for _, name := range []string{"../../../victim", "../../../victim/0", "..", ".", "../../..", "a\x00b",
		strings.Repeat("n", 300)} {
		_, err := call(r, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: name}, nil)
		var re *remoting.ResponseError
		if !errors.As(err, &re) || re.Code != wire.InvalidParameter || !strings.HasPrefix(re.Remark,
			"The specified topic: ") {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(victim, "0")); err != nil {
		t.Error(err)
	}
}

// TestLightNamesAreFolders: light queues and their groups exist without being made, but not under any name.
func TestLightNamesAreFolders(t *testing.T) {
	topics, groups := meta.NewTopics(), meta.NewGroups(func() bool { return false })
	topics.Light, groups.Light = true, true
	if topics.Get("%LMQ%a") == nil || groups.Get("%LMQ%a") == nil {
		t.Error("a light queue is missing")
	}
	for _, name := range []string{"%LMQ%/../../x", "%LMQ%a\x00", "%LMQ%" + strings.Repeat("n", 250)} {
		if topics.Get(name) != nil || groups.Get(name) != nil {
			t.Errorf("%.20q exists", name)
		}
	}
}
