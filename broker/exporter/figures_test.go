package exporter

import (
	"encoding/binary"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/transport"
	"gorocket/store"
)

// connections are some that somebody has opened to a server in this process.
func connections(t *testing.T, n int) (list []*remoting.Conn) {
	t.Helper()
	got := make(chan *remoting.Conn, 1)
	addr := remotingtest.Serve(t, remoting.Entry{Code: 1, Handle: func(ctx *remoting.Context) { got <- ctx.Conn() }})
	const head = `{"code":1,"flag":0,"language":"JAVA","opaque":1,"version":400}`
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(head)))
	frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(head))), head...)
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write(frame); err != nil {
			t.Fatal(err)
		}
		list = append(list, <-got)
	}
	return list
}

// TestClients: who is connected, by language, version, group and how it consumes; a version that is no number that Java
// had is unknown.
func TestClients(t *testing.T) {
	r := newRig(t)
	c := connections(t, 3)
	beat := func(i int, version int32, group, kind string) {
		t.Helper()
		who := clients.Client{Conn: c[i], ID: "c", Version: version, LastSeen: 1}
		if !r.d.Consumers.Register(who, &clients.ConsumerData{GroupName: group, ConsumeType: kind}, false, false) {
			t.Fatal("not registered")
		}
		if err := r.d.Producers.Register("p"+group, who); err != nil {
			t.Fatal(err)
		}
	}
	beat(0, 317, "g", "CONSUME_PASSIVELY")
	beat(1, 317, "g", "CONSUME_PASSIVELY")
	beat(2, -1, "TOOLS_CONSUMER", "CONSUME_ACTIVELY")
	beat(2, 0, "first", "CONSUME_ACTIVELY")
	text := r.scrape()
	labels := func(version, rest string) string {
		return `consume_mode=` + rest + `,language="java",protocol_type="remoting",version="` + version + `"`
	}
	v317 := strings.ToLower(compat.VersionName(317))
	r.is(text, "rocketmq_consumer_connections", labels(v317, `"push",consumer_group="g",is_system="false"`), 2)
	r.is(text, "rocketmq_consumer_connections", labels("unknown", `"pull",consumer_group="TOOLS_CONSUMER",is_system="true"`), 1)
	r.is(text, "rocketmq_consumer_connections",
		labels(strings.ToLower(compat.VersionName(0)), `"pull",consumer_group="first",is_system="false"`), 1)
	r.is(text, "rocketmq_producer_connections", `language="java",protocol_type="remoting",version="`+v317+`"`, 2)
	r.is(text, "rocketmq_producer_connections", `language="java",protocol_type="remoting",version="unknown"`, 1)
	r.is(text, "rocketmq_consumer_group_number", "", float64(r.d.Groups.Len()))
}

// busy is a network with figures of its own.
type busy struct{ idle }

func (busy) Figures() transport.Figures {
	return transport.Figures{Connections: 1, MaxConnections: 2, Inbound: 3, Outbound: 4, Queued: 5, MaxWaiting: 6, Refused: 7,
		AcceptErrors: 8, ClosedSlow: 9, ClosedUnfinished: 10, Paused: 11}
}

// TestNetwork: every figure of the network under its own name; system topics and groups are told from users'.
func TestNetwork(t *testing.T) {
	r := newRig(t)
	r.d.Network = busy{}
	for _, k := range [][2]string{{"g", "T"}, {"TOOLS_CONSUMER", "T"}, {"g", compat.TopicTransHalf}} {
		if err := r.d.Pulled.Pulled(k[0], k[1], 0, 5, 3, 900); err != nil {
			t.Fatal(err)
		}
	}
	text := r.scrape()
	for _, c := range []struct {
		name, labels string
		want         float64
	}{{"gorocket_connections", "", 1}, {"gorocket_connections_limit", "", 2}, {"gorocket_waiting_bytes", `kind="inbound"`, 3},
		{"gorocket_waiting_bytes", `kind="outbound"`, 4}, {"gorocket_waiting_bytes", `kind="queued"`, 5},
		{"gorocket_waiting_bytes_limit", "", 6}, {"gorocket_connections_refused_total", "", 7}, {"gorocket_accept_errors_total", "", 8},
		{"gorocket_connections_closed_total", `cause="slow"`, 9}, {"gorocket_connections_closed_total", `cause="unfinished"`, 10},
		{"gorocket_reading_stopped_total", "", 11},
		{"rocketmq_messages_out_total", `consumer_group="g",is_system="false",topic="T"`, 3},
		{"rocketmq_messages_out_total", `consumer_group="TOOLS_CONSUMER",is_system="true",topic="T"`, 3},
		{"rocketmq_messages_out_total", `consumer_group="g",is_system="true",topic="` + compat.TopicTransHalf + `"`, 3}} {
		r.is(text, c.name, c.labels, c.want)
	}
}

// TestAges: how old the oldest message is, how full the disk, what the index has not got to yet; without a message there
// is no age.
func TestAges(t *testing.T) {
	r := newRig(t)
	text := r.scrape()
	r.is(text, "rocketmq_storage_message_reserve_time", "", -1)
	r.append("T", 0, 2)
	oldest := r.d.Store.MinStoreTimestamp()
	r.d.Now = func() time.Time { return time.UnixMilli(oldest + 90_000) }
	text = r.scrape()
	r.is(text, "rocketmq_storage_message_reserve_time", "", 90_000)
	r.is(text, "gorocket_held_pulls_refused_total", "", 0)
	r.d.Now = func() time.Time { return time.UnixMilli(oldest - 5) }
	r.is(r.scrape(), "rocketmq_storage_message_reserve_time", "", 0)
	for _, c := range [][3]float64{{0.1, 0.2, 0.2}, {0.3, 0.2, 0.3}} {
		if got := diskUsed(store.DiskRatios{CommitLog: c[0], ConsumeQueue: c[1]}); got != c[2] {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// TestLagOfSeveralQueues: the oldest of all queues counts, a queue of which all was pulled has nothing to wait for, and
// with no reads left the others count on.
func TestLagOfSeveralQueues(t *testing.T) {
	r := newRig(t)
	r.append("T", 0, 3)
	for r.d.Now().UnixMilli() <= r.d.Store.StoreTimeAt("T", 0, 2) {
		time.Sleep(time.Millisecond)
	}
	r.append("T", 1, 3)
	for q := range int32(2) {
		if err := r.d.Committed.Commit("g", "T", q, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.d.Pulled.Commit("g", "T", 0, 3); err != nil {
		t.Fatal(err)
	}
	reads := 100
	l, known := r.d.lagOf(meta.OffsetKey{Group: "g", Topic: "T"}, &reads)
	if !known || l.messages != 4 || l.inflight != 2 || l.ready != 2 || reads != 96 ||
		l.unconsumedSince != r.d.Store.StoreTimeAt("T", 0, 1) || l.unpulledSince != r.d.Store.StoreTimeAt("T", 1, 1) {
		t.Errorf("known %v, %+v, %d reads left", known, l, reads)
	}
	reads = 2
	if l, known = r.d.lagOf(meta.OffsetKey{Group: "g", Topic: "T"}, &reads); known || l.messages != 4 || l.ready != 2 {
		t.Errorf("with one read: known %v, %+v", known, l)
	}
	since := int64(0)
	r.d.earliest(&since, "T", 0, math.MaxInt64)
	if since != 0 {
		t.Errorf("behind the end: %d", since)
	}
}

// TestReplicationFigures: a master that nobody follows says so, and has no figures of a slave.
func TestReplicationFigures(t *testing.T) {
	text := newRig(t).scrape()
	r := rig{t: t}
	r.is(text, "gorocket_replication_slaves", "", 0)
	r.is(text, "gorocket_replication_following", "", -1)
	r.is(text, "gorocket_replication_behind_bytes", "", -1)
}

// TestCheckedRequests: what came of requests that had to be signed, and how many users there are.
func TestCheckedRequests(t *testing.T) {
	r := newRig(t)
	if err := r.d.Users.CreateUser(auth.User{Username: "u", Password: "p"}); err != nil {
		t.Fatal(err)
	}
	one, two := r.d.Checked[0], r.d.Checked[1]
	one.Passed.Store(1)
	one.Unauthenticated.Store(1)
	two.Unauthenticated.Store(1)
	one.Unauthorized.Store(5)
	two.Slowed.Store(6)
	text := r.scrape()
	for result, want := range map[string]float64{"passed": 1, "unauthenticated": 2, "unauthorized": 5, "slowed": 6} {
		r.is(text, "gorocket_checked_requests_total", `result="`+result+`"`, want)
	}
	r.is(text, "gorocket_table_size", `table="users"`, 1)
	r.is(text, "gorocket_table_limit", `table="users"`, auth.MaxUsers)
	r.is(text, "gorocket_table_limit", `table="policy_entries"`, auth.MaxEntries)
	r.d.Checked = nil
	r.is(r.scrape(), "gorocket_checked_requests_total", `result="passed"`, 0)
}
