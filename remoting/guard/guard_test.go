package guard

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// TestAuditRoutine: what servers repeat by themselves, each second or half minute, is told once for each of them: it
// would bury what people did, and take the place of it when there are many. Refused it is told each time.
func TestAuditRoutine(t *testing.T) {
	log := &testutil.Log{}
	audit := Auditor(zerolog.New(log))
	at := func(addr string) auth.Peer { return auth.Peer{Addr: netip.MustParseAddr(addr)} }
	for range 3 {
		for _, code := range []int32{wire.ReqRegisterBroker, wire.ReqBrokerHeartbeat, wire.ReqGetUsers} {
			audit(auth.Event{User: "inner", Peer: at("10.0.0.1"), Code: code})
			audit(auth.Event{User: "inner", Peer: at("10.0.0.2"), Code: code})
		}
		audit(auth.Event{User: "mallory", Peer: at("10.0.0.1"), Code: wire.ReqRegisterBroker})
		audit(auth.Event{User: "inner", Peer: at("10.0.0.1"), Code: wire.ReqRegisterBroker, Refused: "wrong"})
		audit(auth.Event{User: "inner", Peer: at("10.0.0.1"), Code: wire.ReqUnregisterBroker})
	}
	if text := log.String(); strings.Count(text, "\n") != 3*2+1+3+3 || strings.Count(text, `"user":"mallory"`) != 1 ||
		strings.Count(text, `"refused":"wrong"`) != 3 || strings.Count(text, fmt.Sprintf(`"code":%d,`, wire.ReqGetUsers)) != 2 {
		t.Errorf("the log says\n%s", text)
	}
	seen := routine{}
	for i := range 2*maxRoutine + 10 {
		seen.first(&auth.Event{User: fmt.Sprint(i), Code: wire.ReqBrokerHeartbeat})
	}
	if n := len(seen.told); n > maxRoutine {
		t.Errorf("%d are remembered", n)
	}
}

// TestForServer: a server that asks for signatures lets its own users in, gives routes to everybody, and logs whom it
// refused; one that does not ask has no guard, and one without users does not start.
func TestForServer(t *testing.T) {
	if check, err := ForServer(false, auth.Signing{}, zerolog.Nop(), nil); check != nil || err != nil {
		t.Errorf("off: %v", err)
	}
	for _, own := range []auth.Signing{{}, {InitAuthenticationUser: "{"}} {
		if check, err := ForServer(true, own, zerolog.Nop(), nil); check != nil || err == nil {
			t.Errorf("%+v: %v", own, err)
		}
	}
	log := &testutil.Log{}
	check, err := ForServer(true, auth.Signing{InnerClientCredentials: `{"accessKey":"inner","secretKey":"hidden"}`},
		zerolog.New(log), auth.Codes{wire.ReqGetRouteinfoByTopic: true})
	if err != nil {
		t.Fatal(err)
	}
	ok := func(ctx *remoting.Context) { ctx.OK(nil) }
	table, err := remoting.NewTable(remoting.Entry{Code: wire.ReqRegisterBroker, Handle: ok},
		remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Handle: ok})
	if err != nil {
		t.Fatal(err)
	}
	addr := remotingtest.ServeTable(t, table, remoting.Options{Guard: check})
	for _, c := range []struct {
		as   *auth.Credentials
		code int32
		want bool
	}{{nil, wire.ReqRegisterBroker, false}, {nil, wire.ReqGetRouteinfoByTopic, true},
		{&auth.Credentials{AccessKey: "inner", SecretKey: "hidden"}, wire.ReqRegisterBroker, true},
		{&auth.Credentials{AccessKey: "inner", SecretKey: "guess"}, wire.ReqRegisterBroker, false}} {
		cl, err := remoting.NewClient(&remoting.Table{}, remoting.Options{Sign: Sign(c.as)})
		if err == nil {
			err = cl.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err = remoting.Call(ctx, cl, addr, c.code, wire.None, new(wire.NoHeader), nil)
		if (err == nil) != c.want {
			t.Errorf("%+v, %d: %v", c.as, c.code, err)
		}
		cancel()
		_ = cl.Stop()
	}
	text := log.String()
	if strings.Count(text, `"message":"audit"`) != 3 || strings.Contains(text, "hidden") ||
		!strings.Contains(text, `"peer":"127.0.0.1"`) || strings.Count(text, `"refused":`) != 2 {
		t.Errorf("the log says\n%s", text)
	}
}
