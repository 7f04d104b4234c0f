package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store"
)

func TestSendPullRestart(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	for i := range 10 {
		if got := r.send("T", "KEYS\x01k\x02UNIQ_KEY\x01u\x02", fmt.Sprint("m", i)); got.QueueOffset != int64(i) ||
			string(got.TransactionID) != "u" || len(got.MsgID) != 32 {
			t.Fatalf("message %d: %+v", i, got)
		}
	}
	check := func(r *rig) {
		t.Helper()
		code, h, bodies := r.pull("g", "T", 3, "*", 0)
		if code != 0 || h.NextBeginOffset != 10 || h.MaxOffset != 10 || h.MinOffset != 0 ||
			strings.Join(bodies, " ") != "m3 m4 m5 m6 m7 m8 m9" {
			t.Errorf("%d %+v %v", code, h, bodies)
		}
	}
	check(r)
	stats, err := call(r, wire.ReqGetTopicStatsInfo, wire.MustTopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
	if err != nil || !strings.Contains(string(stats.Body), `"maxOffset":10,"minOffset":0}`) ||
		!strings.HasPrefix(string(stats.Body), `{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:{`) {
		t.Errorf("topic stats: %v %s", err, stats.Body)
	}
	commit := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: "g", Topic: "T", CommitOffset: 7}
	if _, err := call(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &commit, nil); err != nil {
		t.Fatal(err)
	}
	progress, err := call(r, wire.ReqGetConsumeStats, wire.GetConsumeStatsRequest,
		&wire.ConsumeStatsHeader{ConsumerGroup: "g"}, nil)
	if err != nil || strings.Count(string(progress.Body), `"topic":"T"}`) != 4 ||
		!strings.Contains(string(progress.Body),
			`"queueId":0,"topic":"T"}:{"brokerOffset":10,"consumerOffset":7,"lastTimestamp":1`) {
		t.Errorf("consume stats: %v %s", err, progress.Body)
	}
	r.stop()
	again := startRig(t, cfg)
	check(again)
	resp, err := call(again, wire.ReqQueryConsumerOffset, wire.QueryConsumerOffsetRequest,
		&wire.QueryConsumerOffsetRequestHeader{ConsumerGroup: "g", Topic: "T"}, nil)
	if err != nil || resp.GetString("offset") != "7" {
		t.Errorf("offset after restart: %v %v", resp, err)
	}
	if got := again.send("T", "", "after"); got.QueueOffset != 10 {
		t.Errorf("queue offset after restart: %d", got.QueueOffset)
	}
}

func TestMembersAreToldOfJoinAndLeave(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	told := make(chan string, 16)
	entry := remoting.Entry{Code: wire.ReqNotifyConsumerIdsChanged,
		Handle: func(ctx *remoting.Context) { told <- ctx.Req.GetString("consumerGroup") }}
	join := func(id string) *remoting.Client {
		cl := remotingtest.Client(t, entry)
		body := fmt.Sprintf(`{"clientID":"%s","consumerDataSet":[{"consumeType":"CONSUME_PASSIVELY","groupName":"g","messageModel":"CLUSTERING","subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}`, id)
		if _, err := remoting.Call(context.Background(), cl, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest,
			&wire.HeartbeatRequestHeader{}, []byte(body)); err != nil {
			t.Fatal(err)
		}
		return cl
	}
	expect := func(what string, n int) {
		t.Helper()
		begin := time.Now()
		for range n {
			select {
			case g := <-told:
				if g != "g" {
					t.Errorf("%s: group %q", what, g)
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: not told", what)
			}
		}
		t.Logf("%s: told within %v", what, time.Since(begin))
	}
	join("c1")
	expect("first joins", 1)
	second := join("c2")
	expect("second joins", 2)
	list, err := call(r, wire.ReqGetConsumerListByGroup, wire.GetConsumerListRequest,
		&wire.ConsumerGroupHeader{ConsumerGroup: "g"}, nil)
	if err != nil || !strings.Contains(string(list.Body), "c1") || !strings.Contains(string(list.Body), "c2") {
		t.Errorf("%v %v", list, err)
	}
	group := wire.ConsumerGroupHeader{ConsumerGroup: "g"}
	conns, err := call(r, wire.ReqGetConsumerConnectionList, wire.GetConsumerConnectionRequest, &group, nil)
	if err != nil || strings.Count(string(conns.Body), `"clientAddr":"127.0.0.1:`) != 2 ||
		!strings.Contains(string(conns.Body), `"subscriptionTable":{"T":{`) {
		t.Errorf("connections: %v %v", conns, err)
	}
	who, err := call(r, wire.ReqQueryTopicConsumeByWho, wire.MustTopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
	if err != nil || string(who.Body) != `{"groupList":["g"]}` {
		t.Errorf("who consumes: %v %v", who, err)
	}
	if r.b.topics.Get(compat.RetryTopicPrefix+"g") == nil {
		t.Error("the retry topic is not created by the first heartbeat")
	}
	_ = second.Stop()
	expect("second leaves", 1)
}

func TestStoreInUseIsRefused(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	startRig(t, cfg)
	cfg.ListenPort = freePort(t) + 2
	b, err := New(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	var locked *store.LockedError
	if err := b.Start(context.Background()); !errors.As(err, &locked) ||
		!strings.Contains(err.Error(), cfg.StorePathRootDir) {
		t.Errorf("second broker on one store: %v", err)
	}
}

func TestDamagedTableStopsTheStart(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	startRig(t, cfg).stop()
	for _, f := range []string{"topics.json", "topics.json.bak"} {
		if err := os.WriteFile(cfg.StorePathRootDir+"/config/"+f, []byte("{broken"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := New(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "topics.json") {
		t.Errorf("started on a damaged topics.json: %v", err)
		_ = b.Stop(context.Background())
	}
	if text, _ := os.ReadFile(cfg.StorePathRootDir + "/config/topics.json"); string(text) != "{broken" {
		t.Errorf("the damaged file was overwritten: %s", text)
	}
}

// TestLightQueues: a message that lists light queues is found in each of them; their offsets survive a restart.
func TestLightQueues(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.EnableLmq, cfg.EnableMultiDispatch = true, true
	r := startRig(t, cfg)
	r.send("T", "INNER_MULTI_DISPATCH\x01%LMQ%a,%LMQ%b\x02", "both")
	r.send("T", "INNER_MULTI_DISPATCH\x01%LMQ%b\x02", "only b")
	for topic, want := range map[string]string{"%LMQ%a": "both", "%LMQ%b": "both only b"} {
		if code, _, bodies := r.pull("%LMQ%g", topic, 0, "*", 0); code != 0 || strings.Join(bodies, " ") != want {
			t.Errorf("%s: %d %q, want %q", topic, code, bodies, want)
		}
	}
	r.b.groups.Find("g")
	r.commit("%LMQ%g", "%LMQ%b", 0, 2)
	r.commit("g", "T", 0, 1)
	r.stop()
	again := startRig(t, cfg)
	if light, plain := again.b.offsets.Query("%LMQ%g", "%LMQ%b", 0), again.b.offsets.Query("g", "T", 0); light != 2 ||
		plain != 1 {
		t.Errorf("after a restart: light %d, plain %d", light, plain)
	}
	again.stop()
	cfg.EnableLmq = false
	if plain := startRig(t, cfg).b.offsets.Query("g", "T", 0); plain != 1 {
		t.Errorf("without enableLmq: %d", plain)
	}
}

// TestRestoredTableIsLogged: a table that comes from its .bak, or is empty, is not taken in silence.
func TestRestoredTableIsLogged(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	startRig(t, cfg).stop()
	startRig(t, cfg).stop() // each table has a .bak
	dir := cfg.StorePathRootDir + "/config/"
	for file, text := range map[string]string{"topics.json": "{broken", "subscriptionGroup.json": "",
		"subscriptionGroup.json.bak": ""} {
		if err := os.WriteFile(dir+file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	b, err := New(cfg, zerolog.New(&out).Level(zerolog.WarnLevel))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{dir + `topics.json","readInstead":"` + dir + `topics.json.bak"`, "older .bak",
		dir + `subscriptionGroup.json","readInstead":""`, "a table is empty"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, out.String())
		}
	}
}
