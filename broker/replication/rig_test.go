package replication

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/broker/slave"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// rig is the part that one broker takes in replication: a store in memory and empty tables.
type rig struct {
	*Service
	t     *testing.T
	store *store.Store
	set   atomic.Pointer[store.Config]
	lost  atomic.Int64 // how often the NameServers were asked
	joins atomic.Int64 // how often a master's log was found
}

// newRig prepares a broker of a role: SLAVE, ASYNC_MASTER, SYNC_MASTER. A slave looks at the tables of its master once,
// and when it is asked to.
func newRig(t *testing.T, role string, edit ...func(*store.Config)) *rig {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	c := store.DefaultConfig()
	c.StorePathRootDir, c.BrokerRole, c.MappedFileSizeCommitLog = "/s", role, 64<<10
	c.MaxHashSlotNum, c.MaxIndexNum, c.DiskSpaceWarningLevelRatio = 100, 400, 100
	c.HASendHeartbeatInterval = 50
	for _, e := range edit {
		e(&c)
	}
	s, err := store.Open(c, mem, store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	r := &rig{t: t, store: s}
	r.set.Store(&c)
	client, throttled := remotingtest.Client(t), throttle.New(zerolog.Nop(), 1, time.Second)
	r.Service = New(Deps{Settings: r.set.Load, Slave: func() bool { return role == "SLAVE" },
		Listen: func() string { return "127.0.0.1:0" }, Store: func() *store.Store { return r.store }, Client: client,
		Tables: slave.Deps{Client: client, Topics: meta.NewTopics(), Offsets: meta.NewOffsets(), Modes: meta.NewModes(),
			Groups: meta.NewGroups(func() bool { return true }), Delays: func([]byte) error { return nil },
			Log: zerolog.Nop(), Throttled: throttled, Period: time.Hour},
		Lost: func() { r.lost.Add(1) }, Joined: func() { r.joins.Add(1) }, Log: zerolog.Nop(), Throttled: throttled, Seek: 20 * time.Millisecond})
	return r
}

// start starts it until the test ends.
func (r *rig) start() *rig {
	r.t.Helper()
	if err := r.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(r.Stop)
	return r
}

// change changes a setting as a running broker's.
func (r *rig) change(edit func(*store.Config)) {
	c := *r.set.Load()
	edit(&c)
	r.set.Store(&c)
}

// listens is where a master listens.
func (r *rig) listens() string {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.master.Addr().String()
}

// send appends messages to topic T and returns where the log ends.
func (r *rig) send(bodies ...string) int64 {
	r.t.Helper()
	for _, body := range bodies {
		m := store.Record{Message: record.Message{Topic: "T", BornTimestamp: 1, Body: []byte(body),
			BornHost: netip.MustParseAddrPort("10.0.0.1:1"), StoreHost: netip.MustParseAddrPort("10.0.0.2:2")}}
		if _, err := r.store.Append(&m); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.store.MaxPhyOffset()
}

// last is the record that the log ends with.
func (r *rig) last() []byte {
	r.t.Helper()
	rec, err := r.store.LastRecord(func(*record.View) bool { return true })
	if err != nil || rec == nil {
		r.t.Fatal(rec, err)
	}
	return rec
}

// masterPort answers what slaves ask a master's remoting port: one message for any offset, and topic T unless it is gone.
// asked is the offset of the last question.
type masterPort struct {
	rec   []byte // the answer; nil: refused with code
	code  int32
	topic int32 // the code of the answer about the topic
	asked atomic.Int64
	looks atomic.Int64 // at the table of topics
}

func (m *masterPort) serve(t *testing.T) string {
	return remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqViewMessageById, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			var h wire.ViewMessageRequestHeader
			if err := wire.ViewMessageRequest.Decode(ctx.Req, nil, &h); err != nil {
				t.Error(err)
			}
			if m.asked.Store(h.Offset); m.rec == nil {
				ctx.Status(m.code, "no message")
				return
			}
			ctx.OK(m.rec)
		}},
		remoting.Entry{Code: wire.ReqGetTopicConfig, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			if name := ctx.Req.GetString("topic"); name != "T" {
				t.Errorf("asked for topic %q", name)
			}
			ctx.Status(m.topic, "about the topic")
		}},
		remoting.Entry{Code: wire.ReqGetAllTopicConfig, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			m.looks.Add(1)
			ctx.Status(wire.SystemBusy, "no")
		}})
}

// nobody is an address at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
