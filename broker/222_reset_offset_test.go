package broker

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

func TestResetAtBroker(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 5 {
		r.send("T", "", fmt.Sprint(i))
	}
	r.pull("g", "T", 0, "*", 0)
	h := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", QueueID: 0, Offset: 2, Timestamp: -1}
	reset := func(edit func(*wire.ResetOffsetRequestHeader)) (string, resetOffsetBody) {
		q := h
		edit(&q)
		var out resetOffsetBody
		return ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &q, "", &out), out
	}
	for want, edit := range map[string]func(*wire.ResetOffsetRequestHeader){
		"17 Topic none does not exist":                       func(h *wire.ResetOffsetRequestHeader) { h.Topic = "none" },
		"26 Group none does not exist":                       func(h *wire.ResetOffsetRequestHeader) { h.Group = "none" },
		"1 Target offset 7 not in consume queue range [0-5]": func(h *wire.ResetOffsetRequestHeader) { h.Offset = 7 },
	} {
		if got, _ := reset(edit); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	got, out := reset(func(*wire.ResetOffsetRequestHeader) {})
	if diff := cmp.Diff(map[protocol.MessageQueue]int64{{BrokerName: "broker-a", QueueID: 0, Topic: "T"}: 2},
		out.OffsetTable); got != "" || diff != "" {
		t.Fatal(got, diff)
	}
	r.commit("g", "T", 0, 4) // ignored until the reset was told
	if off := r.b.offsets.Query("g", "T", 0); off != 2 {
		t.Errorf("offset %d after a commit during the reset", off)
	}
	if code, _, _ := r.pull("g", "T", 5, "*", 0); code != wire.PullOffsetMoved {
		t.Errorf("the pull after the reset is answered %d", code)
	}
	if code, _, bodies := r.pull("g", "T", 2, "*", 0); code != 0 || len(bodies) != 3 {
		t.Errorf("after the reset: %d %v", code, bodies)
	}
	if _, out := reset(func(h *wire.ResetOffsetRequestHeader) {
		h.QueueID, h.Offset = -1,
			-1
	}); len(out.OffsetTable) != 4 || out.OffsetTable[protocol.MessageQueue{BrokerName: "broker-a", Topic: "T"}] != 5 {
		t.Errorf("all queues to the end: %v", out.OffsetTable)
	}
}

func TestResetAtClientsAndStatus(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.UseServerSideResetOffset = false
	r := startRig(t, cfg)
	pushed := make(chan string, 1)
	r.cl = remotingtest.Client(t,
		remoting.Entry{Code: wire.ReqResetConsumerClientOffset,
			Handle: func(ctx *remoting.Context) { pushed <- string(ctx.Req.Body) }},
		remoting.Entry{Code: wire.ReqGetConsumerStatusFromClient, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(`{"messageQueueTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:3}}`))
		}},
		remoting.Entry{Code: wire.ReqGetConsumerRunningInfo, Handle: func(ctx *remoting.Context) {
			ctx.Status(77, "as the client says "+ctx.Req.GetString("jstackEnable"))
		}},
		remoting.Entry{Code: wire.ReqConsumeMessageDirectly, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(fmt.Sprintf(`{"n":%d,"broker":%q}`, len(ctx.Req.Body), ctx.Req.GetString("brokerName"))))
		}})
	sent := r.send("T", "", "x")
	h := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", QueueID: -1, Offset: -1, Timestamp: 0, IsForce: true}
	r.b.groups.Find("g")
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "",
		nil); got != "1 THe consumer group <g> not exist" {
		t.Errorf("no offsets: %q", got)
	}
	for q := range int32(4) {
		r.commit("g", "T", q, 1)
	}
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "", nil); !strings.HasPrefix(got,
		"206 Consumer not online") {
		t.Errorf("nobody online: %q", got)
	}
	r.join("g", "T")
	var out resetOffsetBody
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "", &out); got != "" ||
		len(out.OffsetTable) != 4 {
		t.Errorf("reset: %q %v", got, out)
	}
	var seen resetOffsetBody
	if err := compat.Unmarshal([]byte(<-pushed), &seen); err != nil || !maps.Equal(seen.OffsetTable, out.OffsetTable) {
		t.Errorf("pushed %v, %v", seen, err)
	}
	status := wire.ConsumerStatusRequestHeader{Topic: "T", Group: "g"}
	var st consumerStatusBody
	if got := ask(r, wire.ReqInvokeBrokerToGetConsumerStatus, wire.ConsumerStatusRequest, &status, "", &st); got != "" ||
		st.ConsumerTable["me@1"][queueOf(r.b.cfg(), "T", 0)] != 3 {
		t.Errorf("status: %q %v", got, st)
	}
	info := wire.RunningInfoHeader{ConsumerGroup: "g", ClientID: "me@1", JstackEnable: true}
	if got := ask(r, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest, &info, "",
		nil); got != "77 as the client says true" {
		t.Errorf("running info: %q", got)
	}
	info.ClientID = "you"
	if got := ask(r, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest, &info, "",
		nil); got != "1 The Consumer <g> <you> not online" {
		t.Errorf("unknown client: %q", got)
	}
	direct := wire.ConsumeDirectlyHeader{ConsumerGroup: "g", ClientID: "me@1", MsgID: string(sent.MsgID), Topic: "T"}
	var result struct {
		N      int    `json:"n"`
		Broker string `json:"broker"`
	}
	if got := ask(r, wire.ReqConsumeMessageDirectly, wire.ConsumeDirectlyRequest, &direct, "", &result); got != "" ||
		result.N < 90 || result.Broker != "broker-a" {
		t.Errorf("consumed directly: %q %+v", got, result)
	}
}
