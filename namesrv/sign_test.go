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
