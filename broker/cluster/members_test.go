package cluster

import (
	"maps"
	"testing"

	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestForgedMembers: ids that no broker can have are nobody's: a slave that sees a smaller id than its own does not act.
func TestForgedMembers(t *testing.T) {
	for body, want := range map[string]map[int64]string{
		`{"brokerMemberGroup":{"brokerAddrs":{-9223372036854775808:"x:1",-1:"y:1",1:"s:1"}}}`: {1: "s:1"},
		`{"brokerMemberGroup":{"brokerAddrs":{-1:"y:1"}}}`:                                    {},
		`{"brokerMemberGroup":null}`:                                                          {},
	} {
		addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetBrokerMemberGroup, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(body))
		}})
		r := NewRegistrar(Deps{Client: remotingtest.Client(t), Self: func() *Self { return &Self{} }}, []string{addr})
		if got, err := r.Members(t.Context()); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}
