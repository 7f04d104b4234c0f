package service

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/broker/delay"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

// rig is the services of a broker without a socket: a store on a memory file system, empty tables, and a clock that
// the test sets.
type rig struct {
	*Services
	t      *testing.T
	d      Deps
	mem    *vfs.Mem
	store  *store.Store
	conn   *remoting.Conn // of the member of a group; nil before the first
	clock  atomic.Int64   // ms since 1970
	cfg    atomic.Pointer[config.Config]
	inSync atomic.Int64 // brokers that are in sync
	joins  atomic.Int64 // how many more are in sync once that has been asked
}

// birth is when the clock of a rig begins, ms since 1970.
const birth = 1_790_000_000_000

// kept waits for the outcome of a send that promises something.
func (r *rig) kept(m *Send) (outcome error) {
	r.t.Helper()
	p := m.Promise()
	r.Send.Awaits(1, p.End, p.End)
	testutil.WaitFor(r.t, "the outcome", func() (done bool) {
		done, outcome = r.Send.Kept(&p, p.Received)
		return done
	})
	return outcome
}

var producer = netip.MustParseAddrPort("10.0.0.7:4711")

func newRig(t *testing.T, edit ...func(*config.Config)) *rig {
	t.Helper()
	r := &rig{t: t, mem: vfs.NewMem()}
	t.Cleanup(r.mem.Free)
	c := config.Default()
	c.StorePathRootDir, c.BrokerName, c.BrokerIP1, c.BrokerClusterName = "/store", "broker-a", "10.0.0.1", "cluster"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 16<<20, 60000, 1000, 4000
	c.MessageDelayLevel = "1s 5s 10s 30s 1m"
	for _, e := range edit {
		e(&c)
	}
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	r.cfg.Store(&c)
	r.clock.Store(birth)
	r.open(c)
	return r
}

// now is the clock of the rig.
func (r *rig) now() time.Time { return time.UnixMilli(r.clock.Load()) }

// change puts another configuration into force.
func (r *rig) change(edit func(*config.Config)) {
	c := *r.cfg.Load()
	edit(&c)
	r.cfg.Store(&c)
}

func (r *rig) open(c config.Config) {
	t := r.t
	t.Helper()
	log := zerolog.Nop()
	throttled := throttle.New(log, 1, time.Second)
	opened := func() *store.Store { return r.store }
	topics := meta.NewTopics()
	groups := meta.NewGroups(func() bool { return r.cfg.Load().AutoCreateSubscriptionGroup })
	topics.AddSystem([]meta.SystemTopic{{Name: compat.TopicAutoCreate, Queues: 8, Perm: 7},
		{Name: compat.TopicTransHalf, Queues: 1, Perm: 6}, {Name: timer.Topic, Queues: 1, Perm: 6}})
	committed := meta.NewOffsets()
	filters, err := filter.NewManager(filter.Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32,
		FilterDataCleanTimeSpan: time.Hour, Now: r.now, Refused: func(group, topic string, err error) {}})
	if err != nil {
		t.Fatal(err)
	}
	locks := clients.NewOrderLocks()
	locks.Now = r.now
	levels, err := delay.NewLevels(delay.Deps{Store: opened, Now: r.now, FilterBits: func(_ *store.Record, b []byte) []byte {
		return b
	}, Throttled: throttled}, c.MessageDelayLevel)
	if err != nil {
		t.Fatal(err)
	}
	producers := clients.NewProducers()
	halves := trans.NewService(trans.Deps{Settings: func() trans.Settings {
		return trans.Settings{Timeout: 6000, CheckInterval: time.Hour, CheckMax: 15, OpBatchInterval: time.Hour,
			OpMsgMaxSize: 4096, FileReserved: time.Hour, BrokerName: c.BrokerName, Store: &c.Config}
	}, Store: opened, Now: r.now, Offsets: committed, Topics: topics, Producers: producers, Log: log, Throttled: throttled})
	r.d = Deps{Config: &r.cfg, Now: r.now, StoreHost: netip.MustParseAddrPort("10.0.0.1:10911"), Topics: topics,
		Groups: groups, Committed: committed, Pulled: meta.NewOffsets(),
		Consumers: clients.NewConsumers(func(string) {}, 100), Locks: locks, Filters: filters,
		Mappings: &static.NewService(static.Deps{}).Mappings, Levels: levels, Trans: halves,
		InSync: func() int {
			defer func() { r.inSync.Add(r.joins.Swap(0)) }()
			return int(r.inSync.Load())
		}, Stats: stats.NewTotals(),
		DeadLetters: new(stats.DeadLetters), Log: log, Throttled: throttled}
	if r.store, err = store.Open(c.Config, r.mem, store.EventListener{
		IsBatchTopic: func(topic string) bool { return meta.IsBatch(topics.Get(topic)) }}); err != nil {
		t.Fatal(err)
	}
	timers, err := timer.Open(&c.Config, nil, r.mem, r.store, timer.Events{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.Start(); err != nil {
		t.Fatal(err)
	}
	halves.Start()
	r.Services = New(r.d)
	r.Open(r.store, timers)
	t.Cleanup(func() {
		halves.Stop()
		if err := r.store.Stop(context.Background()); err != nil && !errors.Is(err, store.ErrNotWritable) {
			t.Error(err)
		}
	})
}

// message is the input of a send of one message to any queue of a topic.
func (r *rig) message(topic, props, body string) *Send {
	return &Send{Record: store.Record{Message: record.Message{Topic: topic, QueueID: -1, BornTimestamp: birth,
		BornHost: producer, Body: []byte(body)}}, Properties: []byte(props), DefaultTopic: compat.TopicAutoCreate,
		DefaultQueues: 4, MaxReconsume: -1, Received: r.clock.Load(), TopicMade: true}
}

// send stores a message; change may edit its input.
func (r *rig) send(topic, props, body string, change ...func(*Send)) *Send {
	r.t.Helper()
	m := r.message(topic, props, body)
	for _, c := range change {
		c(m)
	}
	if err := soon(func() error { return r.Send.Send(m) }); err != nil {
		r.t.Fatalf("send to %s: %v", topic, err)
	}
	return m
}

// soon does what an event loop does: what would wait is tried again, for the store prepares its files meanwhile.
func soon(do func() error) (err error) {
	for range 1000 {
		if err = do(); err != ErrWouldWait {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return err
}

// to sends to one queue.
func to(queue int32) func(*Send) { return func(m *Send) { m.Record.QueueID = queue } }

// at is the record at a place of a queue.
func (r *rig) at(topic string, queue int32, offset int64) record.View {
	r.t.Helper()
	var res store.GetResult
	r.store.Get(&store.GetQuery{Topic: topic, QueueID: queue, Offset: offset, MaxCount: 1}, &res)
	defer res.Release()
	if len(res.Slices) == 0 {
		r.t.Fatalf("no message at %s-%d %d: %v", topic, queue, offset, res.Status)
	}
	m, err := record.Decode(slices.Clone(res.Slices[0]))
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// has checks a property of a record; "-" stands for none.
func has(t *testing.T, m record.View, name, want string) {
	t.Helper()
	if v, ok := m.Property(name); string(v) != want && !(want == "-" && !ok) {
		t.Errorf("%s is %q, want %q", name, v, want)
	}
}

// group makes a consumer group.
func (r *rig) group(name string, edit ...func(*protocol.SubscriptionGroupConfig)) {
	r.t.Helper()
	g := protocol.NewSubscriptionGroupConfig(name)
	for _, e := range edit {
		e(&g)
	}
	if err := r.d.Groups.Update(g); err != nil {
		r.t.Fatal(err)
	}
}

// refused checks reason and beginning of the text of a refusal.
func refused(t *testing.T, err error, why Reason, text string) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Reason != why || len(r.Text) < len(text) || r.Text[:len(text)] != text {
		t.Errorf("got %#v %v, want reason %d %q", err, err, why, text)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// connection is one that somebody has opened to a server in this process.
func connection(t *testing.T) *remoting.Conn {
	t.Helper()
	got := make(chan *remoting.Conn, 1)
	addr := remotingtest.Serve(t, remoting.Entry{Code: 1, Handle: func(ctx *remoting.Context) { got <- ctx.Conn() }})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	const head = `{"code":1,"flag":0,"language":"JAVA","opaque":1,"version":400}`
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(head)))
	frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(head))), head...)
	if _, err := c.Write(frame); err != nil {
		t.Fatal(err)
	}
	return <-got
}
