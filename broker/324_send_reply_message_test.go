package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// reply sends SEND_REPLY_MESSAGE to a client id and returns what came back.
func (r *rig) reply(code int32, to, props string) (int32, string, wire.SendMessageResponseHeader) {
	r.t.Helper()
	ht := wire.SendMessageRequestV1
	if code == wire.ReqSendReplyMessageV2 {
		ht = wire.SendMessageRequestV2
	}
	if to != "" {
		props += "REPLY_TO_CLIENT\x01" + to + "\x02"
	}
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "DefaultCluster_REPLY_TOPIC", DefaultTopic: "TBW102",
		DefaultTopicQueueNums: 4, BornTimestamp: 1234, Flag: 5, Properties: []byte(props), MaxReconsumeTimes: -1}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := r.cl.Conn(ctx, r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := remoting.Invoke(ctx, conn, code, ht, &h, []byte("the reply"))
	if err != nil {
		r.t.Fatal(err)
	}
	var out wire.SendMessageResponseHeader
	if err := wire.SendMessageResponse.Decode(resp, nil, &out); err != nil {
		r.t.Fatal(err)
	}
	return resp.Code, resp.Remark, out
}

func TestReply(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	var got wire.ReplyMessageRequestHeader
	body, code := "", wire.Success
	waiting := remotingtest.Client(t, remoting.Entry{Code: wire.ReqPushReplyMessageToClient,
		Handle: func(ctx *remoting.Context) {
			if err := wire.ReplyMessageRequest.Decode(ctx.Req, nil, &got); err != nil {
				t.Error(err)
			}
			got.Properties = append([]byte(nil), got.Properties...)
			body = string(ctx.Req.Body)
			ctx.Status(code, "")
		}})
	beat := `{"clientID":"@asker","producerDataSet":[{"groupName":"askers"}],"consumerDataSet":[]}`
	if _, err := remoting.Call(context.Background(), waiting, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest,
		&wire.HeartbeatRequestHeader{}, []byte(beat)); err != nil {
		t.Fatal(err)
	}
	for i, kind := range []int32{wire.ReqSendReplyMessage, wire.ReqSendReplyMessageV2} {
		c, remark, resp := r.reply(kind, "@asker", "CORRELATION_ID\x01c1\x02")
		if c != 0 || len(resp.MsgID) != 32 || resp.QueueOffset != int64(i) || resp.Region != "DefaultRegion" {
			t.Errorf("%d: %d %q %+v", kind, c, remark, resp)
		}
		p := propMap(got.Properties)
		if body != "the reply" || p["CORRELATION_ID"] != "c1" || p["PUSH_REPLY_TIME"] == "" || got.Flag != 5 ||
			got.BornTimestamp != 1234 || got.StoreHost != cfg.Addr() || got.BornHost == "" {
			t.Errorf("pushed %q %v %+v", body, p, got)
		}
	}
	if m := r.record("DefaultCluster_REPLY_TOPIC", 0, 0); string(m.Body) != "the reply" ||
		string(m.Properties) != "CORRELATION_ID\x01c1\x02REPLY_TO_CLIENT\x01@asker\x02" {
		t.Errorf("stored %q %q", m.Body, m.Properties)
	}
	code = wire.SystemError
	for _, c := range []struct{ to, remark string }{
		{"@asker", "push reply message to @askerfail."}, {"gone",
			"push reply message fail, channel of <gone> not found."}, {"", "reply message properties[REPLY_TO_CLIENT] is null"},
	} {
		if got, remark, _ := r.reply(wire.ReqSendReplyMessageV2, c.to, ""); got != wire.SystemError || remark != c.remark {
			t.Errorf("to %q: %d %q", c.to, got, remark)
		}
	}
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "SCHEDULE_TOPIC_XXXX", MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendReplyMessage, wire.SendMessageRequestV1, &h, []byte("x"))
	var re *remoting.ResponseError
	if !errors.As(err, &re) || re.Code != wire.NoPermission {
		t.Errorf("a forbidden topic: %v", err)
	}
}

// TestReplyNotStored: with storeReplyMessageEnable=false a reply is only pushed.
func TestReplyNotStored(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.StoreReplyMessageEnable = false
	r := startRig(t, cfg)
	waiting := remotingtest.Client(t, remoting.Entry{Code: wire.ReqPushReplyMessageToClient,
		Handle: func(ctx *remoting.Context) { ctx.OK(nil) }})
	beat := fmt.Sprintf(`{"clientID":%q,"producerDataSet":[{"groupName":"askers"}],"consumerDataSet":[]}`, "a")
	if _, err := remoting.Call(context.Background(), waiting, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest,
		&wire.HeartbeatRequestHeader{}, []byte(beat)); err != nil {
		t.Fatal(err)
	}
	if c, remark, resp := r.reply(wire.ReqSendReplyMessage, "a", ""); c != 0 || string(resp.MsgID) != "0" ||
		resp.QueueOffset != 0 {
		t.Errorf("%d %q %+v", c, remark, resp)
	}
	if n := r.b.store.MaxOffset("DefaultCluster_REPLY_TOPIC", 0); n != 0 {
		t.Errorf("%d stored", n)
	}
}
