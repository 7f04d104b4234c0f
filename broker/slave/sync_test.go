package slave

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// fakeMaster answers what slaves ask, as Java's AdminBrokerProcessor does.
type fakeMaster struct {
	pages int  // at most so many topics in an answer: splitMetadataSize
	old   bool // knows no pages: everything, and no total

	mu      sync.Mutex
	version compat.DataVersion
	topics  map[string]*protocol.TopicConfig
	groups  map[string]*protocol.SubscriptionGroupConfig
	offsets string // the body of 43, as it is sent
	delays  string // the body of 45
	check   string // and of 60
	end     int64  // of its log
	commits []string
	refuses bool               // commits
	asked   int                // for topics
	mapped  compat.DataVersion // of the mappings; zero: it knows none
	churn   int                // so many answers change the version behind them
}

func newMaster(topics ...string) *fakeMaster {
	m := &fakeMaster{pages: 2000, version: compat.DataVersion{Counter: 7, Timestamp: 1},
		topics: map[string]*protocol.TopicConfig{}, groups: map[string]*protocol.SubscriptionGroupConfig{},
		offsets: `{"offsetTable":{}}`, delays: `{"offsetTable":{3:12}}`, check: "the check point"}
	m.put(topics...)
	return m
}

func (m *fakeMaster) put(topics ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range topics {
		c, g := protocol.NewTopicConfig(name), protocol.NewSubscriptionGroupConfig("g"+name)
		m.topics[name], m.groups["g"+name] = &c, &g
	}
	m.version.Counter++
}

func (m *fakeMaster) serve(t *testing.T) string {
	entries := []remoting.Entry{
		{Code: wire.ReqGetAllTopicConfig, Mode: remoting.Pooled, Handle: m.allTopics},
		{Code: wire.ReqGetAllSubscriptiongroupConfig, Mode: remoting.Pooled, Handle: m.allGroups},
		{Code: wire.ReqUpdateConsumerOffset, Mode: remoting.Pooled, Handle: m.commit},
	}
	for code, body := range map[int32]func() string{
		wire.ReqGetAllConsumerOffset: func() string { return m.offsets },
		wire.ReqGetAllDelayOffset:    func() string { return m.delays },
		wire.ReqGetTimerCheckPoint:   func() string { return m.check },
		wire.ReqGetTimerMetrics:      func() string { return `{"timingCount":{}}` },
		wire.ReqGetBrokerRuntimeInfo: func() string { return fmt.Sprintf(`{"table":{"commitLogMaxOffset":"%d"}}`, m.end) },
		wire.ReqGetAllMessageRequestMode: func() string {
			return `{"messageRequestModeMap":{"A":{"gA":{"mode":"POP","topic":"A","consumerGroup":"gA"}}}}`
		},
	} {
		entries = append(entries, remoting.Entry{Code: code, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			m.mu.Lock()
			defer m.mu.Unlock()
			ctx.OK([]byte(body()))
		}})
	}
	return remotingtest.Serve(t, entries...)
}

// part is Java's subTopicConfigTable: a version that is not the current one starts again.
func part[E any](m *fakeMaster, all map[string]*E, seq, most int32, version string) map[string]*E {
	current, _ := compat.Marshal(m.version)
	if seq != 0 && version != string(current) {
		seq = 0
	}
	names := slices.Sorted(maps.Keys(all))
	from := min(int(seq), len(names))
	to := min(from+min(int(most), m.pages), len(names))
	out := map[string]*E{}
	for _, name := range names[from:to] {
		out[name] = all[name]
	}
	return out
}

func (m *fakeMaster) allTopics(ctx *remoting.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var h wire.GetAllTopicConfigRequestHeader
	if err := wire.GetAllTopicConfigRequest.Decode(ctx.Req, nil, &h); err != nil {
		ctx.Status(1, err.Error())
		return
	}
	m.asked++
	topics, out := m.topics, wire.GetAllTopicConfigResponseHeader{TotalTopicNum: -1}
	if !m.old {
		topics, out.TotalTopicNum = part(m, m.topics, h.TopicSeq, h.MaxTopicNum, h.DataVersion), int32(len(m.topics))
	}
	body, _ := compat.Marshal(protocol.TopicConfigAndMappingSerializeWrapper{DataVersion: m.version,
		TopicConfigTable: topics, MappingDataVersion: m.mapped, TopicQueueMappingDetailMap: m.mappings(topics)})
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.GetAllTopicConfigResponse, &out, remoting.Body{Bytes: body})
	if m.churn > 0 {
		m.churn--
		m.version.Counter++
	}
}

// mappings are those of the topics of a page: all whose names end in 7.
func (m *fakeMaster) mappings(topics map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingDetail {
	out := map[string]*protocol.TopicQueueMappingDetail{}
	for name := range topics {
		if m.mapped.Counter != 0 && strings.HasSuffix(name, "7") {
			out[name] = &protocol.TopicQueueMappingDetail{}
		}
	}
	return out
}

func (m *fakeMaster) allGroups(ctx *remoting.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var h wire.GetAllSubscriptionGroupRequestHeader
	if err := wire.GetAllGroupsRequest.Decode(ctx.Req, nil, &h); err != nil {
		ctx.Status(1, err.Error())
		return
	}
	groups, out := m.groups, wire.GetAllSubscriptionGroupResponseHeader{TotalGroupNum: -1}
	if !m.old {
		groups, out.TotalGroupNum = part(m, m.groups, h.GroupSeq, h.MaxGroupNum, h.DataVersion), int32(len(m.groups))
	}
	body, _ := compat.Marshal(protocol.SubscriptionGroupWrapper{DataVersion: m.version, SubscriptionGroupTable: groups,
		ForbiddenTable: map[string]map[string]int{"gA": {"A": 4}}})
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.GetAllGroupsResponse, &out, remoting.Body{Bytes: body})
}

func (m *fakeMaster) commit(ctx *remoting.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var h wire.UpdateConsumerOffsetRequestHeader
	if err := wire.UpdateConsumerOffsetRequest.Decode(ctx.Req, nil, &h); err != nil || m.refuses || !h.OnlyForward {
		ctx.Status(wire.TopicNotExist, "no")
		return
	}
	m.commits = append(m.commits, fmt.Sprintf("%s %s %d %d", h.ConsumerGroup, h.Topic, h.QueueID, h.CommitOffset))
	ctx.OK(nil)
}

// rig is a slave's tables with a Sync.
type rig struct {
	*Sync
	delays string
	timers fakeTimers

	mappings fakeMappings
	end      atomic.Int64
}

// fakeMappings keep what they are told.
type fakeMappings struct {
	version compat.DataVersion
	all     map[string]*protocol.TopicQueueMappingDetail
}

func (f *fakeMappings) CurrentVersion() compat.DataVersion { return f.version }
func (f *fakeMappings) Follow(v compat.DataVersion, all map[string]*protocol.TopicQueueMappingDetail) []string {
	f.version, f.all = v, all
	return nil
}

// fakeTimers keep what they are told.
type fakeTimers struct{ check, metrics string }

func (f *fakeTimers) Follow(b []byte) error        { f.check = string(b); return nil }
func (f *fakeTimers) FollowMetrics(b []byte) error { f.metrics = string(b); return nil }

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	r.Sync = New(Deps{Client: remotingtest.Client(t), Topics: meta.NewTopics(),
		Groups: meta.NewGroups(func() bool { return true }), Offsets: meta.NewOffsets(), Modes: meta.NewModes(),
		Mappings: &r.mappings, Log: zerolog.Nop(),
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second),
		Timers:    &r.timers, End: r.end.Load,
		Delays: func(data []byte) error { r.delays = string(data); return nil }, Period: 10 * time.Millisecond})
	r.d.Topics.AddSystem([]meta.SystemTopic{{Name: "TBW102", Queues: 8, Perm: 7}})
	r.d.Offsets.Committed = r.progress.Note
	return r
}

// looked has the tables brought to the master's state once.
func (r *rig) looked(t *testing.T) {
	t.Helper()
	if r.look(context.Background()); r.State().Err != nil {
		t.Fatal(r.State().Err)
	}
}

func names(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("T%05d", i))
	}
	return out
}

// TestTablesAreTheMasters: with pages of any size, with 5.5's total and from an older master without, the tables are
// the master's: what it does not have goes, the system's own stay, and the version is its. Java loses the last of
// 2000k+1.
func TestTablesAreTheMasters(t *testing.T) {
	for _, c := range []struct {
		topics, pages int
		old           bool
		churn         int
	}{{0, 2000, false, 0}, {1, 1, false, 0}, {7, 3, false, 0}, {2001, 2000, false, 0}, {4001, 2000, false, 0},
		{4001, 2000, true, 0}, {9, 2, false, 3}, {5, 4, false, 6}} {
		m, r := newMaster(names(c.topics)...), newRig(t)
		m.pages, m.old, m.churn = c.pages, c.old, c.churn
		_ = r.d.Topics.Update(protocol.NewTopicConfig("gone"))
		_ = r.d.Groups.Update(protocol.NewSubscriptionGroupConfig("gone"))
		r.Follow(m.serve(t))
		r.looked(t)
		_, all := r.d.Topics.Snapshot()
		if _, groups := all["TBW102"], r.d.Groups.Wrapper().SubscriptionGroupTable; len(all) != c.topics+1 ||
			all["TBW102"] == nil ||
			r.d.Topics.Len() != int64(c.topics+1) || len(groups) != c.topics+len(meta.SystemGroups) ||
			r.d.Groups.Len() != int64(len(groups)) {
			t.Errorf("%+v: %d topics, %d groups", c, len(all), len(groups))
		}
		if v := r.d.Topics.CurrentVersion(); c.churn == 0 && v != m.version {
			t.Errorf("%+v: version %v, not %v", c, v, m.version)
		}
		if r.d.Modes.Count() != 1 || !strings.Contains(r.delays, "3:12") || !r.d.Groups.ReadForbidden("gA", "A") {
			t.Errorf("%+v: %d modes, delays %s", c, r.d.Modes.Count(), r.delays)
		}
		if r.State().Synced.IsZero() {
			t.Errorf("%+v: not in sync", c)
		}
	}
}

// TestUnchangedTablesAreNotRead: a look at tables that are the same asks for one topic, not for all.
func TestUnchangedTablesAreNotRead(t *testing.T) {
	m, r := newMaster(names(10)...), newRig(t)
	m.pages = 2
	r.Follow(m.serve(t))
	r.looked(t)
	before := m.asked
	r.looked(t)
	if m.asked != before+1 {
		t.Errorf("%d requests", m.asked-before)
	}
	m.put("new")
	if r.looked(t); r.d.Topics.Get("new") == nil {
		t.Error("the new topic is not there")
	}
}

// TestTableThatNeverStops: a master whose table changes behind every page ends the look, not the slave.
func TestTableThatNeverStops(t *testing.T) {
	m, r := newMaster(names(10)...), newRig(t)
	m.pages, m.churn = 2, 1000
	r.Follow(m.serve(t))
	r.look(context.Background())
	if err := r.State().Err; err == nil || !strings.Contains(err.Error(), "changed") || !r.State().Synced.IsZero() {
		t.Error(err)
	}
	if r.d.Modes.Count() != 1 {
		t.Error("the other tables wait for this one")
	}
}

// TestProgressSurvivesTheMastersReturn: what clients committed while the master was away is not undone by its older
// offsets, and the master is told; where it knows more, its offsets count. The body has Java's bare numbers as names.
func TestProgressSurvivesTheMastersReturn(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	m.offsets = `{"dataVersion":{"counter":5,"timestamp":6},"offsetTable":{"A@g":{0:1000,1:1000,2:10,4:7}},` +
		`"pullOffsetTable":{"A@g":{0:1}}}`
	for queue, offset := range []int64{2000, 999, 1000, 5} {
		_ = r.d.Offsets.Commit("g", "A", int32(queue), offset)
	}
	r.Follow(m.serve(t))
	r.looked(t)
	for queue, want := range []int64{2000, 1000, 1000, 5, 7} {
		if got := r.d.Offsets.Query("g", "A", int32(queue)); got != want {
			t.Errorf("queue %d: %d, not %d", queue, got, want)
		}
	}
	slices.Sort(m.commits)
	if want := []string{"g A 0 2000", "g A 2 1000", "g A 3 5"}; !slices.Equal(m.commits, want) {
		t.Errorf("the master was told %q", m.commits)
	}
	m.offsets = `{"offsetTable":{"A@g":{0:100}}}` // somebody has reset it there
	r.looked(t)
	if got := r.d.Offsets.Query("g", "A", 0); got != 100 || len(m.commits) != 3 {
		t.Errorf("behind a reset at the master: %d, told %q", got, m.commits)
	}
}

// TestRefusedProgressIsForgotten: a master that has no such topic is not asked for ever.
func TestRefusedProgressIsForgotten(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	m.refuses = true
	_ = r.d.Offsets.Commit("g", "A", 0, 5)
	r.Follow(m.serve(t))
	r.looked(t)
	if ahead := r.progress.against(nil); len(ahead) != 0 {
		t.Errorf("%v", ahead)
	}
}

// TestSyncStartsAgain: the loop looks at once, then again and again; it ends and starts any number of times, also with
// a master that is not there.
func TestSyncStartsAgain(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	r.Follow("127.0.0.1:1")
	r.Start()
	r.Follow(m.serve(t))
	for _, name := range []string{"A", "B", "C"} {
		m.put(name)
		for deadline := time.Now().Add(10 * time.Second); r.d.Topics.Get(name) == nil; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", name, r.State())
			}
		}
		r.Stop()
		r.Start()
	}
	r.Stop()
	r.Stop()
}

// TestDeliveriesWaitForTheirCopies: what the master has delivered counts when this log has what the master's had then,
// not before, and when another master is followed not at all.
func TestDeliveriesWaitForTheirCopies(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	m.end = 1000
	addr := m.serve(t)
	r.Follow(addr)
	r.looked(t)
	if r.delays != "" || r.timers.check != "" || r.timers.metrics == "" {
		t.Fatalf("believed without the copies: %q %q, %q", r.delays, r.timers.check, r.timers.metrics)
	}
	r.end.Store(1000)
	m.delays, m.check, m.end = `{"offsetTable":{3:13}}`, "the next one", 2000
	r.looked(t)
	if !strings.Contains(r.delays, "3:12") || r.timers.check != "the check point" {
		t.Errorf("%q %q", r.delays, r.timers.check)
	}
	other := newMaster("A")
	other.delays, other.check, other.end = `{"offsetTable":{3:5}}`, "of another", 1500
	r.Follow(other.serve(t))
	r.end.Store(2000)
	r.looked(t)
	if !strings.Contains(r.delays, "3:5") || r.timers.check != "of another" {
		t.Errorf("%q %q", r.delays, r.timers.check)
	}
}

// TestMappingsAreTheMasters: mappings come with the topics, page by page, and when only they have changed.
func TestMappingsAreTheMasters(t *testing.T) {
	m, r := newMaster(names(40)...), newRig(t)
	m.pages, m.mapped = 11, compat.DataVersion{Counter: 3, Timestamp: 1}
	r.Follow(m.serve(t))
	r.looked(t)
	if len(r.mappings.all) != 4 || r.mappings.version != m.mapped {
		t.Errorf("%d mappings, version %+v", len(r.mappings.all), r.mappings.version)
	}
	m.mapped.Counter++
	r.looked(t)
	if r.mappings.version != m.mapped || len(r.mappings.all) != 4 {
		t.Errorf("%d mappings, version %+v", len(r.mappings.all), r.mappings.version)
	}
}

// TestNewGroupsAreSoonHere: what somebody made at the master, and was told that it is there, is here long before the
// next look at all tables.
func TestNewGroupsAreSoonHere(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	r.d.Period = time.Hour
	r.Follow(m.serve(t))
	r.Start()
	t.Cleanup(r.Stop)
	testutil.WaitFor(t, "the first look", func() bool { return r.d.Topics.Get("A") != nil && !r.State().Synced.IsZero() })
	m.put("B")
	began := time.Now()
	testutil.WaitFor(t, "the new ones", func() bool {
		return r.d.Topics.Get("B") != nil && r.d.Groups.Wrapper().SubscriptionGroupTable["gB"] != nil
	})
	if took := time.Since(began); took > 20*often {
		t.Errorf("after %s", took)
	}
}

// fakeUsers keep what they are told.
type fakeUsers struct {
	version, all string
	err          error
}

func (f *fakeUsers) Version() string { return f.version }
func (f *fakeUsers) Follow(b []byte) (bool, error) {
	f.all = string(b)
	return true, f.err
}

// TestUsersAreTheMasters: they are asked for with the version that is here, taken when there are any in the answer, and
// a master that knows no such request, or refuses it, is as good as one without; an error tells nothing of what came.
func TestUsersAreTheMasters(t *testing.T) {
	r, u := newRig(t), &fakeUsers{version: "v1"}
	r.d.Users = u
	for _, c := range []struct {
		code       int32
		body, want string
		err        error
	}{{0, "all", "all", nil}, {0, "", "", nil}, {16, "x", "", nil}, {3, "", "", nil}, {0, "secret", "secret",
		errors.New("secret")}} {
		u.all, u.err = "", c.err
		asked := ""
		master := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetUsers, Mode: remoting.Pooled,
			Handle: func(ctx *remoting.Context) {
				asked = string(ctx.Req.Body)
				if c.code != 0 {
					ctx.Status(c.code, "no")
					return
				}
				ctx.OK([]byte(c.body))
			}})
		err := r.users(context.Background(), master)
		if u.all != c.want || asked != "v1" || (err != nil) != (c.err != nil) {
			t.Errorf("%+v: took %q, asked with %q, %v", c, u.all, asked, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
	r.d.Users = nil
	if err := r.users(context.Background(), "127.0.0.1:1"); err != nil {
		t.Errorf("without credentials the master is asked: %v", err)
	}
}

// TestMetricsAreRare: how much waits in the master's timers is asked for every metricsPeriod; without timers, and of a
// master without, neither that nor their check point.
func TestMetricsAreRare(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	r.Follow(m.serve(t))
	r.looked(t)
	r.timers = fakeTimers{}
	if r.looked(t); r.timers.metrics != "" || r.timers.check == "" {
		t.Errorf("asked again at once: %+v", r.timers)
	}
	r.measured = time.Now().Add(-metricsPeriod)
	if r.looked(t); r.timers.metrics == "" {
		t.Error("not asked again")
	}
	r.timers, r.measured, r.d.Timers = fakeTimers{}, time.Time{}, nil
	if r.looked(t); r.timers != (fakeTimers{}) || r.delays == "" || !r.measured.IsZero() {
		t.Errorf("without timers: %+v, levels %q", r.timers, r.delays)
	}
	without := remotingtest.Serve(t)
	r.d.Timers = &r.timers
	if body, err := r.askTimers(t.Context(), without, wire.ReqGetTimerCheckPoint); body != nil || err != nil {
		t.Errorf("a master without timers: %q, %v", body, err)
	}
	if err := r.timerMetrics(t.Context(), without); err != nil || !r.measured.IsZero() {
		t.Errorf("a master without timers: %v, asked at %v", err, r.measured)
	}
}

// TestMasterEnd: an end that is none is an error that says so.
func TestMasterEnd(t *testing.T) {
	m, r := newMaster(), newRig(t)
	addr := m.serve(t)
	for end, ok := range map[int64]bool{0: true, 1 << 40: true, -1: false} {
		m.mu.Lock()
		m.end = end
		m.mu.Unlock()
		got, err := MasterEnd(t.Context(), r.d.Client, addr)
		if (err == nil) != ok || ok && got != end || !ok && !strings.Contains(err.Error(), `commitLogMaxOffset="-1"`) {
			t.Errorf("%d: %d, %v", end, got, err)
		}
	}
}

// TestSyncedSays: the time of a look counts when all tables were the master's, not without one, nor when one failed.
func TestSyncedSays(t *testing.T) {
	m, r := newMaster("A"), newRig(t)
	if r.look(t.Context()); r.State().Err != nil || !r.State().Synced.IsZero() {
		t.Errorf("without a master: %+v", r.State())
	}
	addr := m.serve(t)
	m.offsets = "{"
	r.Follow(addr)
	if r.look(t.Context()); r.State().Err == nil || !r.State().Synced.IsZero() || r.State().Master != addr {
		t.Errorf("offsets that cannot be read: %+v", r.State())
	}
	if r.d.Topics.Get("A") == nil || r.timers.check == "" {
		t.Error("what fails holds up the others")
	}
	m.mu.Lock()
	m.offsets = `{"offsetTable":{}}`
	m.mu.Unlock()
	if r.looked(t); r.State().Synced.IsZero() {
		t.Errorf("%+v", r.State())
	}
}
