package pop

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/service"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// birth is when the clock of a rig begins, ms since 1970.
const birth = 1_790_000_000_000

// rig is the service without a broker: a store on a memory file system, a clock that the test sets, and timers that
// deliver when the test says so. The goroutines of the service run only where a test starts them.
type rig struct {
	*Service
	t       testing.TB
	fs      vfs.FS
	mem     *vfs.Mem     // fs, but in benchmarks
	clock   atomic.Int64 // ms since 1970
	conf    atomic.Pointer[config.Config]
	read    int64 // offset in the timer topic up to which everything is delivered or in parked
	parked  []parked
	full    atomic.Bool // the timers refuse
	late    bool        // the timers are behind
	cleaned bool

	saved, savedOrders []byte // the tables as of save, which kill brings back; nil: there were none
}

type parked struct {
	slot int64
	rec  store.Record
}

var host = netip.MustParseAddrPort("10.0.0.1:10911")

func newRig(t testing.TB, edit ...func(*config.Config)) *rig {
	t.Helper()
	r := &rig{t: t, mem: vfs.NewMem()}
	r.fs = r.mem
	r.clock.Store(birth)
	c := config.Default()
	c.StorePathRootDir, c.BrokerName, c.BrokerIP1, c.BrokerClusterName = "/store", "broker-a", "10.0.0.1", "cluster"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 16<<20, 60000, 1000, 4000
	c.ReviveQueueNum = 2
	for _, e := range edit {
		e(&c)
	}
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if c.StorePathRootDir != "/store" {
		r.fs = vfs.OS{}
	}
	r.conf.Store(&c)
	topics, groups, committed := meta.NewTopics(), meta.NewGroups(func() bool { return true }), meta.NewOffsets()
	r.open(topics, groups, committed)
	t.Cleanup(func() {
		r.close()
		r.mem.Free()
	})
	return r
}

// open opens the store and a service on it.
func (r *rig) open(topics *meta.Topics, groups *meta.Groups, committed *meta.Offsets) {
	r.reopen(topics, groups, committed, nil)
}

// reopen is open with a consumerOrderInfo.json, if it is not empty.
func (r *rig) reopen(topics *meta.Topics, groups *meta.Groups, committed *meta.Offsets, orders []byte) {
	t, c := r.t, r.conf.Load()
	t.Helper()
	throttled := throttle.New(zerolog.Nop(), 1, time.Second)
	now := func() time.Time { return time.UnixMilli(r.clock.Load()) }
	filters, err := filter.NewManager(filter.Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32,
		FilterDataCleanTimeSpan: time.Hour, Now: now, Refused: func(group, topic string, err error) {}})
	if err != nil {
		t.Fatal(err)
	}
	topics.AddSystem([]meta.SystemTopic{{Name: timer.Topic, Queues: 1, Perm: 6},
		{Name: ReviveTopic("cluster"), Queues: c.ReviveQueueNum, Perm: 6}})
	r.Service = New(Deps{Config: &r.conf, Now: now, StoreHost: host, Topics: topics, Groups: groups,
		Committed: committed, Pulled: meta.NewOffsets(), Filters: filters, Stats: stats.NewTotals(), Log: zerolog.Nop(),
		Throttled: throttled, FS: r.fs, Dir: "/store/popJournal", SaveOffsets: r.save})
	s := r.Service
	if c.StorePathRootDir != "/store" {
		s.journal.dir = c.StorePathRootDir + "/popJournal"
	}
	s.pops.now, s.asks.now = r.clock.Load, r.clock.Load
	st, err := store.Open(c.Config, r.fs, store.EventListener{
		MessageStored: func(topic string, queue int32, offset, tags, _ int64, rec []byte) {
			s.Arrived(topic, queue, offset, tags, rec)
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Start(); err != nil {
		t.Fatal(err)
	}
	s.Open(st, r)
	if len(orders) > 0 {
		if err := s.LoadOrders(orders); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.restore(); err != nil {
		t.Fatal(err)
	}
	s.serves.Store(true)
	if err := s.openJournal(false); err != nil {
		t.Fatal(err)
	}
	s.pops.open()
	s.asks.open()
	s.revive.begin()
	r.read, r.parked, r.cleaned = 0, nil, false
}

func (r *rig) close() {
	if r.cleaned {
		return
	}
	r.cleaned = true
	r.journal.end()
	if err := r.store.Stop(context.Background()); err != nil && !errors.Is(err, store.ErrNotWritable) {
		r.t.Error(err)
	}
}

// kill ends the service and the store without a word, and opens them again: everything that was written is there.
func (r *rig) kill() {
	r.t.Helper()
	topics, groups, committed := r.d.Topics, r.d.Groups, meta.NewOffsets()
	if len(r.saved) > 0 {
		if err := committed.Load(r.saved); err != nil {
			r.t.Fatal(err)
		}
	}
	r.serves.Store(false)
	read, parked := r.read, r.parked
	r.close()
	r.reopen(topics, groups, committed, r.savedOrders)
	r.read, r.parked = read, parked
}

// save writes the tables that say what is popped: kill brings them back.
func (r *rig) save() (err error) {
	if r.saved, err = r.d.Committed.Encode(); err == nil {
		r.savedOrders, err = r.EncodeOrders()
	}
	return err
}

// crash loses what is not on disk, and opens what is left with the tables as they are.
func (r *rig) crash() {
	r.t.Helper()
	r.wake(r.mem.Clone(), r.d.Committed)
}

// wake goes on with what is on another disk.
func (r *rig) wake(disk *vfs.Mem, committed *meta.Offsets) {
	r.t.Helper()
	topics, groups := r.d.Topics, r.d.Groups
	r.serves.Store(false)
	r.close()
	old := r.mem
	r.mem, r.fs = disk, disk
	old.Free()
	r.open(topics, groups, committed)
}

// SlotTime implements Timers.
func (r *rig) SlotTime(at int64) int64 { return (at - 1) / 1000 * 1000 }

// Reject implements Timers.
func (r *rig) Reject(int64) bool { return r.full.Load() }

// Figures implements Timers.
func (r *rig) Figures() (f timer.Figures) {
	if r.late {
		f.EnqueueBehind = 1
	}
	return f
}

// change puts another configuration into force.
func (r *rig) change(edit func(*config.Config)) {
	c := *r.conf.Load()
	edit(&c)
	r.conf.Store(&c)
}

// pass lets time pass in steps of half a second, and has everything done that is due then: timers deliver, the keeper
// and the reviver look.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	for end := r.clock.Load() + d.Milliseconds(); r.clock.Load() < end; {
		r.clock.Add(500)
		r.work()
	}
}

// work has done what is due now.
func (r *rig) work() {
	r.t.Helper()
	r.look(r.now(), nil)
	r.deliver()
	if err := r.store.Flush(); err != nil {
		r.t.Fatal(err)
	}
	r.look(r.now(), nil)
	r.revive.round(nil)
	if err := r.store.Flush(); err != nil {
		r.t.Fatal(err)
	}
	r.revive.round(nil)
}

// deliver stores what the timers have, in the order of their slots.
func (r *rig) deliver() {
	r.t.Helper()
	for ; r.read < r.store.MaxOffset(timer.Topic, 0); r.read++ {
		m := r.at(timer.Topic, 0, r.read)
		p := func(name string) string {
			v, _ := m.Property(name)
			return string(v)
		}
		slot, err1 := strconv.ParseInt(p(timer.PropOutMs), 10, 64)
		queue, err2 := strconv.ParseInt(p(record.PropRealQueue), 10, 32)
		if err1 != nil || err2 != nil {
			r.t.Fatalf("a timer message with %q", m.Properties)
		}
		tags := []byte(p(record.PropTags))
		r.parked = append(r.parked, parked{slot, store.Record{TagsCode: record.TagsCode(tags), Message: record.Message{
			Topic: p(record.PropRealTopic), QueueID: int32(queue), BornHost: m.BornHost, StoreHost: m.StoreHost,
			BornTimestamp: m.BornTimestamp, Body: m.Body, Properties: m.Properties}}})
	}
	slices.SortStableFunc(r.parked, func(a, b parked) int { return int(a.slot - b.slot) })
	for len(r.parked) > 0 && r.parked[0].slot+1000 <= r.now() {
		r.parked[0].rec.Now = r.now()
		if _, err := r.store.Append(&r.parked[0].rec); err != nil {
			r.t.Fatal(err)
		}
		r.parked = r.parked[1:]
	}
}

// topic makes a topic, group a consumer group.
func (r *rig) topic(name string, queues int, edit ...func(*protocol.TopicConfig)) {
	r.t.Helper()
	c := protocol.NewTopicConfig(name)
	c.ReadQueueNums, c.WriteQueueNums = queues, queues
	for _, e := range edit {
		e(&c)
	}
	if err := r.d.Topics.Update(c); err != nil {
		r.t.Fatal(err)
	}
}

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

// send stores messages in a queue; tag may be empty.
func (r *rig) send(topic string, queue int32, tag string, bodies ...string) {
	r.t.Helper()
	for _, body := range bodies {
		rec := store.Record{Now: r.now(), Message: record.Message{Topic: topic, QueueID: queue, BornTimestamp: r.now(), BornHost: host,
			StoreHost: host, Body: []byte(body)}}
		if tag != "" {
			rec.Properties = record.AppendProperty(nil, record.PropTags, tag)
			rec.TagsCode = int64(compat.HashCode(tag))
		}
		if _, err := r.store.Append(&rec); err != nil {
			r.t.Fatal(err)
		}
	}
}

// got is a message that was popped, as a client sees it.
type got struct {
	body   string
	topic  string // where it lies
	handle string
	queue  int32
	offset int64
	again  int32 // reconsume times
	props  map[string]string
}

// ask is a pop of all queues of a topic; edit may change it.
func (r *rig) ask(topic, group string, edit ...func(*Pop)) *Pop {
	p := &Pop{Reader: Reader{Topic: topic, Group: group, QueueID: -1, Peer: "c:1"}, MaxCount: 32, Invisible: 60_000,
		Born: r.now()}
	for _, e := range edit {
		e(p)
	}
	return p
}

// pop pops, and returns what a client makes of the answer.
func (r *rig) pop(topic, group string, edit ...func(*Pop)) []got {
	r.t.Helper()
	p := r.ask(topic, group, edit...)
	if err := r.Pop(p); err != nil {
		r.t.Fatal(err)
	}
	defer p.Release()
	if err := r.publish(p.End); err != nil {
		r.t.Fatal(err)
	}
	return r.read1(p)
}

// read1 does what Java's client does with an answer: MQClientAPIImpl.processPopResponse.
func (r *rig) read1(p *Pop) (list []got) {
	r.t.Helper()
	starts, offsets := map[string]string{}, map[string][]string{}
	for _, e := range strings.Split(string(p.Starts), ";") {
		if f := strings.Split(e, " "); len(f) == 3 {
			starts[f[0]+"@"+f[1]] = f[2]
		}
	}
	for _, e := range strings.Split(string(p.Offsets), ";") {
		if f := strings.Split(e, " "); len(f) == 3 {
			offsets[f[0]+"@"+f[1]] = strings.Split(f[2], ",")
		}
	}
	for _, part := range p.Parts {
		m, err := record.Decode(part)
		if err != nil {
			r.t.Fatal(err)
		}
		g := got{body: string(m.Body), queue: m.QueueID, offset: m.QueueOffset, again: m.ReconsumeTimes, props: map[string]string{}}
		for text := m.Properties; ; {
			name, value, rest, ok := record.NextProperty(text)
			if !ok {
				break
			}
			g.props[string(name)], text = string(value), rest
		}
		if g.handle = g.props[protocol.PropPopCheckPoint]; g.handle == "" {
			key := "0@" + strconv.Itoa(int(m.QueueID))
			if !slices.Contains(offsets[key], strconv.FormatInt(m.QueueOffset, 10)) {
				r.t.Fatalf("message %d of queue %d is not in msgOffsetInfo %q", m.QueueOffset, m.QueueID, p.Offsets)
			}
			g.handle = strings.Join([]string{starts[key], strconv.FormatInt(p.PopTime, 10),
				strconv.FormatInt(p.Invisible, 10), strconv.Itoa(int(p.ReviveQueue)), "0", "broker-a",
				strconv.Itoa(int(m.QueueID)), strconv.FormatInt(m.QueueOffset, 10)}, " ")
		}
		flag := strings.Split(g.handle, " ")[4]
		real, ok := realTopic(string(m.Topic), p.Group, flag)
		if !ok {
			r.t.Fatalf("handle %q", g.handle)
		}
		g.topic = real
		list = append(list, g)
	}
	return list
}

// ack acknowledges as a client does.
func (r *rig) ack(group string, list ...got) {
	r.t.Helper()
	for _, g := range list {
		a := &Ack{Group: group, Topic: g.topic, QueueID: g.queue, Offset: g.offset, Handle: g.handle, Peer: "c:1"}
		if err := r.Ack(a); err != nil {
			r.t.Fatalf("ack of %+v: %v", g, err)
		}
		if err := r.publish(a.End); err != nil {
			r.t.Fatal(err)
		}
	}
}

func bodies(list []got) string {
	texts := make([]string, 0, len(list))
	for _, g := range list {
		texts = append(texts, g.body)
	}
	return strings.Join(texts, " ")
}

// is compares the bodies of messages, in their order.
func (r *rig) is(what string, list []got, want string) {
	r.t.Helper()
	if have := bodies(list); have != want {
		r.t.Fatalf("%s: got %q, want %q", what, have, want)
	}
}

// committed checks the committed offset of a queue.
func (r *rig) committed(topic, group string, queue int32, want int64) {
	r.t.Helper()
	if at := r.d.Committed.Query(group, topic, queue); at != want {
		r.t.Fatalf("committed offset of %s at %s-%d is %d, want %d", group, topic, queue, at, want)
	}
}

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

// parkedCount is how many messages have come to the timers.
func (r *rig) parkedCount() int64 { return r.store.MaxOffset(timer.Topic, 0) }

// refused checks reason and beginning of the text of a refusal.
func refused(t testing.TB, err error, why service.Reason, text string) {
	t.Helper()
	var ref *service.Refusal
	if !errors.As(err, &ref) || ref.Reason != why || !strings.HasPrefix(ref.Text, text) {
		t.Errorf("got %#v %v, want reason %d %q", err, err, why, text)
	}
}
