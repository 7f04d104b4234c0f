package against

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker"
	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// freePort is one whose neighbours are free too.
func freePort(t *testing.T) int { return testutil.FreePort(t, -2, 1) }

func configOf(t *testing.T, dir string) config.Config {
	t.Helper()
	cfg, _, err := config.Load("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.StorePathRootDir, cfg.BrokerIP1, cfg.BindAddress, cfg.ListenPort = dir, "127.0.0.1", "127.0.0.1", freePort(t)
	cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = 64<<10, 100, 400
	cfg.MetricsExporterType, cfg.DiskSpaceWarningLevelRatio = "DISABLE", 100
	return cfg
}

// fill appends messages i, from..to-1, to the store of a directory.
func fill(t *testing.T, cfg config.Config, from, to int) {
	t.Helper()
	s, err := store.Open(cfg.Config, vfs.OS{}, store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	host := netip.MustParseAddrPort("10.0.0.1:1")
	for i := from; i < to; i++ {
		if _, err := s.Append(&store.Record{Message: record.Message{Topic: fmt.Sprint("T", i%3), QueueID: int32(i % 2),
			BornHost: host, StoreHost: host, Body: fmt.Appendf(make([]byte, 500), "body %d", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// peer runs a broker on a copy of a directory, with more messages or with fewer topics.
func peer(t *testing.T, dir string, change func(cfg config.Config)) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	cfg := configOf(t, to)
	change(cfg)
	b, err := broker.New(cfg, zerolog.Nop())
	if err == nil {
		err = b.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	return fmt.Sprintf("127.0.0.1:%d", cfg.ListenPort)
}

func compare(t *testing.T, dir, addr string) *Report {
	t.Helper()
	cfg := configOf(t, dir)
	r, err := Compare(t.Context(), cfg.Offline(dir), addr, remoting.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCompare: a copy is the same, also of a peer that has gone on, and behind its beginning; what differs is named with
// file, offset and queue, on whichever side it is.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	fill(t, configOf(t, dir), 0, 400)
	same := func(config.Config) {}
	ahead := peer(t, dir, func(cfg config.Config) { fill(t, cfg, 400, 450) })
	if r := compare(t, dir, ahead); r.First != nil || r.Compared != 400 || r.Queues != 6 || r.PeerTo <= r.To {
		t.Errorf("a peer that has gone on: %+v, %v", r, r.First)
	}
	twin := peer(t, dir, same)
	fill(t, configOf(t, dir), 400, 401)
	r := compare(t, dir, twin)
	if r.First == nil || r.Compared != 400 || r.First.Offset != r.To || r.First.Topic != "T1" ||
		!strings.Contains(r.First.String(), fmt.Sprintf("there the log ends at %d", r.PeerTo)) {
		t.Errorf("what is only here: %+v, %v", r, r.First)
	}
	if r := compare(t, dir, ahead); r.First == nil || r.Compared != 400 || r.First.Offset != r.To ||
		!strings.Contains(r.First.There, "message 66 of queue 0 of T1") {
		t.Errorf("two that went on apart: %+v, %v", r, r.First)
	}
	files, _ := filepath.Glob(dir + "/commitlog/*")
	data, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(data), "body 1")
	data[at] = 'B'
	if err := os.WriteFile(files[1], data, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := compare(t, dir, twin); r.First == nil || r.First.File != files[1] || r.First.Position > int64(at) ||
		r.First.Position < int64(at)-700 || r.First.Offset != r.First.Position+64<<10 || r.First.QueueID != -1 {
		t.Errorf("a changed byte at %d: %+v, %v", at, r, r.First)
	}
	cfg := configOf(t, dir)
	if _, err := Compare(t.Context(), cfg.Offline(dir), "127.0.0.1:1", remoting.Options{}); err == nil {
		t.Error("nobody answers, and that is no error")
	}
}

// TestBusyPeer: a peer that is too busy to answer has not answered that there is no message.
func TestBusyPeer(t *testing.T) {
	dir := t.TempDir()
	fill(t, configOf(t, dir), 0, 3)
	addr := remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqGetBrokerRuntimeInfo, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(`{"table":{"commitLogMinOffset":"0","commitLogMaxOffset":"1000000"}}`))
		}},
		remoting.Entry{Code: wire.ReqViewMessageById, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			ctx.Status(wire.SystemBusy, "[OVERLOAD]system busy")
		}})
	cfg := configOf(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // it is asked again and again
	defer cancel()
	if r, err := Compare(ctx, cfg.Offline(dir), addr, remoting.Options{}); err == nil || r.First != nil || r.NotShown != 0 {
		t.Errorf("%v, %+v, %v", err, r, r.First)
	}
}
