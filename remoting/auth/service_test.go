package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

var from4 = netip.MustParseAddr("10.1.1.1")

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// guarded is a service with the users root (SUPER), alice, and eve, who is disabled, and what it told.
func guarded(t testing.TB, set Settings) (*Service, *clock, *[]Event) {
	s, c, events := NewStore(), &clock{time.Unix(1e9, 0)}, &[]Event{}
	for _, u := range []User{{Username: "root", Password: "rootpw", Type: Super}, {Username: "alice", Password: "alicepw"},
		{Username: "eve", Password: "evepw", Status: Disabled}} {
		refused(t, "user", s.CreateUser(u), "")
	}
	set.Cluster = "own"
	return NewService(s, set, func(e Event) { *events = append(*events, e) }, c.now), c, events
}

// request is one that user signs with secret; "" for one without a user.
func request(user, secret string, code int32, body string, kv ...string) *wire.Command {
	c := &wire.Command{Code: code, Version: 513, Fields: fields(kv...), Body: []byte(body)}
	if user != "" {
		c.Fields = append(c.Fields, fields(FieldAccessKey, user)...)
	}
	if secret != "" {
		signed(NewKey(secret), c)
	}
	return c
}

var here = Peer{Conn: 1, Addr: from4}

// TestAuthenticate: who is let in, and in which words others are not.
func TestAuthenticate(t *testing.T) {
	s, _, events := guarded(t, Settings{Authenticate: true, Unsigned: ParseCodes(" 105 ,x,, 12")})
	for _, c := range []struct {
		c    *wire.Command
		want string
	}{
		{request("alice", "alicepw", 10, "b", "topic", "T"), ""}, {request("root", "rootpw", 10, ""), ""},
		{request("alice", "rootpw", 10, "b", "topic", "T"), "check signature failed."},
		{request("alice", "", 10, "b"), "check signature failed."}, {request("", "", 10, "b"), "username cannot be null."},
		{request("", "alicepw", 10, "b"), "username cannot be null."},
		{request("bob", "alicepw", 10, "b"), "User:bob is not found."},
		{request("eve", "evepw", 10, ""), "User:eve is disabled."}, {request("eve", "x", 10, ""), "User:eve is disabled."},
		{request("", "", 105, ""), ""}, {request("bob", "x", 12, ""), ""}, {request("", "", 11, ""), "username cannot be null."},
	} {
		*events = nil
		got := s.Check(c.c, here)
		if got != c.want {
			t.Errorf("%d by %s: %q, want %q", c.c.Code, c.c.GetString(FieldAccessKey), got, c.want)
		}
		if told := len(*events) == 1 && (*events)[0].Refused == c.want && (*events)[0].Code == c.c.Code &&
			(*events)[0].User == c.c.GetString(FieldAccessKey) && (*events)[0].Peer == here; told != (c.want != "") {
			t.Errorf("%d: told %+v", c.c.Code, *events)
		}
	}
	if n := s.Tallies(); n.Passed.Load() != 4 || n.Unauthenticated.Load() != 8 || n.Unauthorized.Load() != 0 {
		t.Errorf("counted %d, %d, %d", n.Passed.Load(), n.Unauthenticated.Load(), n.Unauthorized.Load())
	}
	refused(t, "password", s.UpdateUser(User{Username: "alice", Password: "other"}), "")
	if s.Check(request("alice", "alicepw", 10, ""), here) == "" || s.Check(request("alice", "other", 10, ""), here) != "" {
		t.Error("a changed password does not count at once")
	}
}

// TestSuperOnly: what changes something is done by SUPER users only, whatever the permissions of others say.
func TestSuperOnly(t *testing.T) {
	s, _, _ := guarded(t, Settings{Authenticate: true, Authorize: true, Strict: true, SuperOnly: true})
	refused(t, "acl", s.GrantACL("alice", policies(t, []string{"* All Allow"}, nil)), "")
	for code, open := range map[int32]bool{wire.ReqSendMessage: true, wire.ReqPullMessage: true,
		wire.ReqUpdateConsumerOffset: true, wire.ReqGetBrokerConfig: true, wire.ReqUpdateAndCreateTopic: false,
		wire.ReqDeleteTopicInBroker: false, wire.ReqUpdateBrokerConfig: false, wire.ReqInvokeBrokerToResetOffset: false,
		wire.ReqUpdateAndCreateSubscriptiongroup: false, wire.ReqAuthCreateUser: false, wire.ReqAuthDeleteAcl: false} {
		kv := []string{"topic", "T", "consumerGroup", "g", "group", "g"}
		if got := s.Check(request("alice", "alicepw", code, `{"groupName":"g"}`, kv...), here); (got == "") != open ||
			!open && !strings.Contains(got, "SUPER users administer") {
			t.Errorf("%d by alice: %q", code, got)
		}
		if got := s.Check(request("root", "rootpw", code, `{"groupName":"g"}`, kv...), here); got != "" {
			t.Errorf("%d by root: %q", code, got)
		}
	}
}

// TestAuthorize: permissions in Java's words, for normal users; SUPER users are not asked.
func TestAuthorize(t *testing.T) {
	s, _, events := guarded(t, Settings{Authenticate: true, Authorize: true, Strict: true, Unchecked: ParseCodes("26")})
	refused(t, "acl", s.GrantACL("alice", policies(t, []string{"Topic:T Pub,Sub Allow", "Group:g Sub Allow",
		"Topic:deny Pub Deny", "Topic:far Pub Allow 192.168.0.0/16", "Topic:made* Create Allow"}, nil)), "")
	no := func(resource, why string) string {
		return "User:alice has no permission to access " + resource + " from 10.1.1.1, " + why
	}
	for _, c := range []struct {
		user string
		code int32
		body string
		kv   []string
		want string
		told bool
	}{
		{"alice", 10, "", []string{"topic", "T"}, "", false}, {"alice", 10, "", []string{"topic", "%RETRY%g"}, "", false},
		{"alice", 10, "", []string{"topic", "U"}, no("Topic:U", "no matched policies."), true},
		{"alice", 10, "", []string{"topic", "deny"}, no("Topic:deny", "the decision is deny."), true},
		{"alice", 10, "", []string{"topic", "far"}, no("Topic:far", "no matched policies."), true},
		{"alice", 10, "", nil, no("Topic:null", "no matched policies."), true},
		{"alice", 11, "", []string{"topic", "T", "consumerGroup", "g"}, "", false},
		{"alice", 11, "", []string{"topic", "T", "consumerGroup", "h"}, no("Group:h", "no matched policies."), true},
		{"alice", 34, "x", nil, "parse authorization context error.", true}, {"alice", 34, "{}", nil, "", false},
		{"alice", 25, "a=b", nil, no("Cluster:own", "no matched policies."), true}, {"alice", 26, "", nil, "", false},
		{"alice", 17, "", []string{"topic", "made1"}, "", true}, {"root", 25, "a=b", nil, "", true},
		{"root", 10, "", []string{"topic", "U"}, "", false}, {"root", 34, "x", nil, "parse authorization context error.", true},
	} {
		*events = nil
		got := s.Check(request(c.user, c.user+"pw", c.code, c.body, c.kv...), here)
		if got != c.want || (len(*events) == 1) != c.told {
			t.Errorf("%d %v by %s: %q, want %q; told %+v", c.code, c.kv, c.user, got, c.want, *events)
		}
		if c.told && ((*events)[0].Refused != c.want || strings.Contains(fmt.Sprint((*events)[0]), "pw")) {
			t.Errorf("told %+v", (*events)[0])
		}
		if c.told && strings.Contains(c.want, "no permission") && !strings.Contains(c.want, " access "+
			(*events)[0].Resource+" from ") {
			t.Errorf("told of %q", (*events)[0].Resource)
		}
	}
	counts := map[string]int64{}
	s.Tallies().Each(func(result string, n int64) { counts[result] = n })
	if counts["passed"] != 8 || counts["unauthorized"] != 8 || counts["unauthenticated"] != 0 || len(counts) != 4 {
		t.Errorf("counted %v", counts)
	}
	if got := s.Check(request("alice", "alicepw", 10, "", "topic", "far"), Peer{Addr: netip.MustParseAddr(
		"::ffff:192.168.3.4")}); got != "" {
		t.Errorf("IPv4 in IPv6: %s", got)
	}
	if got := s.Check(request("alice", "alicepw", 10, "", "topic", "far"), Peer{}); got != textFailed {
		t.Errorf("no address: %q", got)
	}
	if got := s.Check(request("alice", "alicepw", 10, "", "topic", "U"), Peer{}); got !=
		"User:alice has no permission to access Topic:U from , no matched policies." {
		t.Errorf("no address: %q", got)
	}
}

// TestModes: what is asked where only one of the two is on, and what Java leaves open.
func TestModes(t *testing.T) {
	lax, _, _ := guarded(t, Settings{Authorize: true})
	strict, _, _ := guarded(t, Settings{Authorize: true, Strict: true})
	off, _, _ := guarded(t, Settings{})
	for _, c := range []struct {
		name       string
		c          *wire.Command
		java, ours string
	}{
		{"super by name", request("root", "", 25, ""), "", ""}, {"nobody", request("", "", 10, "", "topic", "T"), textFailed,
			textFailed},
		{"nobody, no fields", request("", "", 10, ""), "", textFailed},
		{"unknown", request("bob", "", 10, "", "topic", "T"), "User:bob not found.", "User:bob not found."},
		{"disabled", request("eve", "", 10, "", "topic", "T"), "User:eve is disabled.", "User:eve is disabled."},
		{"change of configuration", request("alice", "", 25, ""), "",
			"User:alice has no permission to access Cluster:own from 10.1.1.1, no matched policies."},
		{"lite pull", request("alice", "", 361, "", "topic", "T"), "",
			"User:alice has no permission to access Topic:T from 10.1.1.1, no matched policies."},
		{"a code of nobody", request("alice", "", 7777, ""), "",
			"User:alice has no permission to access Cluster:own from 10.1.1.1, no matched policies."},
		{"a heartbeat of a disabled one", request("eve", "", 34, "{}"), "", "User:eve is disabled."},
	} {
		if got := lax.Check(c.c, here); got != c.java {
			t.Errorf("%s, Java: %q, want %q", c.name, got, c.java)
		}
		if got := strict.Check(c.c, here); got != c.ours {
			t.Errorf("%s: %q, want %q", c.name, got, c.ours)
		}
		if got := off.Check(c.c, here); got != "" {
			t.Errorf("%s, off: %q", c.name, got)
		}
	}
}

// TestStateful: the first verdict of a connection counts for its user, for a time and as long as nothing changes; a
// white list is no verdict.
func TestStateful(t *testing.T) {
	s, c, _ := guarded(t, Settings{Authenticate: true, Authorize: true, Unsigned: ParseCodes("105"),
		StatefulUsers: Cache{Max: 3, For: time.Minute}, StatefulGrants: Cache{Max: 3, For: time.Minute}})
	refused(t, "acl", s.GrantACL("alice", policies(t, []string{"Topic:T Pub Allow"}, nil)), "")
	good, bad := request("alice", "alicepw", 10, "", "topic", "T"), request("alice", "x", 10, "", "topic", "T")
	check := func(what string, c *wire.Command, conn uint64, want string) {
		t.Helper()
		if got := s.Check(c, Peer{Conn: conn, Addr: from4}); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("white", request("alice", "x", 105, "", "topic", "T"), 1, "")
	check("after the white one", bad, 1, textSignature)
	check("the bad one counts", good, 1, textSignature)
	check("elsewhere it does not", good, 2, "")
	check("the good one counts", bad, 2, "")
	check("of another user it does not", request("root", "x", 10, "", "topic", "T"), 2, textSignature)
	c.at = c.at.Add(time.Minute)
	check("still", bad, 2, "")
	c.at = c.at.Add(time.Nanosecond)
	check("too long ago", bad, 2, textSignature)
	c.at = c.at.Add(2 * time.Minute)
	check("good", good, 3, "")
	refused(t, "update", s.UpdateUser(User{Username: "alice", Password: "other"}), "")
	check("a changed password", good, 3, textSignature)
	for conn := range uint64(100) {
		s.Check(good, Peer{Conn: conn, Addr: from4})
		s.ask(s.Store.now.Load(), []byte("alice"), &Ask{Topic, fmt.Append(nil, conn), Of(Pub)}, Peer{Conn: conn})
	}
	for conn := range uint64(20) { // one goes for one that comes
		if s.grants.put(grantKey{userKey: userKey{conn: 1000 + conn}}, 1, "", c.now); len(s.grants.all) != 3 {
			t.Errorf("%d verdicts are remembered", len(s.grants.all))
		}
	}
	if newVerdicts[int](Cache{Max: 1}) != nil || newVerdicts[int](Cache{For: 1}) != nil {
		t.Error("verdicts for no time, or none, are remembered")
	}
	if len(s.users.all) > 3 || len(s.grants.all) != 3 {
		t.Errorf("%d and %d verdicts are remembered", len(s.users.all), len(s.grants.all))
	}
	k := func(name []byte, typ ResourceType, actions Actions, p Peer) string {
		return s.ask(s.Store.now.Load(), []byte("alice"), &Ask{typ, name, actions}, p)
	}
	for range 2 { // the second time out of memory
		if k([]byte("T"), Topic, Of(Pub), here) != "" || k([]byte("T"), Group, Of(Pub), here) == "" ||
			k([]byte("T"), Topic, Of(Sub), here) == "" || !strings.Contains(k(nil, Topic, Of(Pub), here), "null") ||
			strings.Contains(k([]byte{}, Topic, Of(Pub), here), "null") {
			t.Error("verdicts are mixed up")
		}
	}
}

// TestFailing: after too many wrong signatures of a user from an address not even the right one is looked at, until time
// has gone by; other users and addresses go on.
func TestFailing(t *testing.T) {
	s, c, _ := guarded(t, Settings{Authenticate: true})
	good, bad := request("alice", "alicepw", 10, ""), request("alice", "x", 10, "")
	at := func(c *wire.Command, addr string) bool {
		return s.Check(c, Peer{Addr: netip.MustParseAddr(addr)}) == ""
	}
	for i := range failBurst {
		if at(bad, "10.1.1.1") || !at(good, "10.1.1.1") && i < failBurst-1 {
			t.Fatalf("time %d", i)
		}
	}
	if at(good, "10.1.1.1") || s.Tallies().Slowed.Load() != 1+1 {
		t.Errorf("it is let in, %d slowed", s.Tallies().Slowed.Load())
	}
	if !at(good, "10.1.1.2") || !at(request("root", "rootpw", 10, ""), "10.1.1.1") {
		t.Error("others are not let in")
	}
	c.at = c.at.Add(failEvery)
	if !at(good, "10.1.1.1") || at(bad, "10.1.1.1") || at(good, "10.1.1.1") {
		t.Error("one look each half second")
	}
	c.at = c.at.Add(time.Hour)
	if !at(good, "10.1.1.1") || s.failing.some.Load() {
		t.Error("it is not forgotten")
	}
	for range failBurst { // one network of IPv6 is as one address
		at(bad, "fd00::1")
	}
	if at(good, "fd00::2") || !at(good, "fd00:0:0:1::1") {
		t.Error("IPv6")
	}
	for i := range 2 * maxFailing {
		at(bad, netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}).String())
	}
	if n := len(s.failing.all); n > maxFailing {
		t.Errorf("%d are remembered", n)
	}
	c.at = c.at.Add(time.Hour)
	at(bad, "10.9.9.9")
	if n := len(s.failing.all); n != 1 {
		t.Errorf("%d are remembered after an hour", n)
	}
}

// TestCheckAllocates: nothing, for a send and a pull that are let in. The least of many runs counts: the race detector
// has pools forget at random.
func TestCheckAllocates(t *testing.T) {
	s, send, pull := benchService(t)
	for name, c := range map[string]*wire.Command{"send": send, "pull": pull} {
		least := 100.0
		for range 100 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if why := s.Check(c, here); why != "" {
					t.Fatal(why)
				}
			}))
		}
		if least > 0 {
			t.Errorf("%s: %v allocations", name, least)
		}
	}
}

func benchService(t testing.TB) (s *Service, send, pull *wire.Command) {
	s, _, _ = guarded(t, Settings{Authenticate: true, Authorize: true, Strict: true})
	refused(t, "acl", s.GrantACL("alice", policies(t, []string{"Topic:Bench* Pub,Sub Allow 10.0.0.0/8", "Group:g Sub Allow"},
		nil)), "")
	list := sendFields()
	list[len(list)-1].Value = []byte("alice")
	send = signed(NewKey("alicepw"), &wire.Command{Code: 310, Version: 513, Fields: list, Body: make([]byte, 128)})
	pull = request("alice", "alicepw", 11, "", "topic", "BenchTopic", "consumerGroup", "g", "queueId", "1")
	return s, send, pull
}

// BenchmarkCheck is all of it for a send with 128 bytes: signature and one permission.
func BenchmarkCheck(b *testing.B) {
	s, send, _ := benchService(b)
	b.ReportAllocs()
	for b.Loop() {
		if s.Check(send, here) != "" {
			b.Fatal("refused")
		}
	}
}

// TestMayHave: a message of that topic, in strict mode only, with what was refused counted and told.
func TestMayHave(t *testing.T) {
	for _, set := range []Settings{{Authorize: true, Strict: true}, {Authorize: true}, {Strict: true},
		{Authorize: true, Strict: true, Unchecked: ParseCodes("33")}} {
		s, _, events := guarded(t, set)
		refused(t, "acl", s.GrantACL("alice", policies(t, []string{"Topic:T Get Allow", "Group:g Get Allow 10.0.0.0/8"}, nil)), "")
		asked := set.Authorize && set.Strict && set.Unchecked == nil
		mapped := Peer{Conn: 1, Addr: netip.MustParseAddr("::ffff:10.1.1.1")}
		for _, c := range []struct {
			user, topic string
			ok          bool
		}{{"alice", "T", true}, {"alice", "U", false}, {"alice", "%RETRY%g", true}, {"alice", "%RETRY%h", false},
			{"root", "U", true}, {"eve", "T", false}, {"", "T", false}} {
			*events = nil
			why := s.MayHave(request(c.user, "", 33, "", "topic", "T"), mapped, c.topic, Of(Get))
			if (why == "") != (c.ok || !asked) || len(*events) != map[bool]int{true: 0, false: 1}[why == ""] {
				t.Errorf("%+v, %+v: %q, told %v", set, c, why, *events)
			}
		}
		if n := s.Tallies().Unauthorized.Load(); asked != (n == 4) || s.Tallies().Passed.Load() != 0 {
			t.Errorf("counted %d", n)
		}
	}
}

// TestIsSuper: by the name in the request; nobody is as good as one, a stranger is not.
func TestIsSuper(t *testing.T) {
	s, _, _ := guarded(t, Settings{})
	for user, want := range map[string][2]bool{"root": {true, true}, "alice": {false, true}, "bob": {false, false}, "": {true,
		true}} {
		if super, known := s.IsSuper(request(user, "", 1, "")); super != want[0] || known != want[1] {
			t.Errorf("%s: %v, %v", user, super, known)
		}
	}
	if super, known := s.IsSuper(&wire.Command{Fields: fields(FieldAccessKey, "")}); !super || !known {
		t.Error("an empty name")
	}
}

// TestVerdictsMakeRoom: when there is no room, a few of those whose time is over go, and no more than a few are looked at.
func TestVerdictsMakeRoom(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	v := newVerdicts[int](Cache{Max: 20, For: time.Second})
	for i := range 20 {
		v.put(i, 1, "", c.now)
	}
	c.at = c.at.Add(2 * time.Second)
	v.put(100, 1, "", c.now)
	if len(v.all) != 20-8+1 {
		t.Errorf("%d are left", len(v.all))
	}
	v.put(100, 1, "no", c.now)
	if why, ok := v.get(100, 1, c.now); !ok || why != "no" || len(v.all) != 13 {
		t.Errorf("%q, %v, %d", why, ok, len(v.all))
	}
}
