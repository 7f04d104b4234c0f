package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// nowhere is an address at which nobody listens.
const nowhere = "127.0.0.1:1"

// said is what a NameServer answers to a question.
type said struct {
	code int32
	body string
}

// listing is a NameServer that says of a route and of versions what a test wants, and counts registrations.
type listing struct {
	mu          sync.Mutex
	routes      []said                        // guarded by mu; one after the other, the last one again and again
	version     said                          // guarded by mu; of whoever is not in versions
	versions    map[string]compat.DataVersion // guarded by mu; by address
	asked       int                           // guarded by mu; for the route
	registers   int32                         // guarded by mu; code of the answer to registrations
	registered  []compat.DataVersion          // guarded by mu
	askedTopics []string                      // guarded by mu
}

func (n *listing) serve(t *testing.T) string {
	return remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Mode: remoting.Pooled, Handle: n.route},
		remoting.Entry{Code: wire.ReqQueryDataVersion, Mode: remoting.Pooled, Handle: n.dataVersion},
		remoting.Entry{Code: wire.ReqRegisterBroker, Mode: remoting.Pooled, Handle: n.register})
}

func (n *listing) route(ctx *remoting.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	n.askedTopics = append(n.askedTopics, strings.Clone(ctx.Req.GetString("topic")))
	a := n.routes[0]
	if len(n.routes) > 1 {
		n.routes = n.routes[1:]
	}
	answerSaid(ctx, a)
}

func answerSaid(ctx *remoting.Context, a said) {
	if a.code != wire.Success {
		ctx.Status(a.code, "no")
		return
	}
	ctx.OK([]byte(a.body))
}

func (n *listing) dataVersion(ctx *remoting.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if v, known := n.versions[ctx.Req.GetString("brokerAddr")]; known {
		b, _ := json.Marshal(v)
		ctx.OK(b)
		return
	}
	answerSaid(ctx, n.version)
}

func (n *listing) register(ctx *remoting.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.registers != wire.Success {
		ctx.Status(n.registers, "no")
		return
	}
	w, err := protocol.DecodeRegisterBroker(ctx.Req.Body, false, compat.CurrentVersion)
	if err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return
	}
	n.registered = append(n.registered, w.TopicConfigSerializeWrapper.DataVersion)
	ctx.OK(nil)
}

// watcher is a link of broker b, at address me, to a NameServer, without a goroutine; its topic is in the table.
func watcher(t *testing.T, addr string, self *Self) *namesrvLink {
	t.Helper()
	topics := meta.NewTopics()
	if err := topics.Update(protocol.NewTopicConfig("b")); err != nil {
		t.Fatal(err)
	}
	self.Identity.BrokerName, self.Identity.BrokerAddr, self.RegisterTimeout, self.Permission = "b", "me:1", 10*time.Second, 6
	r := NewRegistrar(Deps{Client: remotingtest.Client(t), Log: zerolog.Nop(), Topics: topics, LookPeriod: CheckPeriod,
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second), Self: func() *Self { return self },
		Static: func(map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingInfo { return nil }},
		[]string{addr})
	return r.links()[0]
}

// listed is a route of brokers: name, id and address of each.
func listed(brokers ...string) said {
	var all []string
	for _, b := range brokers {
		f := strings.Fields(b)
		all = append(all, fmt.Sprintf(`{"brokerName":%q,"brokerAddrs":{%s:%q}}`, f[0], f[1], f[2]))
	}
	return said{body: `{"brokerDatas":[` + strings.Join(all, ",") + `]}`}
}

// TestLook: whose the route is, by what a NameServer says of it and of the version that it has.
func TestLook(t *testing.T) {
	sent := compat.DataVersion{StateVersion: 1, Timestamp: 2, Counter: 3}
	mine, other := said{body: `{"stateVersion":1,"timestamp":2,"counter":3}`}, said{body: `{"stateVersion":1,"timestamp":2,"counter":4}`}
	taken := &takenError{"x:1"}
	for name, c := range map[string]struct {
		self    Self
		route   said
		version said
		want    error
	}{
		"ours":                     {Self{}, listed("b 0 me:1"), mine, nil},
		"ours behind others":       {Self{}, listed("a 0 x:1", "b 0 me:1"), mine, nil},
		"of another version":       {Self{}, listed("b 0 me:1"), other, errVersion},
		"no version":               {Self{}, listed("b 0 me:1"), said{}, nil},
		"a version that is none":   {Self{}, listed("b 0 me:1"), said{body: "{"}, nil},
		"a version that is denied": {Self{}, listed("b 0 me:1"), said{code: wire.SystemError}, nil},
		"taken":                    {Self{}, listed("b 0 x:1"), mine, taken},
		"others only":              {Self{}, listed("a 0 me:1"), mine, errNotListed},
		"another id":               {Self{}, listed("b 1 me:1"), mine, errNotListed},
		"nobody":                   {Self{}, said{body: "{}"}, mine, errNotListed},
		"unknown":                  {Self{}, said{code: wire.TopicNotExist}, mine, errNotListed},
		"tells no routes":          {Self{}, said{code: wire.SystemError}, other, nil},
		"a route that is none":     {Self{}, said{body: "{"}, other, nil},
		"a slave":                  {Self{Identity: wire.BrokerIdentityHeader{BrokerID: 2}}, listed("b 2 me:1"), mine, nil},
		"a slave in its master's place": {Self{Identity: wire.BrokerIdentityHeader{BrokerID: 2}, Acting: true},
			listed("b 0 me:1"), mine, nil},
		"a slave that does not act": {Self{Identity: wire.BrokerIdentityHeader{BrokerID: 2}}, listed("b 0 me:1"), mine,
			errNotListed},
		"the other slave acts": {Self{Identity: wire.BrokerIdentityHeader{BrokerID: 2}, Acting: true}, listed("b 0 x:1"),
			mine, errNotListed},
	} {
		n := &listing{routes: []said{c.route}, version: c.version}
		l := watcher(t, n.serve(t), &c.self)
		l.sent = sent
		err := l.look()
		var got *takenError
		if c.want == taken {
			if !errors.As(err, &got) || got.holder != "x:1" {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if n.asked != 1 || n.askedTopics[0] != "b" {
			t.Errorf("%s: asked for %v", name, n.askedTopics)
		}
	}
	n := &listing{routes: []said{{code: wire.TopicNotExist}}}
	l := watcher(t, n.serve(t), &Self{})
	l.r.d.Topics.Remove("b")
	if err := l.look(); err != nil || n.asked != 0 {
		t.Errorf("a broker without a topic of its own: %v, asked %d times", err, n.asked)
	}
	if err := watcher(t, nowhere, &Self{}).look(); err == nil || isRefusal(err) {
		t.Errorf("nobody there: %v", err)
	}
}

// TestCheck: a route that is ours is left alone, one that is not is taken back by a registration of everything, and a
// NameServer that is not there is tried again.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		routes                   []said
		registers                int32
		registrations, looks     int
		why                      error
		failed, lost             bool
		holder                   compat.DataVersion
		stateVersion, registered int64
	}{
		"ours":      {routes: []said{listed("b 0 me:1")}, looks: 1},
		"forgotten": {routes: []said{{code: wire.TopicNotExist}, listed("b 0 me:1")}, registrations: 1, looks: 2},
		"forgotten again": {routes: []said{{code: wire.TopicNotExist}}, registrations: 1, looks: 2,
			why: errNotListed},
		"taken": {routes: []said{listed("b 0 x:1"), listed("b 0 me:1")}, registrations: 1, looks: 2,
			holder: compat.DataVersion{StateVersion: 7}, stateVersion: 7, registered: 7},
		"taken by an older one": {routes: []said{listed("b 0 x:1"), listed("b 0 me:1")}, registrations: 1, looks: 2,
			holder: compat.DataVersion{StateVersion: -7}},
		"not taken back": {routes: []said{{code: wire.TopicNotExist}}, registers: wire.SystemError, looks: 1,
			why: &remoting.ResponseError{}, failed: true, lost: true},
	} {
		n := &listing{routes: c.routes, registers: c.registers, versions: map[string]compat.DataVersion{"x:1": c.holder}}
		l := watcher(t, n.serve(t), &Self{})
		l.check()
		why, _, failures := l.health.get()
		var answered *remoting.ResponseError
		if _, refused := c.why.(*remoting.ResponseError); refused && !errors.As(why, &answered) ||
			!refused && !errors.Is(why, c.why) {
			t.Errorf("%s: %v, want %v", name, why, c.why)
		}
		if len(n.registered) != c.registrations || n.asked != c.looks || l.failed != c.failed || l.lost != c.lost ||
			l.r.stateVersion.Load() != c.stateVersion || (failures > 0) != (name != "ours") {
			t.Errorf("%s: %d registrations, %d looks, failed %v, lost %v, state version %d, %d failures", name,
				len(n.registered), n.asked, l.failed, l.lost, l.r.stateVersion.Load(), failures)
		}
		if len(n.registered) > 0 && n.registered[0].StateVersion != c.registered {
			t.Errorf("%s: registered as %+v", name, n.registered[0])
		}
	}
	l := watcher(t, nowhere, &Self{})
	l.check()
	if why, _, failures := l.health.get(); why == nil || !l.failed || l.lost || failures != 1 {
		t.Errorf("nobody there: %v, failed %v, lost %v, %d failures", why, l.failed, l.lost, failures)
	}
}

// TestTwin: a second broker that takes the place again and again is told of, also while this one has it, until it is
// gone; one that took it once, as a broker that was moved does, is not.
func TestTwin(t *testing.T) {
	mine, theirs := listed("b 0 me:1"), listed("b 0 x:1")
	n := &listing{versions: map[string]compat.DataVersion{}}
	l := watcher(t, n.serve(t), &Self{})
	check := func(step string, holder string, routes ...said) {
		t.Helper()
		n.mu.Lock()
		n.routes = routes
		n.mu.Unlock()
		l.check()
		var twin *twinError
		why, _, _ := l.health.get()
		if errors.As(why, &twin) != (holder != "") || twin != nil && twin.holder != holder || twin == nil && why != nil {
			t.Errorf("%s: %v, want %q", step, why, holder)
		}
	}
	check("taken once", "", theirs, mine)
	check("ours again", "", mine)
	check("taken twice", "x:1", theirs, mine)
	check("ours for now", "x:1", mine)
	if _, _, failures := l.health.get(); !isRefusal(&twinError{}) || failures < 2 {
		t.Error(failures)
	}
	check("by a third one", "", listed("b 0 y:1"), mine)
	check("by that one again", "y:1", listed("b 0 y:1"), mine)
	l.rival.last = l.rival.last.Add(-twinLooks*CheckPeriod - time.Second)
	check("not seen for long", "", mine)
	check("taken once more", "", theirs, mine)
	l.rival.last = l.rival.last.Add(-twinLooks*CheckPeriod - time.Second)
	check("and much later", "", theirs, mine)
}

// TestSuccessorFrightensNobody: under controllers another broker in this one's place is its successor, as a rule.
func TestSuccessorFrightensNobody(t *testing.T) {
	for _, controlled := range []bool{false, true} {
		n := &listing{versions: map[string]compat.DataVersion{}}
		l := watcher(t, n.serve(t), &Self{Controlled: controlled})
		var text bytes.Buffer
		l.r.d.Log = zerolog.New(&text)
		l.note(&takenError{"x:1"})
		want := `"level":"error"`
		if controlled {
			want = `"level":"warn"`
		}
		if !strings.Contains(text.String(), want) || !strings.Contains(text.String(), "x:1") {
			t.Errorf("controlled %v: %s", controlled, text.String())
		}
	}
}

// TestOvertakeStays: a state version that others have gone beyond does not go back.
func TestOvertakeStays(t *testing.T) {
	n := &listing{versions: map[string]compat.DataVersion{"old:1": {StateVersion: 3}, "new:1": {StateVersion: 30}}}
	l := watcher(t, n.serve(t), &Self{})
	for _, c := range []struct {
		holder     string
		have, want int64
	}{{"old:1", 9, 9}, {"new:1", 9, 30}, {"nobody:1", 9, 9}, {"old:1", 3, 3}} {
		l.r.stateVersion.Store(c.have)
		l.overtake(c.holder)
		if got := l.r.stateVersion.Load(); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestHealthOfLinks: what NameServers say about the broker is its fault, that they say nothing is not.
func TestHealthOfLinks(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	r := l.r
	if err, warnings := r.Health(); err != nil || warnings != nil {
		t.Errorf("at first: %v, %v", err, warnings)
	}
	for _, c := range []struct {
		why     error
		refusal bool
		taken   bool
	}{{&takenError{"x:1"}, true, true}, {&twinError{"x:1"}, true, true}, {errNotListed, true, false}, {errVersion, true, false},
		{&remoting.ResponseError{Code: 1}, true, false}, {fmt.Errorf("%w: 1", errTooLarge), true, false},
		{errors.New("refused"), false, false}} {
		l.note(c.why)
		err, warnings := r.Health()
		if (err != nil) != c.refusal || (len(warnings) == 1) == c.refusal || isRefusal(c.why) != c.refusal {
			t.Errorf("%v: %v, %v", c.why, err, warnings)
		}
		if c.refusal && (!errors.Is(err, c.why) || !strings.HasPrefix(err.Error(), "NameServer ns:1, since 2")) {
			t.Errorf("%v: %v", c.why, err)
		}
		if !c.refusal && !strings.HasPrefix(warnings[0], "NameServer ns:1 does not answer since 2") {
			t.Errorf("%v: %v", c.why, warnings)
		}
		visits := 0
		r.Each(func(addr string, why error, taken bool, failures int64) {
			if visits++; addr != "ns:1" || why != c.why || taken != c.taken || failures == 0 {
				t.Errorf("%v: %s %v %v %d", c.why, addr, why, taken, failures)
			}
		})
		if visits != 1 {
			t.Errorf("%d visits", visits)
		}
	}
}

// TestNoteSent: a registration that was taken does not end what a look has found, but all else.
func TestNoteSent(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	for _, c := range []struct{ was, sent, want error }{
		{errVersion, nil, errVersion}, {errNotListed, nil, errNotListed}, {errTooLarge, nil, nil}, {nil, nil, nil},
		{errVersion, errTooLarge, errTooLarge}, {nil, errTooLarge, errTooLarge},
	} {
		l.note(c.was)
		l.noteSent(c.sent)
		if got, _, _ := l.health.get(); got != c.want {
			t.Errorf("%v, then %v: %v", c.was, c.sent, got)
		}
	}
	close(l.r.stop)
	l.note(errVersion)
	if got, _, _ := l.health.get(); got != errTooLarge {
		t.Errorf("after the end: %v", got)
	}
}

// TestNextRegistration: a link that failed tries again soon, any other looks at its route, and registers when a period
// is over.
func TestNextRegistration(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if got > want || got < want-want/4 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	l.whole = time.Now()
	near("just registered", l.next(time.Minute), CheckPeriod)
	near("a short period", l.next(6*time.Second), 6*time.Second)
	l.whole = time.Now().Add(-5 * time.Second)
	near("nearly over", l.next(8*time.Second), 3*time.Second)
	near("over", l.next(time.Second), retryDelay)
	l.failed = true
	near("failed", l.next(time.Minute), retryDelay)
}

// TestSendAllRenews: everything is taken anew, one version below in all but the last request, when the NameServer may
// have something else than was sent; not when it has this very version.
func TestSendAllRenews(t *testing.T) {
	n := &listing{}
	l := watcher(t, n.serve(t), &Self{MaxTopics: 2})
	for _, name := range []string{"A", "B", "C"} {
		if err := l.r.d.Topics.Update(protocol.NewTopicConfig(name)); err != nil {
			t.Fatal(err)
		}
	}
	version := l.r.d.Topics.CurrentVersion()
	for name, c := range map[string]struct {
		lost, failed bool
		sent         compat.DataVersion
		renew        bool
	}{
		"known":             {sent: version},
		"lost":              {lost: true, sent: version, renew: true},
		"failed":            {failed: true, sent: version, renew: true},
		"another counter":   {sent: compat.DataVersion{Timestamp: version.Timestamp, Counter: version.Counter - 1}, renew: true},
		"another timestamp": {sent: compat.DataVersion{Timestamp: version.Timestamp - 1, Counter: version.Counter}, renew: true},
	} {
		n.registered = nil
		l.lost, l.failed, l.sent = c.lost, c.failed, c.sent
		l.whole = time.Time{}
		l.full()
		if len(n.registered) != 2 || (n.registered[0].Timestamp == version.Timestamp-1) != c.renew ||
			n.registered[1].Timestamp != version.Timestamp {
			t.Errorf("%s: registered %+v, the table has %+v", name, n.registered, version)
		}
		if l.lost || l.failed || time.Since(l.whole) > time.Minute || l.sent != version {
			t.Errorf("%s: lost %v, failed %v, %v", name, l.lost, l.failed, l.whole)
		}
	}
	n.registers = wire.SystemError
	l.lost, l.whole = true, time.Time{}
	if l.full(); !l.failed || !l.lost || !l.whole.IsZero() || !l.slow.Load() {
		t.Errorf("refused: failed %v, lost %v, %v", l.failed, l.lost, l.whole)
	}
}

// TestSettled: who waits goes on when what was published before is told, not when something else is, and not for ever.
func TestSettled(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	r, topic := l.r, protocol.NewTopicConfig("T")
	if r.Unsettled() {
		t.Error("nothing was published")
	}
	r.SettledWithin(time.Hour)
	r.Publish(&topic)
	if !r.Unsettled() || len(l.wake) != 1 {
		t.Errorf("published: unsettled %v, %d wakes", r.Unsettled(), len(l.wake))
	}
	done := make(chan struct{})
	go func() { r.SettledWithin(time.Hour); close(done) }()
	if got := l.takePending(); len(got) != 1 || got["T"] != &topic {
		t.Errorf("%v", got)
	}
	if !r.Unsettled() { // on its way
		t.Error("settled before it is told")
	}
	select {
	case <-done:
		t.Error("nobody has been told")
	case <-time.After(20 * time.Millisecond):
	}
	l.toldAll()
	<-done
	if r.Unsettled() {
		t.Error("told")
	}
	r.Publish(&topic)
	begin := time.Now()
	r.SettledWithin(20 * time.Millisecond)
	if d := time.Since(begin); d < 20*time.Millisecond || !l.slow.Load() || r.Unsettled() {
		t.Errorf("waited %v in vain, slow %v", d, l.slow.Load())
	}
	r.SettledWithin(time.Hour) // nobody waits for a slow one
	l.takePending()
	if l.toldAll(); l.slow.Load() || l.open() != nil {
		t.Error("told, and slow still")
	}
	r.Publish(&topic)
	go func() { time.Sleep(10 * time.Millisecond); close(r.stop) }()
	r.SettledWithin(time.Hour)
}

// TestSignals: what links are told is told to each.
func TestSignals(t *testing.T) {
	l := watcher(t, "ns:1", &Self{})
	l.r.Disconnected()
	if len(l.again) != 1 || len(l.ask) != 0 || len(l.wake) != 0 {
		t.Error("the end of a connection is not told")
	}
	<-l.again
	l.r.AskMaster()
	if len(l.again) != 0 || len(l.ask) != 1 || len(l.wake) != 0 {
		t.Error("a question for the master is not told")
	}
}

// TestCallsEnd: a call to a NameServer that does not answer ends with the broker, with its link, and in time.
func TestCallsEnd(t *testing.T) {
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqQueryDataVersion, Handle: func(*remoting.Context) {}})
	for name, end := range map[string]func(l *namesrvLink){
		"stop": func(l *namesrvLink) { close(l.r.stop) },
		"quit": func(l *namesrvLink) { close(l.quit) },
		"time": nil,
	} {
		l := watcher(t, addr, &Self{})
		limit, begin := time.Hour, time.Now()
		if end == nil {
			limit = 20 * time.Millisecond
		} else {
			time.AfterFunc(20*time.Millisecond, func() { end(l) })
		}
		_, err := callNamesrv(l, limit, wire.ReqQueryDataVersion, wire.QueryDataVersionRequest, &wire.BrokerIdentityHeader{}, nil)
		if d := time.Since(begin); err == nil || d < 15*time.Millisecond || d > time.Minute {
			t.Errorf("%s: %v after %v", name, err, d)
		}
	}
}

// TestBeat: each heartbeat is told to every NameServer, one at a time.
func TestBeat(t *testing.T) {
	beats := make(chan string, 10)
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqQueryDataVersion, Handle: func(ctx *remoting.Context) {
		beats <- fmt.Sprint(ctx.Req.GetString("brokerName"), " ", ctx.Oneway())
	}})
	l := watcher(t, addr, &Self{})
	for range 2 {
		l.r.Beat(t.Context())
		if got := <-beats; got != "b true" {
			t.Errorf("%s", got)
		}
		testutil.WaitFor(t, "the end of the heartbeat", func() bool { return !l.beating.Load() })
	}
	l.beating.Store(true)
	l.r.Beat(t.Context())
	l.r.wg.Wait()
	if len(beats) != 0 {
		t.Error("a heartbeat beside one that is on its way")
	}
	gone := watcher(t, nowhere, &Self{})
	gone.r.Beat(t.Context())
	gone.r.wg.Wait()
	if gone.beating.Load() {
		t.Error("nobody there: no heartbeat any more")
	}
}
