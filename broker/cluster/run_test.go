package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// diary is a NameServer that notes what it is told: "register" with the topics, "unregister".
type diary struct {
	addr string
	mu   sync.Mutex
	code int32    // guarded by mu; of the answers to registrations
	lost bool     // guarded by mu; it has dropped the route, until the next registration
	told []string // guarded by mu
}

func (d *diary) note(ctx *remoting.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch ctx.Req.Code {
	case wire.ReqGetRouteinfoByTopic:
		if d.lost {
			ctx.Status(wire.TopicNotExist, "no")
			return
		}
		answerSaid(ctx, listed("b 0 10.0.0.1:1"))
		return
	case wire.ReqUnregisterBroker:
		d.told = append(d.told, "unregister "+ctx.Req.GetString("brokerAddr"))
	case wire.ReqRegisterBroker:
		var h wire.RegisterBrokerRequestHeader
		if err := wire.RegisterBrokerRequest.Decode(ctx.Req, nil, &h); err != nil {
			ctx.Status(wire.SystemError, err.Error())
			return
		}
		b, err := protocol.DecodeRegisterBroker(ctx.Req.Body, h.Compressed, compat.CurrentVersion)
		if err != nil {
			ctx.Status(wire.SystemError, err.Error())
			return
		}
		var names []string
		for name := range b.TopicConfigSerializeWrapper.TopicConfigTable {
			names = append(names, name)
		}
		slices.Sort(names)
		d.told = append(d.told, "register "+strings.Join(names, ","))
		if d.code != wire.Success {
			ctx.Status(d.code, "no")
			return
		}
		d.lost = false
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterBrokerResponse, new(wire.RegisterBrokerResponseHeader),
			remoting.Body{})
		return
	}
	ctx.OK(nil)
}

// took is what was told since the last call.
func (d *diary) took() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	told := d.told
	d.told = nil
	return told
}

// is waits for what is told next.
func (d *diary) is(t *testing.T, what string, want ...string) {
	t.Helper()
	var got []string
	testutil.WaitFor(t, fmt.Sprintf("%s: %q at %s", what, want, d.addr), func() bool {
		got = append(got, d.took()...)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s was told %q, want %q", what, d.addr, got, want)
	}
}

func keepDiary(t *testing.T) *diary {
	t.Helper()
	d := new(diary)
	entries := []remoting.Entry{}
	for _, code := range []int32{wire.ReqRegisterBroker, wire.ReqUnregisterBroker, wire.ReqGetRouteinfoByTopic} {
		entries = append(entries, remoting.Entry{Code: code, Mode: remoting.Pooled, Handle: d.note})
	}
	d.addr = remotingtest.Serve(t, entries...)
	return d
}

// TestLinksRun: a registrar registers everywhere, tells each NameServer of topics, registers again when it has to, goes
// on
// with those that are named, and leaves every one at the end.
func TestLinksRun(t *testing.T) {
	a, b, c := keepDiary(t), keepDiary(t), keepDiary(t)
	topics := meta.NewTopics()
	self := &Self{RegisterPeriod: time.Hour, RegisterTimeout: 10 * time.Second, Permission: 6,
		Identity: wire.BrokerIdentityHeader{BrokerName: "b", BrokerAddr: "10.0.0.1:1", ClusterName: "c"}}
	r := NewRegistrar(Deps{Client: remotingtest.Client(t), Log: zerolog.Nop(), Topics: topics, LookPeriod: time.Hour,
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second), Self: func() *Self { return self },
		Static: func(map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingInfo { return nil }},
		[]string{a.addr, b.addr})
	topics.Publish = r.Publish
	for _, name := range []string{"T", "b"} {
		if err := topics.Update(protocol.NewTopicConfig(name)); err != nil {
			t.Fatal(err)
		}
	}
	r.Start()
	a.is(t, "the start", "register T,b")
	b.is(t, "the start", "register T,b")
	if err := topics.Update(protocol.NewTopicConfig("U")); err != nil {
		t.Fatal(err)
	}
	r.SettledWithin(10 * time.Second)
	a.is(t, "a topic", "register U")
	b.is(t, "a topic", "register U")
	r.Anew()
	a.is(t, "another role", "register T,U,b")
	b.is(t, "another role", "register T,U,b")
	r.AskMaster()
	a.is(t, "a question", "register ")
	b.is(t, "a question", "register ")
	r.Follow([]string{b.addr, c.addr})
	a.is(t, "it is not named any more", "unregister 10.0.0.1:1")
	c.is(t, "it is new", "register T,U,b")
	for _, d := range []*diary{b, c} {
		d.mu.Lock()
		d.lost = true
		d.mu.Unlock()
	}
	r.Disconnected()
	b.is(t, "a connection ended", "register T,U,b")
	c.is(t, "a connection ended", "register T,U,b")
	for _, d := range []*diary{a, b, c} {
		d.mu.Lock()
		d.code = wire.SystemError
		d.mu.Unlock()
	}
	r.Anew()
	b.is(t, "it refuses", "register T,U,b")
	r.AskMaster() // it registers in a second anyway
	b.is(t, "it is tried again", "register T,U,b")
	failures := map[string]int64{}
	r.Each(func(addr string, why error, taken bool, n int64) {
		if why == nil || taken {
			t.Errorf("%s: %v, taken %v", addr, why, taken)
		}
		failures[addr] = n
	})
	if len(failures) != 2 || failures[b.addr] < 2 {
		t.Errorf("failures %v", failures)
	}
	r.StopAndLeave(t.Context())
	for d, last := range map[*diary]string{a: "", b: "unregister 10.0.0.1:1", c: "unregister 10.0.0.1:1"} {
		told := append([]string{""}, d.took()...)
		if told[len(told)-1] != last {
			t.Errorf("at the end %s was told %q", d.addr, told)
		}
	}
	r.Follow([]string{a.addr})
	if len(r.links()) != 2 || a.took() != nil {
		t.Error("behind the end others are followed")
	}
}

// TestChangesAreLogged: an operator hears when a NameServer begins or ceases to show the broker, once each, and with
// what weight; what fails because the broker stops is no news.
func TestChangesAreLogged(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	var text strings.Builder
	l.r.d.Log = zerolog.New(&text)
	for i, c := range []struct {
		err  error
		want string // level and beginning of the message
	}{{errors.New("down"), `"warn"|cannot register at a NameServer`}, {errors.New("down"), ""},
		{nil, `"info"|registered at the NameServer`}, {nil, ""}, {errNotListed, `"error"|clients cannot find this broker`},
		{nil, `"info"|registered at the NameServer`}} {
		text.Reset()
		l.note(c.err)
		level, message, _ := strings.Cut(c.want, "|")
		if got := text.String(); (got == "") != (c.want == "") || c.want != "" && (!strings.Contains(got, level) ||
			!strings.Contains(got, `"message":"`+message)) {
			t.Errorf("%d, %v: logged %s", i, c.err, got)
		}
	}
	close(l.r.stop)
	text.Reset()
	if l.note(errors.New("down")); text.String() != "" {
		t.Errorf("behind the end: %s", text.String())
	}
}
