package exporter

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/cluster"
	"gorocket/broker/config"
	"gorocket/broker/filter"
	"gorocket/broker/hold"
	"gorocket/broker/meta"
	"gorocket/broker/overload"
	"gorocket/broker/pop"
	"gorocket/broker/replication"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// idle is a network on which some requests wait for a worker.
type idle []int32

func (n idle) Waiting(visit func(code int32)) {
	for _, code := range n {
		visit(code)
	}
}
func (idle) Figures() transport.Figures { return transport.Figures{} }

// rig is an exporter of a broker that has nothing but tables and a store in memory.
type rig struct {
	*Exporter
	t   *testing.T
	log strings.Builder
	ill error // what Health says
}

func newRig(t *testing.T, edit ...func(*config.Config)) *rig {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	c := config.Default()
	c.StorePathRootDir, c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue = "/s", 1<<20, 60000
	c.BrokerName, c.BrokerClusterName, c.BrokerIP1, c.BindAddress = "b", "c", "127.0.0.1", "127.0.0.1"
	for _, e := range edit {
		e(&c)
	}
	st, err := store.Open(c.Config, mem, store.EventListener{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Stop(context.Background()) })
	live := new(atomic.Pointer[config.Config])
	live.Store(&c)
	r := &rig{t: t}
	log := zerolog.New(&r.log)
	topics, offsets := meta.NewTopics(), meta.NewOffsets()
	opened := func() *store.Store { return st }
	filters, err := filter.NewManager(filter.Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32,
		FilterDataCleanTimeSpan: time.Hour, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	throttled := throttle.New(log, 1, time.Second)
	users := auth.NewStore()
	halves := trans.NewService(trans.Deps{Store: opened, Now: time.Now, Offsets: offsets, Topics: topics, Log: log,
		Throttled: throttled})
	r.Exporter = New(Deps{Config: live, Now: time.Now, Topics: topics,
		Groups:    meta.NewGroups(func() bool { return true }),
		Committed: offsets, Pulled: meta.NewOffsets(), Modes: meta.NewModes(), Users: users, Checked: []*auth.Tallies{new(auth.Tallies), new(auth.Tallies)},
		Consumers: clients.NewConsumers(func(string) {}, 100), Producers: clients.NewProducers(),
		Locks: clients.NewOrderLocks(), Filters: filters, Mappings: &static.NewService(static.Deps{}).Mappings,
		Holds: hold.NewTable(hold.Deps{Store: opened, Limit: func() int64 { return 7 }}), Trans: halves,
		Pops:  pop.New(pop.Deps{Config: live}),
		Stats: stats.NewTotals(), DeadLetters: new(stats.DeadLetters), TimerDelays: new(stats.PerTopic[stats.Histogram]),
		Overload: overload.New(live, throttled), Store: st, Network: idle{wire.ReqPullMessage, wire.ReqPullMessage, 9999},
		Registrar: cluster.NewRegistrar(cluster.Deps{Topics: topics, Log: log, Throttled: throttled},
			[]string{"10.0.0.1:9876", "10.0.0.2:9876"}),
		Roles:       func() (Roles, bool) { return Roles{Roles: new(stats.Roles), Epoch: 3, InSync: 2, Fenced: true}, true },
		Replication: replication.New(replication.Deps{}),
		Health:      func() (error, []string) { return r.ill, []string{"look at this"} }, Log: log})
	return r
}

// scrape returns what /metrics serves.
func (r *rig) scrape() string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		r.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

var fixed = regexp.MustCompile(`(cluster="c"|node_id="b"|node_type="broker"),?`)

// is checks the metric whose labels, the fixed ones apart, are labels; -1 stands for none.
func (r *rig) is(text, name, labels string, want float64) {
	r.t.Helper()
	got := -1.0
	for line := range strings.Lines(text) {
		line = strings.Replace(fixed.ReplaceAllString(line, ""), ",}", "}", 1)
		if rest, ok := strings.CutPrefix(line, name+"{"+labels+"} "); ok {
			got, _ = strconv.ParseFloat(strings.TrimSpace(rest), 64)
		}
	}
	if got != want {
		r.t.Errorf("%s{%s} is %v, want %v", name, labels, got, want)
	}
}

// append stores messages and returns the end of their queue.
func (r *rig) append(topic string, queue int32, n int) int64 {
	r.t.Helper()
	for range n {
		rec := store.Record{Message: record.Message{Topic: topic, QueueID: queue, Body: []byte("x")}}
		if _, err := r.d.Store.Append(&rec); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.d.Store.MaxOffset(topic, queue)
}

// topic makes a topic.
func (r *rig) topic(name string) *meta.Topic {
	r.t.Helper()
	if err := r.d.Topics.Update(protocol.NewTopicConfig(name)); err != nil {
		r.t.Fatal(err)
	}
	return r.d.Topics.Find(name)
}

// TestTopics: what came into each topic, with all of its queues; what producers sent, without retries and dead letters.
func TestTopics(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"T", "Empty", "%RETRY%g", "%DLQ%g"} {
		r.topic(name).Traffic.Add(stats.NormalMessage, 2, 300)
	}
	r.append("T", 0, 3)
	r.append("T", 5, 2)
	r.append("%RETRY%g", 0, 1)
	r.d.Topics.Queued.Add(stats.NormalMessage, 3, 700)
	text := r.scrape()
	r.is(text, "rocketmq_messages_in_total", `is_system="false",topic="T"`, 5)
	r.is(text, "rocketmq_messages_in_total", `is_system="false",topic="%RETRY%g"`, 1)
	r.is(text, "rocketmq_messages_in_total", `is_system="false",topic="Empty"`, -1)
	r.is(text, "rocketmq_topic_number", "", 4)
	const sent = `is_system="false",message_type="normal",topic=`
	r.is(text, "rocketmq_throughput_in_total", sent+`"T"`, 300)
	r.is(text, "rocketmq_message_size_count", sent+`"Empty"`, 2)
	r.is(text, "rocketmq_throughput_in_total", sent+`"%LMQ%"`, 700)
	for _, apart := range []string{"%RETRY%g", "%DLQ%g"} {
		r.is(text, "rocketmq_throughput_in_total", sent+`"`+apart+`"`, -1)
	}
}

// TestTraffic: what was handed out, dead letters, and requests that wait, by Java's processors.
func TestTraffic(t *testing.T) {
	r := newRig(t)
	if err := r.d.Pulled.Pulled("g", "T", 0, 5, 3, 900); err != nil {
		t.Fatal(err)
	}
	if err := r.d.Pulled.Pulled("g", "T", 1, 5, 2, 100); err != nil {
		t.Fatal(err)
	}
	r.d.DeadLetters.Count("g", "T")
	r.d.DeadLetters.Count("g", "T")
	r.d.Stats.UnconsumedDeleted.Add(4)
	r.d.Overload.Each(func(string, int64) {})
	text := r.scrape()
	const g = `consumer_group="g",is_system="false",topic="T"`
	r.is(text, "rocketmq_messages_out_total", g, 5)
	r.is(text, "rocketmq_throughput_out_total", g, 1000)
	r.is(text, "rocketmq_send_to_dlq_messages_total", g, 2)
	r.is(text, "gorocket_unconsumed_deleted_total", "", 4)
	r.is(text, "rocketmq_processor_watermark", `processor="pull"`, 2)
	r.is(text, "rocketmq_processor_watermark", `processor="admin"`, 1)
	r.is(text, "rocketmq_processor_watermark", `processor="send"`, 0)
	r.is(text, "rocketmq_broker_permission", "", 6)
	r.is(text, "gorocket_refused_requests_total", `cause="TIMEOUT_CLEAN_QUEUE"`, 0)
	r.is(text, "gorocket_held_pulls", "", 0)
}

// TestLag: what is not consumed, on its way and not handed out, over all queues, with the age of the oldest.
func TestLag(t *testing.T) {
	r := newRig(t)
	r.append("T", 0, 10)
	r.append("T", 1, 4)
	commit := func(table *meta.Offsets, queue int32, at int64) {
		t.Helper()
		if err := table.Commit("g", "T", queue, at); err != nil {
			t.Fatal(err)
		}
	}
	commit(r.d.Committed, 0, 4)
	commit(r.d.Committed, 1, 4)
	commit(r.d.Pulled, 0, 7)
	commit(r.d.Pulled, 1, 1) // behind what is committed: nothing is on its way
	r.d.Now = func() time.Time { return time.Now().Add(time.Minute) }
	text := r.scrape()
	const g = `consumer_group="g",is_retry="false",is_system="false",topic="T"`
	r.is(text, "rocketmq_consumer_lag_messages", g, 6)
	r.is(text, "rocketmq_consumer_inflight_messages", g, 3)
	r.is(text, "rocketmq_consumer_ready_messages", g, 3)
	for _, name := range []string{"rocketmq_consumer_lag_latency", "rocketmq_consumer_queueing_latency"} {
		m := regexp.MustCompile(name + `\{[^}]*topic="T"\} (\S+)`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s", name)
		}
		if ms, err := strconv.ParseFloat(m[1], 64); err != nil || ms < 59_000 || ms > 90_000 {
			t.Errorf("%s is %s", name, m[1])
		}
	}
	commit(r.d.Committed, 0, 12) // beyond the end: a client may
	text = r.scrape()
	r.is(text, "rocketmq_consumer_lag_messages", g, 0)
	r.is(text, "rocketmq_consumer_ready_messages", g, 0)
	r.is(text, "rocketmq_consumer_lag_latency", g, 0)
	if err := r.d.Committed.Commit("g", "%RETRY%g", 0, 1); err != nil {
		t.Fatal(err)
	}
	r.is(r.scrape(), "rocketmq_consumer_lag_messages",
		`consumer_group="g",is_retry="true",is_system="false",topic="%RETRY%g"`, 0)
}

// TestLagReadsSoMuch: ages are read from the log for so many queues; beyond that they are left out, not told wrong.
func TestLagReadsSoMuch(t *testing.T) {
	r := newRig(t)
	r.append("T", 0, 2)
	if err := r.d.Committed.Commit("g", "T", 0, 1); err != nil {
		t.Fatal(err)
	}
	for reads, want := range map[int]bool{0: false, 1: false, 2: true, 3: true} {
		left := reads
		l, known := r.d.lagOf(meta.OffsetKey{Group: "g", Topic: "T"}, &left)
		if known != want || l.messages != 1 || (l.unconsumedSince != 0) != want {
			t.Errorf("with %d reads: known %v, %+v", reads, known, l)
		}
	}
}

// TestStorage: sizes, what is not on disk, whether sends are taken.
func TestStorage(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.FlushIntervalCommitLog, c.FlushCommitLogThoroughInterval = 3_600_000, 3_600_000
	})
	r.append("T", 0, 3)
	size := float64(r.d.Store.MaxPhyOffset())
	text := r.scrape()
	r.is(text, "rocketmq_storage_size", "", size)
	r.is(text, "rocketmq_storage_flush_behind_bytes", "", size)
	r.is(text, "gorocket_store_writable", "", 1)
	if err := r.d.Store.Flush(); err != nil {
		t.Fatal(err)
	}
	r.is(r.scrape(), "rocketmq_storage_flush_behind_bytes", "", 0)
	if err := r.d.Store.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.is(r.scrape(), "gorocket_store_writable", "", 0)
}

// TestTables: each table that peers can make grow has its size and its limit.
func TestTables(t *testing.T) {
	r := newRig(t)
	r.topic("T")
	system := float64(r.d.Groups.Len())
	r.d.Groups.Find("g")
	for q := range int32(3) {
		if err := r.d.Committed.Commit("g", "T", q, 1); err != nil {
			t.Fatal(err)
		}
	}
	r.d.Locks.Lock("g", "c", []protocol.MessageQueue{{Topic: "T", BrokerName: "b"}})
	if err := r.d.Modes.Set(meta.Mode{Topic: "T", ConsumerGroup: "g", Mode: meta.ModePull}); err != nil {
		t.Fatal(err)
	}
	text, c := r.scrape(), r.d.Config.Load()
	for table, want := range map[string]struct{ size, limit float64 }{
		"topics": {1, float64(c.MaxTopicNum)}, "groups": {system + 1, float64(c.MaxSubscriptionGroupNum)},
		"consumer_offsets": {3, float64(c.MaxConsumerOffsetNum)}, "pull_offsets": {0, float64(c.MaxConsumerOffsetNum)},
		"order_locks": {1, float64(c.MaxOrderLockNum)}, "producers": {0, float64(c.MaxProducerNum)},
		"request_modes": {1, meta.MaxRequestModes}, "group_forbidden": {0, meta.MaxForbidden},
		"static_topics": {0, float64(c.MaxTopicNum)}, "filters": {0, filter.MaxEntries},
		"half_message_bits": {0, trans.MaxHalfSpan},
	} {
		r.is(text, "gorocket_table_size", `table="`+table+`"`, want.size)
		r.is(text, "gorocket_table_limit", `table="`+table+`"`, want.limit)
	}
}

// TestTransactions: half messages by topic, and how they ended.
func TestTransactions(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.d.Trans.Counts.Add("T", 1)
	}
	r.d.Trans.Counts.Ended("T", true, 2000)
	r.d.Trans.Counts.Ended("T", false, 0)
	text := r.scrape()
	r.is(text, "rocketmq_half_messages", `topic="T"`, 1)
	r.is(text, "rocketmq_commit_messages_total", `topic="T"`, 1)
	r.is(text, "rocketmq_rollback_messages_total", `topic="T"`, 1)
	r.is(text, "rocketmq_finish_message_latency_sum", `topic="T"`, 2)
}

// TestNoTimers: with timerWheelEnable=false there are no figures of timers, and no panic.
func TestNoTimers(t *testing.T) {
	if text := newRig(t).scrape(); strings.Contains(text, "rocketmq_timer_") {
		t.Error("figures of timers that do not run")
	}
}

// TestHealth: 200 with what to look at, 503 with the reason.
func TestHealth(t *testing.T) {
	r := newRig(t)
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
		return w.Code, w.Body.String()
	}
	if code, text := ask(); code != http.StatusOK || !strings.Contains(text, "look at this") {
		t.Errorf("%d %q", code, text)
	}
	r.ill = errors.New("the disk is broken")
	if code, text := ask(); code != http.StatusServiceUnavailable || !strings.Contains(text, "the disk is broken") {
		t.Errorf("%d %q", code, text)
	}
}

// TestServe: metrics are served where the configuration says, on the next port when that is taken, nowhere when they
// are switched off; the log tells which.
func TestServe(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	on := func(c *config.Config) { c.MetricsExporterType, c.MetricsPromExporterPort = metrics.Prom, port }
	first, second := newRig(t, on), newRig(t, on)
	for _, r := range []*rig{first, second} {
		r.Start()
		defer r.Stop(context.Background())
		resp, err := http.Get("http://" + r.Addr() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(text), "rocketmq_topic_number") || r.Err() != nil {
			t.Errorf("%v %v %.100s", err, r.Err(), text)
		}
	}
	if first.Addr() != "127.0.0.1:"+strconv.Itoa(port) || second.Addr() == first.Addr() {
		t.Errorf("served at %s and %s", first.Addr(), second.Addr())
	}
	if !strings.Contains(first.log.String(), "metrics and /health are served") ||
		!strings.Contains(second.log.String(), "metricsPromExporterPort is taken") {
		t.Errorf("%s\n%s", first.log.String(), second.log.String())
	}
	off := newRig(t, func(c *config.Config) { c.MetricsExporterType = metrics.Off })
	off.Start()
	if off.Addr() != "" || off.Err() != nil || off.log.Len() != 0 {
		t.Errorf("switched off: %q %v %s", off.Addr(), off.Err(), off.log.String())
	}
	var none *Exporter
	if none.Stop(context.Background()); none.Addr() != "" || none.Err() != nil {
		t.Error("a broker that did not start has metrics")
	}
}

// TestNameServers: each has its figures, also before it was asked.
func TestNameServers(t *testing.T) {
	text := newRig(t).scrape()
	for _, addr := range []string{"10.0.0.1:9876", "10.0.0.2:9876"} {
		r := rig{t: t}
		r.is(text, "gorocket_namesrv_registered", `namesrv="`+addr+`"`, 1)
		r.is(text, "gorocket_route_taken", `namesrv="`+addr+`"`, 0)
		r.is(text, "gorocket_namesrv_failures_total", `namesrv="`+addr+`"`, 0)
	}
}
