package plain

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/compat/stamp"
	"gorocket/compat/testutil"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// rig is a service on files of its own.
type rig struct {
	t *testing.T
	*Service
	home   string
	told   chan error
	events []auth.Event
}

func write(t testing.TB, home, name, text string) string {
	t.Helper()
	file := filepath.Join(home, "conf", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * stamp.Settle)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	return file
}

func newRig(t *testing.T, strict bool, accounts string, more ...string) *rig {
	t.Helper()
	r := &rig{t: t, home: t.TempDir(), told: make(chan error, 100)}
	write(t, r.home, "plain_acl.yml", accounts)
	for i := 0; i < len(more); i += 2 {
		write(t, r.home, more[i], more[i+1])
	}
	set := Settings{Home: r.home, Strict: strict, Alone: true, Told: func(err error, _ []string) { r.told <- err },
		Write: func(name string, data []byte) error { return os.WriteFile(name, data, 0o600) }}
	var err error
	r.Service, err = New(set, func(e auth.Event) { r.events = append(r.events, e) }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask is what the service says to a request "code key=value key=value | body" of an account from an address.
func (r *rig) ask(question, key, secret, from string) string {
	r.t.Helper()
	c := request(r.t, question, key, secret)
	code, refused := r.Refuse(c, auth.Peer{Addr: netip.MustParseAddr(from)})
	if refused == "" {
		return "let in"
	}
	text, ok := strings.CutPrefix(refused, exception)
	if code != wire.SystemError || !ok {
		r.t.Errorf("%s: code %d %q", question, code, refused)
	}
	return text
}

func request(t testing.TB, question, key, secret string) *wire.Command {
	t.Helper()
	text, body, _ := strings.Cut(question, " | ")
	words := strings.Fields(text)
	c := &wire.Command{Version: 455, Body: []byte(body)}
	if err := json.Unmarshal([]byte(words[0]), &c.Code); err != nil {
		t.Fatal(err)
	}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		c.Fields = append(c.Fields, wire.Field{Key: []byte(k), Value: []byte(v)})
	}
	switch {
	case key != "" && secret != "":
		for _, f := range auth.NewSigner(auth.Credentials{AccessKey: key, SecretKey: secret}).Sign(c.Fields, c.Body) {
			c.Fields = append(c.Fields, wire.Field{Key: []byte(f.Key), Value: []byte(f.Value)})
		}
	case key != "":
		c.Fields = append(c.Fields, wire.Field{Key: []byte(auth.FieldAccessKey), Value: []byte(key)})
	}
	return c
}

const accounts = `# who may what
globalWhiteRemoteAddresses:
- 10.9.*.*
accounts:
- accessKey: admin12345 # root
  secretKey: admin12345-secret
  admin: true
- {accessKey: adminsome1, secretKey: adminsome1-secret, admin: true, topicPerms: [topicA=DENY, topicB=PUB]}
- accessKey: normal1234
  secretKey: normal1234-secret
  whiteRemoteAddress: 10.1.1.{1,2}
  defaultTopicPerm: DENY
  defaultGroupPerm: SUB
  topicPerms: [topicA=PUB, topicB=SUB, "%RETRY%groupB=DENY"]
  groupPerms: [groupA=DENY]
`

// TestStrict: in strict mode each code needs what it means, admins do what others may not, and traces are for all.
func TestStrict(t *testing.T) {
	r := newRig(t, true, accounts)
	const need = "Need admin permission for request code="
	for _, c := range []struct{ question, normal, some string }{
		{"10 topic=topicA", "", "No default permission for topic:topicA"},
		{"10 topic=topicB", "No default permission for topic:topicB", ""},
		{"310 b=RMQ_SYS_TRACE_TOPIC", "", ""},
		{"320 b=topicB", "No default permission for topic:topicB", ""},
		{"320 b=other", "No default permission for topic:other", "No default permission for topic:other"},
		{"310 b=%RETRY%groupA a=groupC", "No default permission for group:groupA", "No default permission for group:groupA"},
		{"310 b=%RETRY%groupC a=CLIENT_INNER_PRODUCER", "", "No default permission for group:groupC"},
		{"10", need + "10, but accessKey=normal1234 is not", ""},
		{"11 topic=topicB consumerGroup=groupC", "", "No default permission for topic:topicB"},
		{"361 topic=topicA consumerGroup=groupC", "No default permission for topic:topicA", "No default permission for topic:topicA"},
		{"361 topic=topicB consumerGroup=groupB", "No default permission for group:groupB", "No default permission for topic:topicB"},
		{"12 topic=topicA", "No default permission for topic:topicA", "No default permission for topic:topicA"},
		{"29 topic=topicA", "No default permission for topic:topicA", ""},
		{"29 topic=topicB", "", ""},
		{"37 topic=topicA", "", "No default permission for topic:topicA"},
		{"25 | x=y", need + "25, but accessKey=normal1234 is not", ""},
		{"513 topic=topicA", need + "513, but accessKey=normal1234 is not", ""},
		{"200 | {\"groupName\":\"groupC\"}", need + "200, but accessKey=normal1234 is not", ""},
		{"26", "", ""}, {"28", "", ""}, {"43", "", ""},
		{"3001 username=x | {}", need + "3001, but accessKey=normal1234 is not", ""},
		{"621004", need + "621004, but accessKey=normal1234 is not", ""},
		{"50 accessKey=normal1234 admin=true", need + "50, but accessKey=normal1234 is not", ""},
		{"54", need + "54, but accessKey=normal1234 is not", ""},
		{"99999", need + "99999, but accessKey=normal1234 is not", ""},
		{`34 | {"consumerDataSet":[{"groupName":"groupC","subscriptionDataSet":[{"topic":"topicB"},{"topic":"%RETRY%groupC"}]}]}`,
			"", "No default permission for group:groupC"},
		{"34 | {", "parse authorization context error.", "parse authorization context error."},
	} {
		want := func(s string) string {
			if s == "" {
				return "let in"
			}
			return s
		}
		if got := r.ask(c.question, "normal1234", "normal1234-secret", "127.0.0.1"); got != want(c.normal) {
			t.Errorf("normal: %s: %s, want %s", c.question, got, want(c.normal))
		}
		if got := r.ask(c.question, "adminsome1", "adminsome1-secret", "127.0.0.1"); got != want(c.some) {
			t.Errorf("admin with entries: %s: %s, want %s", c.question, got, want(c.some))
		}
		if got := r.ask(c.question, "admin12345", "admin12345-secret", "127.0.0.1"); got != "let in" && c.question != "34 | {" {
			t.Errorf("admin: %s: %s", c.question, got)
		}
		if got := r.ask(c.question, "normal1234", "another-secret", "127.0.0.2"); got == "let in" {
			t.Errorf("wrong secret: %s is let in", c.question)
		}
		if got := r.ask(c.question, "", "", "127.0.0.1"); got != "No accessKey is configured" {
			t.Errorf("unsigned: %s: %s", c.question, got)
		}
	}
}

// TestAddressesAreTrusted: who comes from a white address is asked for nothing, but in strict mode who is to change
// accounts signs; 4.9 lets it.
func TestAddressesAreTrusted(t *testing.T) {
	for _, c := range []struct {
		question, key, secret, from string
		strict, java                string
	}{
		{"25", "", "", "10.9.1.1", "let in", "let in"},
		{"25", "", "", "::ffff:10.9.1.1", "let in", "let in"},
		{"25", "", "", "10.8.1.1", "No accessKey is configured", "No accessKey is configured"},
		{"25", "normal1234", "", "10.1.1.2", "let in", "let in"},
		{"25", "normal1234", "", "10.1.1.3", "Check signature failed for accessKey=normal1234", "Check signature failed for accessKey=normal1234"},
		{"50", "", "", "10.9.1.1", "Need a signature of an admin for request code=50", "let in"},
		{"50", "normal1234", "normal1234-secret", "10.9.1.1", "Need admin permission for request code=50, but accessKey=normal1234 is not", "let in"},
		{"50", "normal1234", "x", "10.1.1.1", "Check signature failed for accessKey=normal1234", "let in"},
		{"50", "admin12345", "admin12345-secret", "10.9.1.1", "let in", "let in"},
		{"50", "normal1234", "normal1234-secret", "10.7.1.1", "Need admin permission for request code=50, but accessKey=normal1234 is not",
			"Need admin permission for request code=50, but accessKey=normal1234 is not"},
	} {
		for strict, want := range map[bool]string{true: c.strict, false: c.java} {
			r := newRig(t, strict, accounts)
			if got := r.ask(c.question, c.key, c.secret, c.from); got != want {
				t.Errorf("strict %v: %s of %s from %s: %s, want %s", strict, c.question, c.key, c.from, got, want)
			}
		}
	}
}

// TestMayHave: a message of a topic is for who may read it; only in strict mode.
func TestMayHave(t *testing.T) {
	r := newRig(t, true, accounts)
	have := func(r *rig, key, topic, from string) string {
		c := request(t, "33 topic=x", key, "")
		return r.MayHave(c, auth.Peer{Addr: netip.MustParseAddr(from)}, topic, auth.Of(auth.Get))
	}
	for _, c := range []struct{ key, topic, from, want string }{
		{"normal1234", "topicB", "127.0.0.1", ""}, {"normal1234", "topicA", "127.0.0.1", "No default permission for topic:topicA"},
		{"normal1234", "%RETRY%groupC", "127.0.0.1", ""}, {"normal1234", "%RETRY%groupA", "127.0.0.1", "No default permission for group:groupA"},
		{"normal1234", "topicA", "10.1.1.1", ""}, {"normal1234", "topicA", "10.9.9.9", ""}, {"", "topicA", "10.9.9.9", ""},
		{"ghost", "topicB", "127.0.0.1", "No acl config for ghost"}, {"admin12345", "topicA", "127.0.0.1", ""},
	} {
		if got := have(r, c.key, c.topic, c.from); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if n := r.Tallies().Unauthorized.Load(); n != 2 || len(r.events) != 2 || r.events[0].Resource != "Topic:topicA" {
		t.Errorf("%d counted, %+v", n, r.events)
	}
	if got := have(newRig(t, false, accounts), "normal1234", "topicA", "127.0.0.1"); got != "" {
		t.Errorf("not strict: %s", got)
	}
}

// TestSlowed: after many wrong signatures from one address a right one is not looked at either; another address is.
func TestSlowed(t *testing.T) {
	r := newRig(t, true, accounts)
	for range 30 {
		r.ask("28", "normal1234", "wrong-secret", "10.5.0.1")
	}
	if got := r.ask("28", "normal1234", "normal1234-secret", "10.5.0.1"); got != "Check signature failed for accessKey=normal1234" {
		t.Error(got)
	}
	if got := r.ask("28", "normal1234", "normal1234-secret", "10.5.0.2"); got != "let in" {
		t.Error(got)
	}
	n := r.Tallies()
	if n.Slowed.Load() < 5 || n.Passed.Load() != 1 || n.Unauthenticated.Load() != 31 {
		t.Errorf("slowed %d, passed %d, refused %d", n.Slowed.Load(), n.Passed.Load(), n.Unauthenticated.Load())
	}
	if e := r.events[0]; e.User != "normal1234" || e.Code != 28 || e.Peer.Addr.String() != "10.5.0.1" {
		t.Errorf("%+v", e)
	}
}

// TestUniqueKeyQuery: whether a key is a unique one is signed by some clients of 4.9 and not by others; both are let in.
func TestUniqueKeyQuery(t *testing.T) {
	r := newRig(t, true, accounts)
	flag := wire.Field{Key: []byte("_UNIQUE_KEY_QUERY"), Value: []byte("true")}
	for _, signed := range []bool{true, false} {
		c := request(t, "12 topic=topicB _UNIQUE_KEY_QUERY=true", "normal1234", "normal1234-secret")
		if !signed {
			c = request(t, "12 topic=topicB", "normal1234", "normal1234-secret")
			c.Fields = append(c.Fields, flag)
		}
		if _, refused := r.Refuse(c, auth.Peer{Addr: netip.MustParseAddr("127.0.0.1")}); refused != "" {
			t.Errorf("signed %v: %s", signed, refused)
		}
	}
}
