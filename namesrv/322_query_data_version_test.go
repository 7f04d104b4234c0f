package namesrv

import (
	"testing"
	"time"

	"gorocket/remoting/wire"
)

func (p *peer) versionCall(b *broker, text string) *wire.Command {
	p.t.Helper()
	h := b.identity()
	return call(p, wire.ReqQueryDataVersion, wire.QueryDataVersionRequest, &h, text)
}

func TestQueryDataVersion(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	const same, held = `{"counter":1,"stateVersion":0,"timestamp":1}`, `{"counter":1,"stateVersion":0,"timestamp":1}`
	check := func(text, changed, body string) {
		t.Helper()
		resp := p.versionCall(b, text)
		p.want(resp, wire.Success, "", body)
		if got := resp.GetString("changed"); got != changed {
			t.Errorf("%s: changed=%s", text, got)
		}
	}
	check(same, "true", "")
	p.register(b)
	check(same, "false", held)
	check(`{"counter":2,"stateVersion":0,"timestamp":1}`, "true", held)
	check(`{"counter":1,"stateVersion":0,"timestamp":2}`, "true", held)
	check(`{"counter":1,"stateVersion":1,"timestamp":1}`, "true", held)
	check("", "true", held)
	p.want(p.bare(wire.ReqQueryDataVersion, ""), wire.SystemError, "the custom field <clusterName> is null", "")
	p.want(p.versionCall(b, "{"), wire.SystemError, "compat: bad JSON", "")
}

func TestQueryDataVersionIsASignOfLife(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	p.register(b)
	l := p.routes.live[brokerKey{"c", "h:1"}]
	l.seen.Store(1)
	p.versionCall(b, "")
	if time.Now().UnixMilli()-l.seen.Load() > 5000 {
		t.Error("the timestamp did not move")
	}
}
