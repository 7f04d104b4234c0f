package namesrv

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// tables counts what the routes hold.
func (r *routes) tables() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return map[string]int{"topics": len(r.topics), "brokers": len(r.brokers), "clusters": len(r.clusters),
		"live": len(r.live), "filters": len(r.filters), "mappings": len(r.mappings)}
}

// emptied waits until nobody and nothing is registered.
func (p *peer) emptied(what string) {
	p.t.Helper()
	nothing := map[string]int{"topics": 0, "brokers": 0, "clusters": 0, "live": 0, "filters": 0, "mappings": 0}
	testutil.WaitFor(p.t, what+": empty tables", func() bool { return cmp.Equal(p.routes.tables(), nothing) })
}

// goes takes a broker out as 104 does, at once.
func (p *peer) goes(b *broker) {
	p.routes.unregister([]departure{{brokerKey: brokerKey{b.cluster, b.addr}, name: b.name, id: b.id}})
}

// One address that registers under ever new names left all but the last behind for good, in the routes of every topic
// that it named.
func TestRegisterBrokerUnderAnotherNameLeavesTheFormer(t *testing.T) {
	p := start(t)
	liar := connect(t, p.Server)
	for i := range 50 {
		liar.register(newBroker(fmt.Sprint("liar", i), "h:9", 0, "T"))
	}
	if got := p.routes.tables(); got["brokers"] != 1 || len(p.route("T").QueueDatas) != 1 {
		t.Errorf("the tables hold %v, the route %v", got, p.route("T"))
	}
	_ = liar.client.Stop()
	p.emptied("after the end of the connection")
}

// A member that registers its name in another cluster, and goes before the others do, left the cluster behind.
func TestUnregisterLeavesNoCluster(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	liar := connect(t, p.Server)
	for i := range 20 {
		b := newBroker("a", fmt.Sprint("l:", i), int64(i+1), "T")
		b.cluster = fmt.Sprint("other", i)
		liar.register(b)
	}
	_ = liar.client.Stop()
	testutil.WaitFor(t, "the liar's clusters are gone", func() bool { return p.routes.tables()["clusters"] == 1 })
	p.goes(newBroker("a", "h:1", 0, "T"))
	p.emptied("after the last one")
}

// 104 with another name than the registered one took the live entry and left the rest, which nobody then took out.
func TestUnregisterUnderAnotherNameDoesNothing(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	p.goes(newBroker("b", "h:1", 0, "T"))
	p.want(p.bare(wire.ReqGetBrokerClusterInfo, ""), wire.Success, "",
		`{"brokerAddrTable":{"a":{"brokerAddrs":{0:"h:1"},"brokerName":"a","cluster":"c","enableActingMaster":false}},"clusterAddrTable":{"c":["a"]}}`)
	if got := p.routes.tables(); got["live"] != 1 || got["brokers"] != 1 {
		t.Errorf("the tables hold %v", got)
	}
	p.goes(newBroker("a", "h:1", 0, "T"))
	p.emptied("after its own request")
}
