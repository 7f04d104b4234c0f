package overload

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// newGuard is a guard over a store on a memory file system.
func newGuard(t *testing.T, edit func(*config.Config)) (*Guard, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	c := config.Default()
	c.StorePathRootDir, c.MappedFileSizeCommitLog = "/s", 1<<20
	if edit != nil {
		edit(&c)
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
	g := New(live, throttle.New(zerolog.Nop(), 1, time.Minute))
	g.Open(st)
	return g, mem
}

// TestOverdue: each kind of request waits as long as its own key says, to the millisecond.
func TestOverdue(t *testing.T) {
	g, _ := newGuard(t, func(c *config.Config) {
		c.WaitTimeMillsInSendQueue, c.WaitTimeMillsInPullQueue, c.WaitTimeMillsInLitePullQueue = 11, 12, 13
		c.WaitTimeMillsInHeartbeatQueue, c.WaitTimeMillsInTransactionQueue, c.WaitTimeMillsInAdminBrokerQueue = 14, 15, 16
	})
	for code, ms := range map[int32]time.Duration{wire.ReqSendMessage: 11, wire.ReqSendMessageV2: 11,
		wire.ReqSendBatchMessage: 11, wire.ReqConsumerSendMsgBack: 11, wire.ReqPullMessage: 12,
		wire.ReqLitePullMessage: 13, wire.ReqHeartBeat: 14, wire.ReqEndTransaction: 15, wire.ReqGetBrokerConfig: 16,
		wire.ReqQueryMessage: 16} {
		if cause := g.Overdue(code, ms*time.Millisecond-1); cause != "" {
			t.Errorf("code %d just before its time: %s", code, cause)
		}
		if cause := g.Overdue(code, ms*time.Millisecond); cause != causeWaited {
			t.Errorf("code %d at its time: %q", code, cause)
		}
	}
	off, _ := newGuard(t, func(c *config.Config) { c.BrokerFastFailureEnable = false })
	if cause := off.Overdue(wire.ReqSendMessage, time.Hour); cause != "" {
		t.Errorf("switched off: %s", cause)
	}
}

// TestRefusedIsCounted: by cause, each from 0 on.
func TestRefusedIsCounted(t *testing.T) {
	g, _ := newGuard(t, nil)
	got := map[string]int64{}
	count := func() { g.Each(func(cause string, n int64) { got[cause] = n }) }
	count()
	if len(got) != 4 || got[remoting.Overload] != 0 || got[causeWaited] != 0 || got[causeDisk] != 0 || got[causeReject] != 0 {
		t.Errorf("at first %v", got)
	}
	g.counts[causeDisk].Add(3)
	if count(); got[causeDisk] != 3 || got[causeWaited] != 0 {
		t.Errorf("then %v", got)
	}
}

// TestRejects: while an append hangs a send is answered at once and counted, and one that waited for a worker ends; when
// the append comes to its end both go on.
func TestRejects(t *testing.T) {
	g, mem := newGuard(t, func(c *config.Config) { c.OsPageCacheBusyTimeOutMills = 20 })
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqSendMessage, Handle: func(ctx *remoting.Context) {
		if !g.Rejects(ctx) {
			ctx.OK(nil)
		}
	}})
	client := remotingtest.Client(t)
	send := func() *wire.Command {
		t.Helper()
		conn, err := client.Conn(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := remoting.Invoke(t.Context(), conn, wire.ReqSendMessage, wire.None, new(wire.NoHeader), nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	counts := func() (rejected, waited int64) {
		g.Each(func(cause string, n int64) {
			switch cause {
			case causeReject:
				rejected = n
			case causeDisk, causeWaited, remoting.Overload:
				waited += n
			}
		})
		return rejected, waited
	}
	if a := send(); a.Code != wire.Success {
		t.Errorf("nothing hangs: %d %s", a.Code, a.Remark)
	}
	release := storetest.Stall(t, mem, "write", "commitlog", nil)
	done := make(chan error, 1)
	go func() {
		_, err := g.store.Append(&store.Record{Message: record.Message{Topic: "T", Body: []byte("late")}})
		done <- err
	}()
	testutil.WaitFor(t, "the append to hang", g.store.OSPageCacheBusy)
	if a := send(); a.Code != wire.SystemBusy || !strings.HasPrefix(a.Remark, "[REJECTREQUEST]system busy") {
		t.Errorf("while an append hangs: %d %s", a.Code, a.Remark)
	}
	if rejected, others := counts(); rejected != 1 || others != 0 {
		t.Errorf("%d counted, and %d for other causes", rejected, others)
	}
	if cause := g.Overdue(wire.ReqSendMessage, 0); cause != causeDisk {
		t.Errorf("a send that waits: %q", cause)
	}
	if cause := g.Overdue(wire.ReqPullMessage, 0); cause != "" {
		t.Errorf("a pull that waits: %q", cause)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if a := send(); a.Code != wire.Success {
		t.Errorf("nothing hangs any more: %d %s", a.Code, a.Remark)
	}
	if rejected, _ := counts(); rejected != 1 {
		t.Errorf("%d counted in the end", rejected)
	}
}

// TestSendKinds: what hangs with an append is refused while one hangs, and nothing else.
func TestSendKinds(t *testing.T) {
	for code, want := range map[int32]bool{wire.ReqSendMessage: true, wire.ReqSendMessageV2: true,
		wire.ReqSendBatchMessage: true, wire.ReqConsumerSendMsgBack: true, wire.ReqPullMessage: false,
		wire.ReqEndTransaction: false, wire.ReqHeartBeat: false} {
		if isSend(code) != want {
			t.Errorf("code %d: %v", code, !want)
		}
	}
}
