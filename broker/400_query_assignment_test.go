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
		`{"topic":"T","consumerGroup":"p","mode":"POP"}`:         "",
		`{"topic":"T","consumerGroup":"g","mode":"PULL"}`:        "",
	} {
		if got := mode(text); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", text, got)
		}
	}
	var w meta.ModesWrapper
	ask(r, wire.ReqGetAllMessageRequestMode, wire.HeartbeatRequest, &none, "", &w)
	if w.MessageRequestModeMap["T"]["g"].Mode != meta.ModePull || w.MessageRequestModeMap["T"]["p"].Mode != meta.ModePop {
		t.Errorf("modes %+v", w)
	}
	var as assignments
	ask(r, wire.ReqQueryAssignment, wire.HeartbeatRequest, &none,
		`{"topic":"T","consumerGroup":"g","clientId":"c","strategyName":"AVG","messageModel":"CLUSTERING"}`, &as)
	if as.MessageQueueAssignments != nil {
		t.Errorf("without a NameServer nothing is known, but the answer is %+v", as)
	}
}

// Clients that pop share queues: with as many others as is set, or all with all.
func TestAllocatePop(t *testing.T) {
	queues := func(n int) (list []protocol.MessageQueue) {
		for i := range n {
			list = append(list, protocol.MessageQueue{BrokerName: "b", QueueID: i})
		}
		return list
	}
	ids := []string{"a", "b", "c", "d"}
	for _, c := range []struct {
		queues, share int
		id            string
		want          []int
	}{
		{8, -1, "a", []int{-1}}, {8, 0, "d", []int{-1}}, {8, 3, "b", []int{-1}}, {8, 9, "x", []int{-1}},
		{8, 1, "a", []int{0, 1, 2, 3}}, {8, 2, "d", []int{0, 1, 2, 3, 6, 7}}, {8, 1, "x", nil},
		{2, 1, "a", []int{0}}, {2, 1, "d", []int{1}}, {2, 1, "x", nil}, {0, 1, "a", nil}, {0, -1, "a", nil},
	} {
		got, ok := allocatePop("AVG", queues(c.queues), ids, c.id, c.share)
		var n []int
		for _, q := range got {
			n = append(n, q.QueueID)
		}
		if !ok || !slices.Equal(n, c.want) {
			t.Errorf("%s of %d queues shared with %d: %v, want %v", c.id, c.queues, c.share, n, c.want)
		}
	}
	if _, ok := allocatePop("MINE", queues(2), ids, "a", 1); ok {
		t.Error("an unknown strategy gives an assignment")
	}
}

// A group that was never set goes by the default, its retry topic never by POP.
func TestDefaultMode(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.DefaultMessageRequestMode, cfg.DefaultPopShareQueueNum = meta.ModePop, 3
	x := &assigns{liveConfig: startRig(t, cfg).b.config(), modes: meta.NewModes()}
	if m := x.modeOf("T", "g"); m.Mode != meta.ModePop || m.PopShareQueueNum != 3 {
		t.Errorf("%+v", m)
	}
	if m := x.modeOf("%RETRY%g", "g"); m.Mode != meta.ModePull {
		t.Errorf("%+v", m)
	}
	if err := x.modes.Set(meta.Mode{Topic: "T", ConsumerGroup: "g", Mode: meta.ModePull}); err != nil {
		t.Fatal(err)
	}
	if m := x.modeOf("T", "g"); m.Mode != meta.ModePull {
		t.Errorf("%+v", m)
	}
}
