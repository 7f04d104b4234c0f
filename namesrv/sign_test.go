package namesrv

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestRequestsAreSigned: what the NameServer tells brokers carries the signature of the user of its credentials, whom it
// tells nobody.
func TestRequestsAreSigned(t *testing.T) {
	broker := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqNotifyMinBrokerIdChange,
		Handle: func(ctx *remoting.Context) {
			if ctx.Req.GetString(auth.FieldAccessKey) != "inner" || !auth.NewKey("hidden").Verify(ctx.Req) {
				ctx.Status(wire.NoPermission, "who is that?")
				return
			}
			ctx.OK(nil)
		}})
	p := start(t, func(c *Config) { c.InnerClientCredentials = `{"accessKey":"inner","secretKey":"hidden"}` })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h := wire.NotifyMinBrokerIDChangeHeader{MinBrokerID: 1, BrokerName: "b"}
	if _, err := remoting.Call(ctx, p.Server.client, broker, wire.ReqNotifyMinBrokerIdChange, wire.NotifyMinBrokerIDChange, &h,
		nil); err != nil {
		t.Error(err)
	}
	conf := string(p.bare(wire.ReqGetNamesrvConfig, "").Body)
	if strings.Contains(conf, "hidden") || !strings.Contains(conf, "innerClientAuthenticationCredentials=***\n") {
		t.Errorf("the configuration is told as %s", conf)
	}
	bad := testConfig(t)
	bad.InnerClientCredentials = `{"accessKey":"","secretKey":"hidden"}`
	if _, err := New(bad, zerolog.Nop()); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
}

// TestSignaturesAreAskedFor: with namesrvAuthenticationEnabled only routes are given to whoever asks; every other code is
// refused without the signature of one of the two users, and changes nothing. Nobody who could sign stops the start.
func TestSignaturesAreAskedFor(t *testing.T) {
	bad := testConfig(t)
	bad.AuthenticationEnabled = true
	if s, err := New(bad, zerolog.Nop()); err != nil {
		t.Fatal(err)
	} else if err := s.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "nobody who could sign") {
		t.Errorf("without users: %v", err)
	}
	p := start(t, func(c *Config) {
		c.AuthenticationEnabled = true
		c.InitAuthenticationUser = `{"username":"root","password":"root-secret"}`
		c.InnerClientCredentials = `{"accessKey":"inner","secretKey":"inner-secret"}`
	})
	for _, code := range Codes() {
		resp := p.bare(code, "a=b")
		if refused := resp.Code == wire.NoPermission && resp.Remark == "username cannot be null."; refused ==
			(code == wire.ReqGetRouteinfoByTopic) {
			t.Errorf("%d without a signature: code %d %s", code, resp.Code, resp.Remark)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for user, ok := range map[string]bool{"root": true, "inner": true, "else": false} {
		cl, err := remoting.NewClient(&remoting.Table{}, remoting.Options{
			Sign: auth.NewSigner(auth.Credentials{AccessKey: user, SecretKey: user + "-secret"})})
		if err == nil {
			err = cl.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Stop()
		_, err = remoting.Call(ctx, cl, p.Addr(), wire.ReqGetBrokerClusterInfo, wire.None, new(wire.NoHeader), nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v", user, err)
		}
	}
}
