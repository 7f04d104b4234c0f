package broker

import (
	"slices"
	"strings"
	"testing"

	"gorocket/broker/meta"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func TestAllocate(t *testing.T) {
	var queues []protocol.MessageQueue
	for i := range 7 {
		queues = append(queues, protocol.MessageQueue{QueueID: i})
	}
	ids := []string{"a", "b", "c"}
	for _, c := range []struct {
		strategy, id string
		want         []int
	}{
		{"AVG", "a", []int{0, 1, 2}}, {"AVG", "b", []int{3, 4}}, {"AVG", "c", []int{5, 6}}, {"AVG", "x", nil},
		{"AVG_BY_CIRCLE", "a", []int{0, 3, 6}}, {"AVG_BY_CIRCLE", "c", []int{2, 5}}, {"AVG_BY_CIRCLE", "x", nil},
	} {
		got, ok := allocate(c.strategy, queues, ids, c.id)
		var n []int
		for _, q := range got {
			n = append(n, q.QueueID)
		}
		if !ok || !slices.Equal(n, c.want) {
			t.Errorf("%s of %s: %v, want %v", c.strategy, c.id, n, c.want)
		}
	}
	if _, ok := allocate("MINE", queues, ids, "a"); ok {
		t.Error("an unknown strategy gives an assignment")
	}
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	var none wire.HeartbeatRequestHeader
	mode := func(text string) string {
		return ask(r, wire.ReqSetMessageRequestMode, wire.HeartbeatRequest, &none, text, nil)
	}
	for text, want := range map[string]string{
		`{"topic":"%RETRY%g","consumerGroup":"g","mode":"PULL"}`: "16 retry topic",
		`{"topic":"none","consumerGroup":"g","mode":"PULL"}`:     "17 topic[none] not exist",
		`{"topic":"T","consumerGroup":"g","mode":"POP"}`:         "1 message request mode POP",
		`{"topic":"T","consumerGroup":"g","mode":"PULL"}`:        "",
	} {
		if got := mode(text); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", text, got)
		}
	}
	var w meta.ModesWrapper
	ask(r, wire.ReqGetAllMessageRequestMode, wire.HeartbeatRequest, &none, "", &w)
	if w.MessageRequestModeMap["T"]["g"].Mode != meta.ModePull {
		t.Errorf("modes %+v", w)
	}
	var as assignments
	ask(r, wire.ReqQueryAssignment, wire.HeartbeatRequest, &none,
		`{"topic":"T","consumerGroup":"g","clientId":"c","strategyName":"AVG","messageModel":"CLUSTERING"}`, &as)
	if as.MessageQueueAssignments != nil {
		t.Errorf("without a NameServer nothing is known, but the answer is %+v", as)
	}
}
