package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/hold"
	"gorocket/broker/service"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

func TestLongPollingWakesOnlyWhatMatches(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "TAGS\x01A\x02", "first")
	type answer struct {
		code   int32
		bodies []string
		took   time.Duration
	}
	wait := func(expr string, ms int64) chan answer {
		ch := make(chan answer, 1)
		begin := time.Now()
		go func() {
			code, _, bodies := r.pull("g", "T", 1, expr, ms)
			ch <- answer{code, bodies, time.Since(begin)}
		}()
		return ch
	}
	all, onlyB, short := wait("*", 10_000), wait("B", 10_000), wait("B", 300)
	time.Sleep(100 * time.Millisecond)
	r.send("T", "TAGS\x01A\x02", "second")
	if a := <-all; a.code != 0 || len(a.bodies) != 1 || a.took > 3*time.Second {
		t.Errorf("pull of everything: %+v", a)
	}
	if a := <-short; a.code == 0 || a.took < 250*time.Millisecond || a.took > 3*time.Second {
		t.Errorf("a pull that does not match times out: %+v", a)
	}
	select {
	case a := <-onlyB:
		t.Errorf("woken by a message of another tag: %+v", a)
	default:
	}
	r.send("T", "TAGS\x01B\x02", "third")
	if a := <-onlyB; a.code != 0 || strings.Join(a.bodies, " ") != "third" || a.took > 4*time.Second {
		t.Errorf("pull of tag B: %+v", a)
	}
	if n := r.b.holds.Count(); n != 0 {
		t.Errorf("%d pulls still held", n)
	}
}

func TestHeldPullsEndWithTheirConnection(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	conn, err := r.cl.Conn(context.Background(), r.addr)
	if err != nil {
		t.Fatal(err)
	}
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", QueueOffset: 1, MaxMsgNums: 32,
		SysFlag: wire.PullFlagSubscription | wire.PullFlagSuspend, SuspendTimeoutMillis: 60_000}
	ended := make(chan error, 1)
	remoting.Go(conn, time.Minute, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil, func(_ *wire.Command,
		err error) {
		ended <- err
	})
	testutil.WaitFor(t, "a held pull", func() bool { return r.b.holds.Count() == 1 })
	conn.Close()
	if err := <-ended; !errors.Is(err, remoting.ErrConnClosed) {
		t.Errorf("the held pull ended with %v", err)
	}
	testutil.WaitFor(t, "no held pull", func() bool { return r.b.holds.Count() == 0 })
}

// pullFields is the header of PULL_MESSAGE with the subscription * in it.
func pullFields(group, topic string, queue int, offset int64, more string) string {
	return fmt.Sprintf("consumerGroup=%s&topic=%s&queueId=%d&queueOffset=%d&maxMsgNums=32&sysFlag=4&commitOffset=0"+
		"&suspendTimeoutMillis=0&subscription=*&subVersion=1&expressionType=TAG%s", group, topic, queue, offset, more)
}

// TestPullRefusals: codes, remarks and forbiddenType of Java, in its order.
func TestPullRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	set := func(kv string) {
		t.Helper()
		r.ask(wire.ReqUpdateBrokerConfig, "", kv).is(t, 0, "")
	}
	refused := func(fields string, code int32, remark, kind string) {
		t.Helper()
		if a := r.ask(wire.ReqPullMessage, fields, "").is(t, code, remark); a.ext["forbiddenType"] != kind {
			t.Errorf("forbiddenType %q, want %q", a.ext["forbiddenType"], kind)
		}
	}
	refused("", 1, "", "")
	refused(pullFields("g", "none", 0, 0, ""), 17, "topic[none] not exist, apply first please!", "")
	refused(pullFields("g", "T", 4, 0, ""), 29,
		"queueId[4] is illegal, topic:[T] topicConfig.readQueueNums:[4] consumer:[/127.0.0.1", "")
	refused(pullFields("g", "T", -1, 0, ""), 29, "queueId[-1] is illegal", "")
	refused(strings.Replace(pullFields("g", "T", 0, 0, ""), "sysFlag=4", "sysFlag=0", 1), 24,
		"the consumer's group info not exist", "")
	refused(strings.Replace(pullFields("g", "T", 0, 0, ""), "subscription=*", "subscription=%7C%7C", 1), 23,
		"parse the consumer's subscription failed", "")
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"off","consumeEnable":false}`).is(t, 0, "")
	refused(pullFields("off", "T", 0, 0, ""), 16, "subscription group no permission, off", forbiddenTypes[service.ScopeGroup])
	r.ask(wire.ReqUpdateAndCreateTopic, strings.Replace(createFields("W", 1), "perm=6", "perm=2", 1), "").is(t, 0, "")
	refused(pullFields("g", "W", 0, 0, ""), 16, "the topic[W] pulling message is forbidden", forbiddenTypes[service.ScopeTopic])
	set("autoCreateSubscriptionGroup=false")
	refused(pullFields("new", "T", 0, 0, ""), 26, "subscription group [new] does not exist, ", "")
	set("brokerPermission=2")
	refused(pullFields("g", "T", 0, 0, ""), 16, "the broker[127.0.0.1] pulling message is forbidden", forbiddenTypes[service.ScopeBroker])
	set("brokerPermission=6\nlitePullMessageEnable=false")
	if a := r.ask(wire.ReqLitePullMessage, pullFields("g", "T", 0, 0, ""), "").is(t, 16,
		"the broker[127.0.0.1] for lite pull consumer is forbidden"); a.ext["forbiddenType"] != forbiddenTypes[service.ScopeBroker] {
		t.Errorf("%v", a.ext)
	}
	r.ask(wire.ReqPullMessage, pullFields("g", "T", 0, 0, ""), "").is(t, 0, "FOUND")
}

// TestPullOffsets: the answer to every place that a pull can ask for, beside the ends of a queue with three messages.
func TestPullOffsets(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "TAGS\x01A\x02", fmt.Sprint(i))
	}
	for _, c := range []struct {
		queue  int
		offset int64
		code   int32
		remark string
		next   string
	}{
		{0, 0, 0, "FOUND", "3"}, {0, 2, 0, "FOUND", "3"},
		{0, 3, wire.PullNotFound, "OFFSET_OVERFLOW_ONE", "3"},
		{0, 4, wire.PullOffsetMoved, "OFFSET_OVERFLOW_BADLY", "3"},
		{0, -1, wire.PullOffsetMoved, "OFFSET_TOO_SMALL", "0"},
		{1, 0, wire.PullNotFound, "N", "0"}, {1, 5, wire.PullOffsetMoved, "N", "0"},
	} {
		a := r.ask(wire.ReqPullMessage, pullFields("g", "T", c.queue, c.offset, ""), "").is(t, c.code, c.remark)
		if a.ext["nextBeginOffset"] != c.next || a.ext["minOffset"] != "0" {
			t.Errorf("queue %d, offset %d: %v, want next %s", c.queue, c.offset, a.ext, c.next)
		}
	}
	other := strings.Replace(pullFields("g", "T", 0, 0, ""), "subscription=*", "subscription=B", 1)
	if a := r.ask(wire.ReqPullMessage, other, "").is(t, wire.PullRetryImmediately,
		"NO_MATCHED_MESSAGE"); a.ext["nextBeginOffset"] != "3" {
		t.Errorf("no tag matches: %v", a.ext)
	}
	one := strings.Replace(pullFields("g", "T", 0, 0, ""), "maxMsgNums=32", "maxMsgNums=1", 1)
	if a := r.ask(wire.ReqPullMessage, one, "").is(t, 0, "FOUND"); a.ext["nextBeginOffset"] != "1" {
		t.Errorf("one message: %v", a.ext)
	}
}

// TestPullCommits: the commit bit stores the offset in the request, and only the bit does.
func TestPullCommits(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	f := strings.Replace(pullFields("g", "T", 0, 0, ""), "commitOffset=0", "commitOffset=1", 1)
	r.ask(wire.ReqPullMessage, f, "").is(t, 0, "")
	if off := r.b.offsets.Query("g", "T", 0); off != -1 {
		t.Errorf("committed %d without the bit", off)
	}
	r.ask(wire.ReqPullMessage, strings.Replace(f, "sysFlag=4", "sysFlag=5", 1), "").is(t, 0, "")
	if off := r.b.offsets.Query("g", "T", 0); off != 1 {
		t.Errorf("committed %d", off)
	}
	r.ask(wire.ReqPullMessage, strings.NewReplacer("sysFlag=4", "sysFlag=5", "commitOffset=1",
		"commitOffset=-1").Replace(f), "").is(t, 0, "")
	if off := r.b.offsets.Query("g", "T", 0); off != 1 {
		t.Errorf("a negative offset was committed: %d", off)
	}
}

// TestHeldPullLooksAgain: a message that came between the read of a pull and its entry among the held ones wakes it.
func TestHeldPullLooksAgain(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "came meanwhile")
	sub, _ := clients.ParseSubscription("T", "*", "TAG")
	h := &pulls{puller: r.b.services.Pull, holds: r.b.holds, mappings: r.b.mappings, forwards: r.b.forwards, cold: r.b.cold,
		rules: r.b.rules}
	table, err := remoting.NewTable(remoting.Entry{Code: wire.ReqPullMessage, Handle: func(ctx *remoting.Context) {
		p := new(pullState) // as it is when the read found nothing
		if err := wire.PullMessageRequest.Decode(ctx.Req, ctx.In, &p.head); err != nil {
			fail(ctx, err)
			return
		}
		takePull(&p.head, &p.pull.PullRequest)
		p.head.SuspendTimeoutMillis, p.pull.Sub = 10_000, sub
		if !h.hold(&ctx.Replier, p) {
			t.Error("the pull is not held")
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	direct := &rig{t: t, b: r.b, addr: remotingtest.ServeTable(t, table, remoting.Options{})}
	began := time.Now()
	direct.ask(wire.ReqPullMessage, pullFields("g", "T", 0, 0, ""), "").is(t, 0, "FOUND").has(t, "came meanwhile")
	if took := time.Since(began); took > hold.RecheckEvery/2+stalls.Lost() {
		t.Errorf("answered after %v, by the sweep", took)
	}
	if n := r.b.holds.Count(); n != 0 {
		t.Errorf("%d pulls are held", n)
	}
}

// TestHeldPullTimesOut: the answer of a pull whose time is over, and of one that may not wait.
func TestHeldPullTimesOut(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	hold := strings.NewReplacer("sysFlag=4", "sysFlag=6", "suspendTimeoutMillis=0",
		"suspendTimeoutMillis=300").Replace(pullFields("g", "T", 0, 1, ""))
	began := time.Now()
	r.ask(wire.ReqPullMessage, hold, "").is(t, wire.PullNotFound, "OFFSET_OVERFLOW_ONE")
	if took := time.Since(began); took < 300*time.Millisecond || took > 2*time.Second+stalls.Lost() {
		t.Errorf("held for %v", took)
	}
	r.ask(wire.ReqUpdateBrokerConfig, "", "maxHeldPulls=0").is(t, 0, "")
	r.ask(wire.ReqPullMessage, hold, "").is(t, wire.SystemBusy, "[OVERLOAD]too many pulls wait")
	if n := r.b.holds.Count(); n != 0 {
		t.Errorf("a refused pull stays counted: %d", n)
	}
}
