package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting/wire"
)

// bound is Options as a file binds them.
type bound struct{ Options }

func (*bound) Keys() config.Table { return config.Auth }

// TestOptions: what the keys of a file make of a service.
func TestOptions(t *testing.T) {
	const name = "org.apache.rocketmq.auth."
	var o bound
	config.SetDefaults(&o)
	if o.On() || !cmp.Equal(o.Options.Settings("c"), Settings{Strict: true, Cluster: "c", Unsigned: Codes{}, Unchecked: Codes{}}) {
		t.Errorf("%+v", o.Options.Settings("c"))
	}
	p, err := compat.ParseProperties([]byte("authenticationEnabled=true\nauthorizationEnabled=true\n" +
		"authorizationStrictMode=false\nauthenticationWhitelist=10, 11 ,x,+12,013\nauthorizationWhitelist=105\n" +
		"authenticationMetadataProvider=" + name + "authentication.provider.LocalAuthenticationMetadataProvider\n" +
		"authenticationStrategy=" + name + "authentication.strategy.StatefulAuthenticationStrategy\n" +
		"authorizationStrategy=" + name + "authorization.strategy.StatefulAuthorizationStrategy\n" +
		"statefulAuthenticationCacheMaxNum=5\nstatefulAuthorizationCacheExpiredSecond=7\n" +
		`initAuthenticationUser={"username":"root","password":"pw"}` + "\n" +
		`innerClientAuthenticationCredentials={"accessKey":"inner","secretKey":"sk","securityToken":"tok"}`))
	if err != nil {
		t.Fatal(err)
	}
	if unknown, err := config.Bind(p, &o); err != nil || unknown != nil {
		t.Fatal(unknown, err)
	}
	want := Settings{Authenticate: true, Authorize: true, Cluster: "c", Unsigned: Codes{10: true, 11: true},
		Unchecked: Codes{105: true}, StatefulUsers: Cache{5, time.Minute}, StatefulGrants: Cache{10000, 7 * time.Second}}
	if diff := cmp.Diff(want, o.Options.Settings("c")); diff != "" || !o.On() {
		t.Error(diff)
	}
	users, err := o.FirstUsers()
	if diff := cmp.Diff([]User{{Username: "root", Password: "pw", Type: Super, Status: Enabled}, {Username: "inner",
		Password: "sk", Type: Super, Status: Enabled}}, users); diff != "" || err != nil || o.Check() != nil {
		t.Error(diff, err)
	}
	if c := o.Credentials(); *c != (Credentials{"inner", "sk", "tok"}) {
		t.Errorf("%+v", c)
	}
}

// TestOptionsRefuse: credentials that cannot be used, in words that do not hold them.
func TestOptionsRefuse(t *testing.T) {
	for _, text := range []string{"x", "{", `{"username":"u","password":""}`, `{"username":" ","password":"hidden"}`,
		`{"accessKey":"u","secretKey":""}`, `{"password":["hidden"],"username":`, `{"accessKey":"","secretKey":"hidden"}`,
		`{"username":"u","accessKey":"u","password":"hidden` + strings.Repeat("x", 1024) + `","secretKey":"hidden` +
			strings.Repeat("x", 1024) + `"}`} {
		for key, o := range map[string]Options{"initAuthenticationUser": {Signing: Signing{InitAuthenticationUser: text}},
			"innerClientAuthenticationCredentials": {Signing: Signing{InnerClientCredentials: text}}} {
			if err := o.Check(); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%s=%s: %v", key, text, err)
			}
		}
	}
	for _, o := range []Options{{}, {AuthenticationEnabled: true}, {AuthorizationEnabled: true}} {
		if o.Check() != nil || o.Credentials() != nil || o.On() != (o.AuthenticationEnabled || o.AuthorizationEnabled) {
			t.Errorf("%+v: %v", o, o.Check())
		}
	}
}

// TestOptionsRefuseTellsForm: the two keys have different forms, and are given each other's: the error says what is
// wanted.
func TestOptionsRefuseTellsForm(t *testing.T) {
	for _, c := range []struct {
		s    Signing
		want string
	}{{Signing{InitAuthenticationUser: `{"accessKey":"u","secretKey":"hidden"}`}, `want {"username":"...","password":"..."}`},
		{Signing{InitAuthenticationUser: "{username:u}"}, `want {"username":"...","password":"..."}`},
		{Signing{InnerClientCredentials: `{"username":"u","password":"hidden"}`}, `want {"accessKey":"...","secretKey":"..."}`},
		{Signing{InnerClientCredentials: "u"}, `want {"accessKey":"...","secretKey":"..."}`}} {
		if err := c.s.Check(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
}

// TestSigner: what a program signs is verified by its key, with the token in it, and signing twice changes nothing.
func TestSigner(t *testing.T) {
	for _, token := range []string{"", "tok"} {
		s := NewSigner(Credentials{AccessKey: "u", SecretKey: "sk", SecurityToken: token})
		for range 2 {
			c := &wire.Command{Version: wire.CurrentVersion, Fields: fields("topic", "T", "a", "1"), Body: []byte("b")}
			added := s.Sign(c.Fields, c.Body)
			for _, f := range added {
				c.Fields = append(c.Fields, fields(f.Key, f.Value)...)
			}
			if !NewKey("sk").Verify(c) || c.GetString(FieldAccessKey) != "u" || c.GetString(FieldSecurityToken) != token ||
				len(added) != 2+len(token)/3 {
				t.Errorf("token %q: %v", token, added)
			}
		}
	}
}

// TestFirstUsers: they are made where they are missing, and stay as they are where not; a slave keeps its own.
func TestFirstUsers(t *testing.T) {
	s := NewStore()
	s.First = []User{{Username: "a", Password: "p", Type: Super}, {Username: "b", Password: "p", Type: Super}}
	refused(t, "a", s.CreateUser(User{Username: "a", Password: "old"}), "")
	if err := s.Begin(); err != nil {
		t.Fatal(err)
	}
	bad := NewStore()
	bad.First = []User{{Username: "c"}, {Username: "b", Password: "p"}}
	if err := bad.Begin(); err == nil {
		t.Error("a user without a password was made")
	}
	if a, _ := s.User("a"); a.Password != "old" || a.Type != Normal {
		t.Errorf("%+v", a)
	}
	if b, _ := s.User("b"); b.Password != "p" || b.Type != Super {
		t.Errorf("%+v", b)
	}
	master := NewStore()
	refused(t, "a", master.CreateUser(User{Username: "a", Password: "theirs"}), "")
	text, _ := master.Encode()
	for _, want := range []bool{true, false} {
		if changed, err := s.Follow(text); changed != want || err != nil {
			t.Errorf("%v, %v", changed, err)
		}
	}
	if a, _ := s.User("a"); a.Password != "theirs" {
		t.Errorf("%+v", a)
	}
	if b, there := s.User("b"); !there || b.Password != "p" {
		t.Errorf("%+v", b)
	}
}
