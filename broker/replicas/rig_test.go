package replicas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// controller answers as a test says, and keeps what it was asked.
type controller struct {
	t    *testing.T
	addr string

	mu      sync.Mutex
	leader  string                                // guarded by mu; whom it names; "" when it knows none
	answers map[int32]func(ctx *remoting.Context) // guarded by mu; by request code; none: 2007
	asked   []*wire.Command                       // guarded by mu
}

// startController runs a controller that names itself as leader, and answers that it is none.
func startController(t *testing.T) *controller {
	t.Helper()
	c := &controller{t: t, answers: map[int32]func(ctx *remoting.Context){}}
	var entries []remoting.Entry
	for _, code := range []int32{wire.ReqControllerGetMetadataInfo, wire.ReqControllerGetNextBrokerId,
		wire.ReqControllerApplyBrokerId, wire.ReqControllerRegisterBroker, wire.ReqControllerGetReplicaInfo,
		wire.ReqControllerElectMaster, wire.ReqControllerAlterSyncStateSet, wire.ReqControllerGetSyncStateData,
		wire.ReqBrokerHeartbeat} {
		entries = append(entries, remoting.Entry{Code: code, Mode: remoting.Pooled, Handle: c.handle})
	}
	c.addr = remotingtest.Serve(t, entries...)
	c.leader = c.addr
	c.on(wire.ReqControllerGetMetadataInfo, func(ctx *remoting.Context) {
		c.mu.Lock()
		h := wire.ControllerMetadataHeader{Group: "g", LeaderAddress: c.leader}
		c.mu.Unlock()
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.ControllerMetadataResponse, &h, remoting.Body{})
	})
	return c
}

func (c *controller) handle(ctx *remoting.Context) {
	c.mu.Lock()
	c.asked = append(c.asked, ctx.Req.Clone())
	answer := c.answers[ctx.Req.Code]
	c.mu.Unlock()
	if answer == nil {
		ctx.Status(wire.ControllerNotLeader, "The controller is not in leader state")
		return
	}
	answer(ctx)
}

// on says how a code is answered.
func (c *controller) on(code int32, answer func(ctx *remoting.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[code] = answer
}

// names says whom it takes for the leader.
func (c *controller) names(leader string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = leader
}

// of are the requests of a code so far.
func (c *controller) of(code int32) (list []*wire.Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.asked {
		if r.Code == code {
			list = append(list, r)
		}
	}
	return list
}

// status, answered and silent are answers.
func status(code int32) func(ctx *remoting.Context) {
	return func(ctx *remoting.Context) { ctx.Status(code, "no") }
}

func answered[T any](h *wire.HeaderType[T], v T, body string) func(ctx *remoting.Context) {
	return coded(wire.Success, h, v, body)
}

func coded[T any](code int32, h *wire.HeaderType[T], v T, body string) func(ctx *remoting.Context) {
	return func(ctx *remoting.Context) {
		remoting.Respond(&ctx.Replier, code, "", h, &v, remoting.Body{Bytes: []byte(body)})
	}
}

// info says who is master, in answer to 1004, and to 1003.
func (c *controller) info(m Master, set string) {
	c.on(wire.ReqControllerGetReplicaInfo, answered(wire.ReplicaInfoResponse, wire.ReplicaInfoResponseHeader{
		MasterBrokerID: m.ID, MasterAddress: m.Addr, MasterEpoch: m.Epoch}, set))
	c.on(wire.ReqControllerRegisterBroker, answered(wire.RegisterToControllerResponse,
		wire.RegisterToControllerResponseHeader{ElectMasterResponseHeader: wire.ElectMasterResponseHeader{
			MasterBrokerID: m.ID, MasterAddress: m.Addr, MasterEpoch: m.Epoch}}, set))
}

// ids gives ids.
func (c *controller) ids(next int64) {
	c.on(wire.ReqControllerGetNextBrokerId, answered(wire.NextBrokerIDResponse,
		wire.NextBrokerIDResponseHeader{NextBrokerID: next}, ""))
	c.on(wire.ReqControllerApplyBrokerId, answered(wire.ApplyBrokerIDResponse, wire.ApplyBrokerIDResponseHeader{}, ""))
}

// setOf is the body of a sync state set.
func setOf(epoch int32, ids ...int64) string {
	return fmt.Sprintf(`{"syncStateSet":[%s],"syncStateSetEpoch":%d}`, strings.Trim(strings.ReplaceAll(fmt.Sprint(ids),
		" ", ","), "[]"), epoch)
}

// actor is a Role that does nothing but note what it was told.
type actor struct {
	mu      sync.Mutex
	state   State           // guarded by mu
	did     []string        // guarded by mu; "lead 1/3": broker 1, epoch 3; "follow", "fence", "unfence"
	counted int             // guarded by mu; calls of Counted
	slaves  []ha.SlaveState // guarded by mu
	fail    error           // guarded by mu; of Lead and Follow
}

var errActor = errors.New("the actor does not want to")

func (a *actor) note(what string, m Master) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.did = append(a.did, fmt.Sprintf("%s %d/%d", what, m.ID, m.Epoch))
	return a.fail
}

func (a *actor) Lead(m Master) error   { return a.note("lead", m) }
func (a *actor) Follow(m Master) error { return a.note("follow", m) }

func (a *actor) Fence(on bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.did = append(a.did, "fence"); !on {
		a.did[len(a.did)-1] = "unfence"
	}
	return nil
}

func (a *actor) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

func (a *actor) Slaves() []ha.SlaveState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.slaves)
}

func (a *actor) Counted() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counted++
}

// change changes what it says.
func (a *actor) change(edit func(a *actor)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	edit(a)
}

// took returns what it was told since the last call.
func (a *actor) took() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	did := strings.Join(a.did, ", ")
	a.did = nil
	return did
}

// rig is a Service with an actor, of broker b of cluster C. Its goroutines do not run unless a test starts them.
type rig struct {
	*Service
	t   *testing.T
	fs  *vfs.Mem
	act *actor
	set Settings // not changed while goroutines run
}

const file = "/id"

// newRig opens a Service whose controllers are these.
func newRig(t *testing.T, ctls ...*controller) *rig {
	t.Helper()
	r := &rig{t: t, fs: vfs.NewMem(), act: &actor{state: State{Epoch: -1}}}
	t.Cleanup(r.fs.Free)
	r.set = Settings{Cluster: "C", Broker: "b", Addr: "h:1", Beat: time.Nanosecond, Timeout: time.Hour,
		Poll: time.Nanosecond, Check: time.Nanosecond, FindLeader: time.Hour, NotCaughtUp: time.Minute, AllAck: true}
	for _, c := range ctls {
		r.set.Controllers = append(r.set.Controllers, c.addr)
	}
	return r
}

// open makes the Service, anew when it is called again.
func (r *rig) open() *rig {
	r.t.Helper()
	r.Service = New(Deps{Settings: func() Settings { return r.set }, FS: r.fs, File: file, Client: remotingtest.Client(r.t),
		Role: r.act, Log: zerolog.Nop(), Throttled: throttle.New(zerolog.Nop(), 1, time.Second)})
	if err := r.Open(); err != nil {
		r.t.Fatal(err)
	}
	return r
}

// as gives the broker an id before it is opened.
func (r *rig) as(id int64) *rig {
	r.t.Helper()
	if err := (&Identity{Cluster: "C", Broker: "b", ID: id}).write(r.fs, file, false); err != nil {
		r.t.Fatal(err)
	}
	return r.open()
}

// look is a turn of the loop.
func (r *rig) look() error {
	err := r.turn(context.Background())
	r.note(err)
	return err
}

// quiet has the loop ask who is master no more, unless something makes it.
func (r *rig) quiet() { r.set.Beat, r.set.Poll = time.Hour, time.Hour }

// must is look that works.
func (r *rig) must() {
	r.t.Helper()
	if err := r.look(); err != nil {
		r.t.Fatal(err)
	}
}

// did checks what the actor was told since the last call.
func (r *rig) did(want string) {
	r.t.Helper()
	if got := r.act.took(); got != want {
		r.t.Errorf("it did %q, want %q", got, want)
	}
}

// text is the content of a file, "" when there is none.
func (r *rig) text(name string) string {
	b, _ := vfs.ReadFile(r.fs, name)
	return string(b)
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testutil.WaitFor(t, what, ok)
}
