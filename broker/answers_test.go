package broker

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// noAnswer are codes that a broker may leave without one: the producer does not know yet.
var noAnswer = map[int32]bool{wire.ReqEndTransaction: true}

// TestEveryRequestIsAnswered: whatever code comes, with no field and no body, or a body that is no JSON, somebody
// answers; what does not parse is never a success for those that read a body.
func TestEveryRequestIsAnswered(t *testing.T) {
	bodied := []int32{wire.ReqHeartBeat, wire.ReqCheckClientConfig, wire.ReqLockBatchMq, wire.ReqUnlockBatchMq,
		wire.ReqUpdateAndCreateTopicList, wire.ReqUpdateAndCreateSubscriptiongroup, wire.ReqQueryAssignment,
		wire.ReqSetMessageRequestMode}
	for _, broken := range []string{"", "{broken"} {
		r := startRig(t, testConfig(t, t.TempDir()))
		for _, code := range Codes() {
			if noAnswer[code] {
				continue
			}
			a := r.ask(code, "", broken)
			if slices.Contains(bodied, code) && broken != "" && (a.code != wire.SystemError || a.remark == "") {
				t.Errorf("%d with %q: %d %q", code, broken, a.code, a.remark)
			}
		}
	}
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqEndTransaction, "", "").is(t, 1, "")
	r.ask(wire.ReqSendMessage, "", "x").is(t, 1, "")
	r.ask(wire.ReqSendReplyMessage, "", "x").is(t, 1, "")
	r.ask(wire.ReqNotifyBrokerRoleChanged, "", "{broken").is(t, 1, "")
	r.ask(wire.ReqNotifyBrokerRoleChanged, "", "{}").is(t, 0, "")
	r.ask(wire.ReqGetBrokerEpochCache, "", "").is(t, 1, "this request only for controllerMode ")
	r.ask(wire.ReqCheckClientConfig, "", "").is(t, 0, "")
	r.ask(wire.ReqCheckClientConfig, "", `{"subscriptionData":{"topic":"T","subString":"a >","expressionType":"SQL92"}}`).
		is(t, wire.SystemError, "The broker does not support consumer to filter message by SQL92")
	r.ask(wire.ReqUnlockBatchMq, "", `{"clientId":"c","mqSet":[]}`).is(t, 1, "java.lang.NullPointerException")
	r.ask(wire.ReqGetAllProducerInfo, "", "").is(t, 0, "").same(t, `{"data":{}}`)
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	r.ask(wire.ReqGetAllProducerInfo, "", "").is(t, 0, "").has(t, `"pg":[{`, `"clientId":"c1"`)
}

// TestFullTablesAreTold: who would put more into a table than its limit hears why, in every way to do it.
func TestFullTablesAreTold(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxConsumerOffsetNum = 5
	r := startRig(t, cfg)
	for _, topic := range []string{"A", "B"} {
		r.send(topic, "", "x")
		r.b.groups.Find("g")
		for q := range int32(2) {
			r.commit("g", topic, q, 1)
		}
	}
	r.commit("g", "A", 2, 1)
	r.ask(wire.ReqCloneGroupOffset, "srcGroup=g&destGroup=h", "").is(t, wire.SystemError, "").
		hasRemark(t, "maxConsumerOffsetNum")
	r.b.groups.Find("h")
	r.ask(wire.ReqInvokeBrokerToResetOffset, "topic=A&group=h&queueId=0&offset=0&timestamp=-1&isForce=true", "").
		is(t, wire.SystemError, "").hasRemark(t, "maxConsumerOffsetNum")
	full := testConfig(t, t.TempDir())
	full.MaxTopicNum = 12
	r = startRig(t, full)
	list := `{"topicConfigList":[`
	for i := range 12 {
		list += fmt.Sprintf(`{"topicName":"t%d","readQueueNums":1,"writeQueueNums":1,"perm":6},`, i)
	}
	r.ask(wire.ReqUpdateAndCreateTopicList, "", strings.TrimSuffix(list, ",")+"]}").is(t, wire.SystemError, "").
		hasRemark(t, "maxTopicNum")
}

func (a answer) hasRemark(t testing.TB, text string) {
	t.Helper()
	if !strings.Contains(a.remark, text) {
		t.Errorf("%d %q does not say %q", a.code, a.remark, text)
	}
}

// TestResetRefusals: a topic that nobody can read, one that is not there, members that are too old to be told.
func TestResetRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.b.groups.Find("g")
	if err := r.b.topics.Update(protocol.TopicConfig{TopicName: "Written", WriteQueueNums: 2, Perm: 6}); err != nil {
		t.Fatal(err)
	}
	r.ask(wire.ReqInvokeBrokerToResetOffset, "topic=Written&group=g&queueId=-1&offset=-1&timestamp=0&isForce=true", "").
		is(t, 1, "No queues to reset.")
	r.ask(wire.ReqInvokeBrokerToGetConsumerStatus, "topic=T&group=none", "").is(t, 1,
		"No Any Consumer online in the consumer group: [none]")

	cfg := testConfig(t, t.TempDir())
	cfg.UseServerSideResetOffset = false
	r = startRig(t, cfg)
	r.send("T", "", "x")
	r.ask(wire.ReqInvokeBrokerToResetOffset, "topic=none&group=g&timestamp=0&isForce=true", "").is(t, wire.TopicNotExist,
		"[reset-offset] reset offset failed, no topic in this broker. topic=none")
	r.b.groups.Find("g")
	for q := range int32(4) {
		r.commit("g", "T", q, 1)
	}
	r.askOn(r.dial(), wire.ReqHeartBeat, 27, "", beatBody("old", "g", "T", 0, false)).is(t, 0, "")
	want := olderThanNeeded + compat.VersionName(27)
	r.ask(wire.ReqInvokeBrokerToResetOffset, "topic=T&group=g&timestamp=0&isForce=true", "").is(t, 1, want)
	r.ask(wire.ReqInvokeBrokerToGetConsumerStatus, "topic=T&group=g", "").is(t, 1, want)
}

// TestGroupQueriesRefuse: topics that are not there, names that are none.
func TestGroupQueriesRefuse(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqQueryConsumeTimeSpan, "topic=none&group=g", "").is(t, wire.TopicNotExist, "topic[none] not exist")
	for _, fields := range []string{"group=a%20b&topic=T&readable=false", "group=g&topic=a%20b&readable=false"} {
		r.ask(wire.ReqUpdateAndGetGroupForbidden, fields, "").is(t, 1, "The specified ")
	}
	r.ask(wire.ReqUpdateAndGetGroupForbidden, "group=g&topic=T", "").is(t, 0, "").has(t, `"readable":true`)
}

// TestRecallRefusals: a broker that takes no messages, topics of which no client has a message, a store that fails.
func TestRecallRefusals(t *testing.T) {
	handle := func(c config.Config, more ...func(*rig)) string {
		r := startRig(t, c)
		r.send("T", "", "first")
		h := r.send("T", "TIMER_DELAY_MS\x0160000\x02UNIQ_KEY\x01K\x02", "m").RecallHandle
		for _, f := range more {
			f(r)
		}
		return r.recall("T", h)
	}
	later := timerConfig(t, t.TempDir())
	if got := handle(later, func(r *rig) {
		r.change(func(c *config.Config) { c.StartAcceptSendRequestTime = time.Now().Add(time.Hour).UnixMilli() })
	}); got != "14 "+recallUnavailable {
		t.Error("before its time:", got)
	}
	for allowed, want := range map[bool]string{false: "14 " + recallUnavailable, true: "K"} {
		if got := handle(timerConfig(t, t.TempDir()), func(r *rig) {
			r.change(func(c *config.Config) {
				c.BrokerPermission, c.AllowRecallWhenBrokerNotWriteable = protocol.PermRead, allowed
			})
		}); got != want {
			t.Errorf("a broker that is not writable, allowed %v: %s", allowed, got)
		}
	}
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	c := timerConfig(t, "/data")
	b, err := NewWith(c, zerolog.Nop(), Options{FS: mem})
	if err == nil {
		err = b.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, b: b, addr: c.Addr(), dir: c.StorePathRootDir, cl: remotingtest.Client(t)}
	r.send("T", "", "first")
	lost := r.send("T", "TIMER_DELAY_MS\x0160000\x02UNIQ_KEY\x01K\x02", "m").RecallHandle
	storetest.Fail(mem, "write", "/commitlog/", errors.New("disk"))
	if got := r.recall("T", lost); got != "1 recall failed, execute error" {
		t.Error("a store that takes nothing:", got)
	}
	mem.Inject(nil)
	if b.Stop(t.Context()) == nil {
		t.Error("the stop says nothing of the write that failed")
	}
	r = startRig(t, timerConfig(t, t.TempDir()))
	if got := r.recall("SCHEDULE_TOPIC_XXXX", "x"); got != "604 recall failed, topic not match" {
		t.Error("a system topic:", got)
	}
}

// TestRequestModeRefusals: numbers out of range, groups that are not there, more entries than the table takes.
func TestRequestModeRefusals(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.AutoCreateSubscriptionGroup = false
	r := startRig(t, cfg)
	r.send("T", "", "x")
	for text, want := range map[string]string{
		`{"topic":"T","consumerGroup":"g","mode":"PULL"}`:                                                         "26 subscription group does not exist",
		`{"topic":"T","consumerGroup":"g","mode":"PULL","popShareQueueNum":-2}`:                                   "1 popShareQueueNum=-2 is not within",
		`{"topic":"T","consumerGroup":"g","mode":"PULL","popShareQueueNum":2000000000}`:                           "1 popShareQueueNum=2000000000 is not within",
		`{"topic":"T","consumerGroup":"g","mode":"PULL","popShareQueueNum":-1}`:                                   "26 subscription group does not exist",
		fmt.Sprintf(`{"topic":"T","consumerGroup":"g","mode":"PULL","popShareQueueNum":%d}`, meta.MaxQueueNumber): "26 subscription group does not exist",
		`{broken`: "1 ",
	} {
		a := r.ask(wire.ReqSetMessageRequestMode, "", text)
		if got := fmt.Sprint(a.code, " ", a.remark); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestAssignments: what a client is to read: all queues where it reads them alone, or its share, in an order that all
// members agree on; nothing is said of what is not known.
func TestAssignments(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.NamesrvAddr = startNameServer(t)
	r := startRig(t, cfg)
	r.send("T", "", "x")
	for _, id := range []string{"c2", "c1"} {
		r.askOn(r.dial(), wire.ReqHeartBeat, 317, "", beatBody(id, "g", "T", 0, false)).is(t, 0, "")
	}
	ask := func(id, group, topic, model, strategy string) string {
		a := r.ask(wire.ReqQueryAssignment, "", fmt.Sprintf(`{"clientId":%q,"consumerGroup":%q,"topic":%q,`+
			`"messageModel":%q,"strategyName":%q}`, id, group, topic, model, strategy)).is(t, 0, "")
		var out assignments
		if err := compat.Unmarshal([]byte(a.body), &out); err != nil {
			t.Fatal(err)
		}
		if out.MessageQueueAssignments == nil {
			return "unknown"
		}
		var ids []int
		for _, q := range *out.MessageQueueAssignments {
			ids = append(ids, q.MessageQueue.QueueID)
		}
		return fmt.Sprint(ids)
	}
	waitFor(t, "a route", func() bool { return ask("c1", "g", "T", clients.ModelClustering, "AVG") != "unknown" })
	for what, c := range map[string]struct{ got, want string }{
		"the first":           {ask("c1", "g", "T", clients.ModelClustering, "AVG"), "[0 1]"},
		"the second":          {ask("c2", "g", "T", clients.ModelClustering, "AVG"), "[2 3]"},
		"by circle":           {ask("c2", "g", "T", clients.ModelClustering, "AVG_BY_CIRCLE"), "[1 3]"},
		"no member":           {ask("c3", "g", "T", clients.ModelClustering, "AVG"), "[]"},
		"no group":            {ask("c1", "h", "T", clients.ModelClustering, "AVG"), "unknown"},
		"no topic":            {ask("c1", "g", "U", clients.ModelClustering, "AVG"), "unknown"},
		"an unknown model":    {ask("c1", "g", "T", "OTHER", "AVG"), "unknown"},
		"an unknown strategy": {ask("c1", "g", "T", clients.ModelClustering, "MINE"), "unknown"},
		"broadcasting":        {ask("c1", "h", "T", clients.ModelBroadcasting, ""), "[0 1 2 3]"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", what, c.got, c.want)
		}
	}
	r.change(func(c *config.Config) { c.ServerLoadBalancerEnable = false })
	if got := ask("c1", "h", "T", clients.ModelClustering, ""); got != "[0 1 2 3]" {
		t.Errorf("without the balancer: %s", got)
	}
}

// TestMemberGoesDuringACall: who asked a member that goes away meanwhile hears so at once.
func TestMemberGoesDuringACall(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	member := r.dial()
	r.askOn(member, wire.ReqHeartBeat, 317, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	done := make(chan answer, 1)
	go func() {
		done <- r.ask(wire.ReqGetConsumerRunningInfo, "consumerGroup=g&clientId=c1&jstackEnable=true", "")
	}()
	for nextFrame(t, member).code != wire.ReqGetConsumerRunningInfo {
	}
	member.Close()
	(<-done).is(t, wire.SystemError, "invoke consumer <g> <c1> Exception: ")
}

// TestCleanTellsFailures: what cannot be deleted is told by its name, and keeps nobody else.
func TestCleanTellsFailures(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := testConfig(t, "/data")
	r := startOn(t, cfg, Options{FS: mem})
	for _, topic := range []string{"Gone1", "Gone2"} {
		if _, err := r.b.store.Append(&store.Record{Message: record.Message{Topic: topic, Body: []byte("x"),
			StoreHost: r.b.storeHost, BornHost: r.b.storeHost}}); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	r = startOn(t, cfg, Options{FS: mem})
	storetest.Fail(mem, "remove", "/Gone1/", errors.New("disk"))
	r.ask(wire.ReqCleanUnusedTopic, "", "").is(t, 1, "topic Gone1: ")
	mem.Inject(nil)
	if slices.Contains(r.b.store.Topics(), "Gone2") {
		t.Error("the other one is kept")
	}
	if _, err := os.Stat("/data"); err == nil {
		t.Error("something was written to the disk")
	}
}

// TestFullTablesAreLogged: an operator hears which table is full, whoever filled it.
func TestFullTablesAreLogged(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(c *config.Config)
		fill func(r *rig)
		key  string
	}{
		"offsets": {func(c *config.Config) { c.MaxConsumerOffsetNum = 2 }, func(r *rig) {
			r.send("A", "", "x")
			r.b.groups.Find("g")
			for q := range int32(4) {
				h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: "g", Topic: "A", QueueID: q, CommitOffset: 1}
				_, _ = call(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, nil)
			}
		}, "maxConsumerOffsetNum"},
		"locks": {func(c *config.Config) { c.MaxOrderLockNum = 1 }, func(r *rig) {
			r.ask(wire.ReqLockBatchMq, "", `{"consumerGroup":"g","clientId":"c","mqSet":[{"topic":"t","brokerName":"b","queueId":1},`+
				`{"topic":"t","brokerName":"b","queueId":2}]}`).is(t, 0, "")
		}, "maxOrderLockNum"},
		"producers": {func(c *config.Config) { c.MaxProducerNum = 1 }, func(r *rig) {
			for i := range 3 {
				r.askOn(r.dial(), wire.ReqHeartBeat, 317, "", fmt.Sprintf(
					`{"clientID":"c%d","producerDataSet":[{"groupName":"pg"}],"consumerDataSet":[]}`, i))
			}
		}, "maxProducerNum"},
	} {
		cfg := testConfig(t, t.TempDir())
		c.edit(&cfg)
		var lines logLines
		r := startLogged(t, cfg, &lines)
		c.fill(r)
		l := lines.find("a table is full")
		if text := fmt.Sprint(l["error"]); l == nil || !strings.Contains(text, c.key) {
			t.Errorf("%s: the log says %v", what, l)
		}
	}
}
