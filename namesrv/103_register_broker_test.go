package namesrv

import (
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func TestRegisterBrokerFullRoute(t *testing.T) {
	p := start(t)
	p.want(p.register(newBroker("a", "h:1", 0, "T")), wire.Success, "", "")
	want := &protocol.TopicRouteData{
		BrokerDatas:       []protocol.BrokerData{{BrokerAddrs: map[int64]string{0: "h:1"}, BrokerName: "a", Cluster: "c"}},
		FilterServerTable: map[string][]string{},
		QueueDatas:        []protocol.QueueData{{BrokerName: "a", Perm: 6, ReadQueueNums: 4, WriteQueueNums: 4}},
	}
	if got := p.route("T"); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestRegisterBrokerTellsTheSlaveItsMaster(t *testing.T) {
	p := start(t)
	slave := newBroker("a", "h:2", 1, "OnlySlave")
	if got := p.register(slave); got.GetString("masterAddr") != "" {
		t.Errorf("no master yet: %q", got.GetString("masterAddr"))
	}
	p.register(newBroker("a", "h:1", 0, "T"))
	got := p.register(slave)
	if got.GetString("masterAddr") != "h:1" || got.GetString("haServerAddr") != "ha-h:1" {
		t.Errorf("master %q, ha %q", got.GetString("masterAddr"), got.GetString("haServerAddr"))
	}
	if r := p.addrs("T", "a"); r[0] != "h:1" || r[1] != "h:2" {
		t.Errorf("members: %v", r)
	}
}

// The tests' client sends enableActingMaster always, as 5.x brokers do: the smallest slave then gives the topics too.
func TestRegisterBrokerPrimeSlave(t *testing.T) {
	p := start(t)
	slave := newBroker("a", "h:3", 2, "T")
	slave.edit = func(h *wire.RegisterBrokerRequestHeader) { h.EnableActingMaster = true }
	p.register(slave)
	if perm := p.perm("T", "a"); perm != protocol.PermRead {
		t.Errorf("a prime slave's topic has perm %d, want %d", perm, protocol.PermRead)
	}
	lower := newBroker("a", "h:2", 1, "U")
	p.register(lower)
	if perm := p.perm("U", "a"); perm != 6 {
		t.Errorf("without enableActingMaster write permission stays: perm %d", perm)
	}
	higher := newBroker("a", "h:4", 3, "V")
	p.register(higher)
	if p.route("V") != nil {
		t.Error("the topics of a slave that is not the smallest were taken")
	}
}

// Senders without the field (before 5.0): slaves never give topics.
func TestRegisterBrokerOldSlave(t *testing.T) {
	r := newRoutes()
	r.register(&registration{brokerKey: brokerKey{"c", "h:2"}, name: "a", id: 1, oldSender: true,
		data: newBroker("a", "h:2", 1, "T").body()})
	if r.pickup("T", false) != nil {
		t.Error("topics of an old slave were taken")
	}
	r.register(&registration{brokerKey: brokerKey{"c", "h:1"}, name: "a", id: 0, oldSender: true,
		data: newBroker("a", "h:1", 0, "T").body()})
	if r.pickup("T", false) == nil {
		t.Error("topics of an old master were not taken")
	}
}

func TestRegisterBrokerRoleSwitch(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(newBroker("a", "h:2", 1, "T"))
	p.register(newBroker("a", "h:2", 0, "T")) // the slave takes over; an address has one id
	if got := p.addrs("T", "a"); !cmp.Equal(got, map[int64]string{0: "h:2"}) {
		t.Errorf("members: %v", got)
	}
}

func TestRegisterBrokerStaleStateVersion(t *testing.T) {
	p := start(t)
	now := newBroker("a", "h:2", 0, "T")
	now.version.StateVersion = 5
	p.register(now)
	past := newBroker("a", "h:1", 0, "Past")
	past.version.StateVersion = 4
	p.want(p.register(past), wire.Success, "", "") // ignored, yet answered with success
	if got := p.addrs("T", "a"); got[0] != "h:2" || p.route("Past") != nil {
		t.Errorf("members: %v", got)
	}
	if _, live := p.routes.version(brokerKey{"c", "h:1"}); live {
		t.Error("the refused address is live")
	}
	past.version.StateVersion = 5
	p.register(past)
	if got := p.addrs("T", "a"); got[0] != "h:1" {
		t.Errorf("an equal state version takes over: %v", got)
	}
}

func TestRegisterBrokerSingleTopicNeedsAFullOne(t *testing.T) {
	p := start(t)
	single := newBroker("a", "h:1", 0, "T")
	single.topics = single.topics[:1]
	p.want(p.tryRegister(single), wire.SystemError, "register broker failed", "")
	p.want(p.bare(wire.ReqGetBrokerClusterInfo, ""), wire.Success, "", `{"brokerAddrTable":{},"clusterAddrTable":{}}`)
	p.register(newBroker("a", "h:1", 0, "U"))
	p.register(single)
	if p.route("T") == nil {
		t.Error("the single topic is unknown")
	}
}

func TestRegisterBrokerChangesByDataVersion(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	p.register(b)
	b.topics[0].Perm = 4
	p.register(b)
	if perm := p.perm("T", "a"); perm != 6 {
		t.Errorf("same data version, perm %d", perm)
	}
	b.version.Counter++
	p.register(b)
	if perm := p.perm("T", "a"); perm != 4 {
		t.Errorf("new data version, perm %d", perm)
	}
	fresh := protocol.NewTopicConfig("New")
	b.topics = append(b.topics, fresh)
	p.register(b)
	if p.route("New") == nil {
		t.Error("a topic unknown for the broker counts without a new data version")
	}
}

func TestRegisterBrokerDeletesOtherTopics(t *testing.T) {
	for _, on := range []bool{false, true} {
		p := start(t, func(c *Config) { c.DeleteTopicWithBrokerRegistration = on })
		p.register(newBroker("a", "h:1", 0, "Gone", "Kept"))
		p.register(newBroker("b", "h:2", 0, "Gone"))
		b := newBroker("a", "h:1", 0, "Kept")
		b.version.Counter++
		p.register(b)
		if gone := p.addrs("Gone", "a") == nil; gone != on || p.addrs("Gone", "b") == nil || p.addrs("Kept", "a") == nil {
			t.Errorf("deleteTopicWithBrokerRegistration=%v: %v", on, p.route("Gone"))
		}
	}
}

func (p *peer) registerRaw(b *broker, text []byte, edit func(*wire.RegisterBrokerRequestHeader)) *wire.Command {
	h := wire.RegisterBrokerRequestHeader{BrokerIdentityHeader: b.identity()}
	edit(&h)
	return call(p, wire.ReqRegisterBroker, wire.RegisterBrokerRequest, &h, string(text))
}

func TestRegisterBrokerCompressedAndCRC(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	packed, err := b.body().EncodeDeflated(compat.CurrentVersion)
	if err != nil {
		t.Fatal(err)
	}
	crc := int32(crc32.ChecksumIEEE(packed) & 0x7fffffff)
	p.want(p.registerRaw(b, packed, func(h *wire.RegisterBrokerRequestHeader) { h.Compressed, h.BodyCRC32 = true, crc^1 }),
		wire.SystemError, "crc32 not match", "")
	if p.route("T") != nil {
		t.Fatal("a registration with a wrong checksum was taken")
	}
	p.want(p.registerRaw(b, packed, func(h *wire.RegisterBrokerRequestHeader) { h.Compressed, h.BodyCRC32 = true, crc }),
		wire.Success, "", "")
	if p.route("T") == nil {
		t.Error("the compressed topics are unknown")
	}
}

func TestRegisterBrokerRefuses(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	same := func(*wire.RegisterBrokerRequestHeader) {}
	p.want(p.registerRaw(b, []byte("{"), same), wire.SystemError, decodeRemark+"Failed to decode RegisterBrokerBody, ", "")
	p.want(p.registerRaw(b, []byte("{}"), func(h *wire.RegisterBrokerRequestHeader) { h.Compressed = true }),
		wire.SystemError, decodeRemark+"Failed to decode RegisterBrokerBody, ", "")
	for _, edit := range []func(*wire.RegisterBrokerRequestHeader){
		func(h *wire.RegisterBrokerRequestHeader) { h.ClusterName = "" },
		func(h *wire.RegisterBrokerRequestHeader) { h.BrokerAddr = "" },
		func(h *wire.RegisterBrokerRequestHeader) { h.BrokerName = "" },
	} {
		p.want(p.registerRaw(b, nil, edit), wire.Success, "", "") // as Java
	}
	p.want(p.bare(wire.ReqRegisterBroker, ""), wire.SystemError, "the custom field <brokerId> is null", "")
	conn := dialRaw(t, p.Server)
	if head, _ := rawCall(t, conn, 513, 103,
		`"brokerName":"a","brokerAddr":"h:1","clusterName":"c","brokerId":"zero"`); !strings.Contains(head, `"code":1,`) {
		t.Errorf("brokerId=zero: %s", head)
	}
	if len(p.routes.live) != 0 {
		t.Error("something was registered")
	}
}

func TestRegisterBrokerReturnsOrderConfig(t *testing.T) {
	for _, on := range []bool{true, false} {
		p := start(t, func(c *Config) { c.ReturnOrderTopicConfigToBroker = on })
		b := newBroker("a", "h:1", 0, "T")
		p.want(p.register(b), wire.Success, "", "")
		p.kvCall(wire.ReqPutKvConfig, compat.OrderTopicNamespace, "T", "a:4")
		want := ""
		if on {
			want = `{"table":{"T":"a:4"}}`
		}
		p.want(p.register(b), wire.Success, "", want)
	}
}

func TestRegisterBrokerFilterServersAndMappings(t *testing.T) {
	r := newRoutes()
	data := newBroker("a", "h:1", 0, "T").body()
	data.FilterServerList = []string{"f:1"}
	data.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap["T"] = &protocol.TopicQueueMappingInfo{Bname: "a",
		Topic: "T", CurrIDMap: map[int]int{0: 0}}
	g := &registration{brokerKey: brokerKey{"c", "h:1"}, name: "a", data: data}
	r.register(g)
	route := r.pickup("T", false)
	if len(route.FilterServerTable["h:1"]) != 1 || route.TopicQueueMappingByBroker["a"] == nil {
		t.Errorf("got %+v", route)
	}
	data.FilterServerList = nil
	r.register(g)
	if route = r.pickup("T", false); len(route.FilterServerTable) != 0 {
		t.Errorf("filter servers stay: %v", route.FilterServerTable)
	}
}

func TestRegisterBrokerIsBounded(t *testing.T) {
	r := newRoutes()
	for i := range maxLiveBrokers {
		r.live[brokerKey{"c", string(rune(i + 1))}] = &liveBroker{}
	}
	if got := r.register(&registration{brokerKey: brokerKey{"c", "new"}, name: "a",
		data: protocol.NewRegisterBrokerBody()}); got.refused == "" {
		t.Error("one broker too many was taken")
	}
}

func TestRegistrationWithLongNames(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	data, err := b.body().Encode()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("n", maxBrokerName+1)
	for _, edit := range []func(*wire.RegisterBrokerRequestHeader){
		func(h *wire.RegisterBrokerRequestHeader) { h.ClusterName = long },
		func(h *wire.RegisterBrokerRequestHeader) { h.BrokerName = long },
		func(h *wire.RegisterBrokerRequestHeader) { h.BrokerAddr = long },
		func(h *wire.RegisterBrokerRequestHeader) { h.HAServerAddr = long },
	} {
		p.want(p.registerRaw(b, data, edit), wire.SystemError, "register broker failed, ", "")
	}
	if len(p.routes.live) != 0 {
		t.Error("something was registered")
	}
}

// TestRegistrationCannotGrowForeignTables: names no broker makes, mappings of others or of unknown topics, endless
// filter lists.
func TestRegistrationCannotGrowForeignTables(t *testing.T) {
	r := newRoutes()
	long := strings.Repeat("n", maxTopicName+1)
	data := newBroker("a", "h:1", 0, "T", long).body()
	data.FilterServerList = make([]string, maxFilters+10)
	m := data.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap
	m["Unknown"] = &protocol.TopicQueueMappingInfo{Bname: "a", Topic: "Unknown"}
	m["T"] = &protocol.TopicQueueMappingInfo{Bname: "other", Topic: "T"}
	g := &registration{brokerKey: brokerKey{"c", "h:1"}, name: "a", data: data}
	if out := r.register(g); out.droppedTopics != 1 {
		t.Errorf("%d topics dropped", out.droppedTopics)
	}
	if r.topics[long] != nil || r.topics["T"] == nil || len(r.mappings) != 0 || len(r.filters[g.brokerKey]) != maxFilters {
		t.Errorf("%d topics, %d mappings, %d filters", len(r.topics), len(r.mappings), len(r.filters[g.brokerKey]))
	}
	m["T"] = &protocol.TopicQueueMappingInfo{Bname: "a", Topic: "T"}
	data.TopicConfigSerializeWrapper.DataVersion.Counter++
	r.register(g)
	if len(r.mappings) != 1 {
		t.Error("the broker's own mapping was not taken")
	}
	r.mu.Lock()
	r.removeQueue("T", "a")
	r.mu.Unlock()
	if len(r.mappings) != 0 {
		t.Error("the mapping stays without its topic")
	}
}
