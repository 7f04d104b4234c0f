package cluster

import (
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// registered is one request of a registration.
type registered struct {
	h    wire.RegisterBrokerRequestHeader
	body *protocol.RegisterBrokerBody
}

// names is a NameServer that notes registrations and answers them with code.
type names struct {
	mu   sync.Mutex
	code int32        // guarded by mu
	got  []registered // guarded by mu
}

func (n *names) register(ctx *remoting.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var r registered
	err := wire.RegisterBrokerRequest.Decode(ctx.Req, nil, &r.h)
	if err == nil && r.h.BodyCRC32 != int32(crc32.ChecksumIEEE(ctx.Req.Body)&0x7FFFFFFF) {
		err = errors.New("the CRC is another one")
	}
	if err == nil {
		r.body, err = protocol.DecodeRegisterBroker(ctx.Req.Body, r.h.Compressed, compat.CurrentVersion)
	}
	if err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return
	}
	if n.got = append(n.got, r); n.code != wire.Success {
		ctx.Status(n.code, "no")
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterBrokerResponse,
		&wire.RegisterBrokerResponseHeader{MasterAddr: "m:1", HAServerAddr: "m:2"}, remoting.Body{})
}

// took is what came since the last call.
func (n *names) took() []registered {
	n.mu.Lock()
	defer n.mu.Unlock()
	got := n.got
	n.got = nil
	return got
}

// linkTo is the link of a broker to a NameServer, without a goroutine; master notes what a slave hears.
func linkTo(t *testing.T, n *names, self *Self, master *[]string) *namesrvLink {
	t.Helper()
	self.RegisterTimeout = 10 * time.Second
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqRegisterBroker, Mode: remoting.Pooled, Handle: n.register})
	r := NewRegistrar(Deps{Client: remotingtest.Client(t), Log: zerolog.Nop(),
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second), Self: func() *Self { return self },
		Master: func(addr, haAddr string) { *master = append(*master, addr+" "+haAddr) },
		Static: func(topics map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingInfo {
			if topics["S"] == nil {
				return nil
			}
			return map[string]*protocol.TopicQueueMappingInfo{"S": {Topic: "S", Bname: "b", CurrIDMap: map[int]int{0: 7}}}
		}}, []string{addr})
	return r.links()[0]
}

// table is a table of topics with permission 6.
func table(names ...string) map[string]*protocol.TopicConfig {
	all := map[string]*protocol.TopicConfig{}
	for _, name := range names {
		c := protocol.NewTopicConfig(name)
		c.Perm = 6
		all[name] = &c
	}
	return all
}

// TestSendTopics: a table comes whole, in as many requests as it takes, with what is static told in the first; only the
// last of several carries the version when a NameServer has to take all of it anew.
func TestSendTopics(t *testing.T) {
	version := compat.DataVersion{StateVersion: 3, Timestamp: 1000, Counter: 9}
	for _, c := range []struct {
		most              int
		compressed, renew bool
		times             []int64
	}{{0, false, false, []int64{1000}}, {0, true, true, []int64{1000}}, {2, false, false, []int64{1000, 1000, 1000}},
		{2, true, true, []int64{998, 999, 1000}}} {
		var heard []string
		n := &names{}
		self := &Self{Identity: wire.BrokerIdentityHeader{BrokerName: "b", BrokerAddr: "10.0.0.1:1", ClusterName: "c"},
			HAAddr: "10.0.0.1:2", Permission: 6, MaxTopics: c.most, Compressed: c.compressed}
		l := linkTo(t, n, self, &heard)
		if err := l.sendTopics(version, table("A", "B", "C", "D", "S", "T"), c.renew); err != nil || l.sent != version {
			t.Fatalf("%+v: %v, sent %+v", c, err, l.sent)
		}
		var topics []string
		var times []int64
		for i, r := range n.took() {
			w := &r.body.TopicConfigSerializeWrapper
			topics = append(topics, slices.Sorted(maps.Keys(w.TopicConfigTable))...)
			times = append(times, w.DataVersion.Timestamp)
			if w.DataVersion.StateVersion != 3 || w.DataVersion.Counter != 9 || r.h.BrokerIdentityHeader != self.Identity ||
				r.h.HAServerAddr != self.HAAddr || r.h.Compressed != c.compressed || r.h.HeartbeatTimeoutMillis != -1 {
				t.Errorf("%+v: request %d is %+v, version %+v", c, i, r.h, w.DataVersion)
			}
			info := w.TopicQueueMappingInfoMap
			if tells := len(info) == 1 && info["S"] != nil && info["S"].CurrIDMap[0] == 7; tells != (i == 0) ||
				i > 0 && len(info) != 0 {
				t.Errorf("%+v: request %d tells of static topics %+v", c, i, info)
			}
		}
		slices.Sort(topics)
		if !slices.Equal(topics, []string{"A", "B", "C", "D", "S", "T"}) || !slices.Equal(times, c.times) || len(heard) != 0 {
			t.Errorf("%+v: topics %v, versions of %v; a master heard %v", c, topics, times, heard)
		}
	}
}

// TestSendTopicsFails: what a NameServer refuses is told with the part that it refused, and counts as not sent.
func TestSendTopicsFails(t *testing.T) {
	var heard []string
	n := &names{code: wire.SystemError}
	l := linkTo(t, n, &Self{Permission: 6, MaxTopics: 2}, &heard)
	err := l.sendTopics(compat.DataVersion{Counter: 9}, table("A", "B", "C", "D"), true)
	var refused *remoting.ResponseError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "request 1 of 2, with 2 of 4 topics") ||
		len(n.took()) != 1 || l.sent != (compat.DataVersion{}) {
		t.Errorf("%v, sent %+v", err, l.sent)
	}
}

// TestSlaveHearsItsMaster: with each registration, without topics too.
func TestSlaveHearsItsMaster(t *testing.T) {
	var heard []string
	n := &names{}
	l := linkTo(t, n, &Self{Identity: wire.BrokerIdentityHeader{BrokerID: 1}, Permission: 6}, &heard)
	l.r.stateVersion.Store(50) // another broker had been overtaken
	if err := l.sendTopics(compat.DataVersion{StateVersion: 3}, nil, false); err != nil || !slices.Equal(heard,
		[]string{"m:1 m:2"}) || l.sent.StateVersion != 50 {
		t.Errorf("%v, heard %v, sent %+v", err, heard, l.sent)
	}
	if got := n.took(); len(got) != 1 || len(got[0].body.TopicConfigSerializeWrapper.TopicConfigTable) != 0 {
		t.Errorf("%d requests", len(got))
	}
	n.code = wire.SystemError
	if err := l.sendTopics(compat.DataVersion{}, nil, false); err == nil || len(heard) != 1 {
		t.Errorf("refused: %v, heard %v", err, heard)
	}
}

// TestPermitted: a broker that may not be read, or written, says so of each of its topics, and changes none.
func TestPermitted(t *testing.T) {
	for perm, want := range map[int]int{6: 6, 7: 6, 4: 4, 2: 2, 0: 0} {
		topics := table("A")
		s := Self{Permission: perm}
		if got := s.permitted(topics)["A"].Perm; got != want || topics["A"].Perm != 6 {
			t.Errorf("permission %d: %d, the table has %d", perm, got, topics["A"].Perm)
		}
	}
}

// TestLinkHealth: since when it is as it is, how often it failed, and what is news.
func TestLinkHealth(t *testing.T) {
	var h linkHealth
	first, second := errors.New("a"), errors.New("b")
	for i, c := range []struct {
		err      error
		news     bool
		failures int64
	}{{nil, false, 0}, {first, true, 1}, {fmt.Errorf("a"), false, 2}, {second, true, 3}, {nil, true, 3}, {nil, false, 3}} {
		_, before, _ := h.get()
		if h.note(c.err) != c.news {
			t.Errorf("%d: news %v", i, !c.news)
		}
		err, since, failures := h.get()
		turned := i == 1 || i == 4
		if err != c.err || failures != c.failures || since.After(before) != turned {
			t.Errorf("%d: %v since %v, %d failures", i, err, since, failures)
		}
	}
}
