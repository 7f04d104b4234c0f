package controller

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

// TestRequestsAreSigned: what a controller tells brokers carries the signature of the user of its credentials, whom it
// tells nobody.
func TestRequestsAreSigned(t *testing.T) {
	broker := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqNotifyBrokerRoleChanged,
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
	if _, err := remoting.Call(ctx, p.Server.client, broker, wire.ReqNotifyBrokerRoleChanged, wire.None, new(wire.NoHeader),
		nil); err != nil {
		t.Error(err)
	}
	conf := string(call(p, wire.ReqGetControllerConfig, wire.None, new(wire.NoHeader), "").Body)
	if strings.Contains(conf, "hidden") || !strings.Contains(conf, "innerClientAuthenticationCredentials=***\n") {
		t.Errorf("the configuration is told as %s", conf)
	}
	bad := testConfig(t)
	bad.InnerClientCredentials = `{"accessKey":"","secretKey":"hidden"}`
	if _, err := New(bad, zerolog.Nop()); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
}

// TestSignaturesAreAskedFor: with controllerAuthenticationEnabled every code is refused without a signature.
func TestSignaturesAreAskedFor(t *testing.T) {
	p := start(t, func(c *Config) {
		c.AuthenticationEnabled = true
		c.InnerClientCredentials = `{"accessKey":"inner","secretKey":"inner-secret"}`
	})
	for _, code := range Codes() {
		resp := call(p, code, wire.None, new(wire.NoHeader), "")
		if resp.Code != wire.NoPermission || resp.Remark != "username cannot be null." {
			t.Errorf("%d without a signature: code %d %s", code, resp.Code, resp.Remark)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := remoting.Call(ctx, p.Server.client, p.Addr(), wire.ReqControllerGetMetadataInfo, wire.None,
		new(wire.NoHeader), nil); err != nil {
		t.Errorf("signed: %v", err)
	}
}
