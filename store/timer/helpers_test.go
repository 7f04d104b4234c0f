package timer

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sort"
	"strconv"
	"testing"
	"time"

	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

var host = netip.MustParseAddrPort("10.0.0.1:10911")

func smallConfig() store.Config {
	c := store.DefaultConfig()
	c.StorePathRootDir = "/store"
	c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue, c.MaxHashSlotNum, c.MaxIndexNum = 256<<10, 20_000, 100, 400
	c.TouchAheadBytes, c.DiskSpaceWarningLevelRatio = 32<<10, 100
	c.MappedFileSizeTimerLog, c.TimerPrecisionMs, c.TimerFlushIntervalMs = 4096, 100, 5
	return c
}

// clock is a time that the test moves.
type clock struct{ ms int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms) }

// begin is a multiple of every precision.
const begin = int64(1_800_000_000_000)

// rig is a store with timers whose loop the test turns by hand.
type rig struct {
	t     *testing.T
	cfg   store.Config
	fs    vfs.FS
	s     *store.Store
	tm    *Timers
	clock *clock
	bad   []error // what was skipped
}

func newRig(t *testing.T, cfg store.Config, fsys vfs.FS, ms int64) *rig {
	t.Helper()
	r := &rig{t: t, cfg: cfg, fs: fsys, clock: &clock{ms}}
	var err error
	if r.s, err = store.Open(cfg, fsys, store.EventListener{}); err != nil {
		t.Fatal(err)
	}
	ev := Events{Skipped: func(_ int64, why error) { r.bad = append(r.bad, why) },
		Failed: func(what string, err error) { t.Logf("%s: %v", what, err) }}
	if r.tm, err = open(&r.cfg, nil, fsys, r.s, ev, r.clock.now); err != nil {
		t.Fatal(err)
	}
	if err = r.s.Start(); err != nil {
		t.Fatal(err)
	}
	if err = r.tm.flush(true); err != nil {
		t.Fatal(err)
	}
	return r
}

// stop is a clean stop.
func (r *rig) stop() {
	r.t.Helper()
	r.tm.started = true
	if err := r.tm.Stop(); err != nil {
		r.t.Fatal(err)
	}
	r.halt()
}

// halt ends the store without the timers' last flush.
func (r *rig) halt() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = r.s.Stop(ctx)
}

// put stores a timer message as a broker does.
func (r *rig) put(at int64, body, more string) {
	r.t.Helper()
	props := fmt.Sprintf("TIMER_OUT_MS\x01%d\x02REAL_TOPIC\x01T\x02REAL_QID\x010\x02UNIQ_KEY\x01%s\x02%s", at, body, more)
	if _, err := r.s.Append(&store.Record{
		Now: r.clock.ms,
		Message: record.Message{
			Topic: Topic, BornHost: host, StoreHost: host, Body: []byte(body),
			Properties: []byte(props),
		},
	}); err != nil {
		r.t.Fatal(err)
	}
}

// turn sets the clock and lets the loop do everything.
func (r *rig) turn(ms int64) {
	r.clock.ms = ms
	for r.tm.step() {
	}
}

// got is what was delivered to T, in order, and the views of the records.
func (r *rig) got() (bodies []string, views []record.View) {
	r.t.Helper()
	var res store.GetResult
	for at := int64(0); ; {
		r.s.Get(&store.GetQuery{Topic: "T", Offset: at, MaxCount: 32}, &res)
		if res.Status != store.Found {
			res.Release()
			return bodies, views
		}
		for _, rec := range res.Slices {
			m, err := record.Decode(append([]byte(nil), rec...))
			if err != nil {
				r.t.Fatal(err)
			}
			bodies, views = append(bodies, string(m.Body)), append(views, m)
		}
		at = res.NextBeginOffset
		res.Release()
	}
}

func (r *rig) want(bodies ...string) {
	r.t.Helper()
	if got, _ := r.got(); fmt.Sprint(got) != fmt.Sprint(bodies) {
		r.t.Fatalf("delivered %v, want %v", got, bodies)
	}
}

func decoded(t *testing.T, rec []byte) (record.View, bool) {
	t.Helper()
	m, err := record.Decode(bytes.Clone(rec))
	if err != nil {
		t.Error(err)
	}
	return m, err == nil
}

func prop(m *record.View, name string) string {
	v, _ := m.Property(name)
	return string(v)
}

// sortedInts sorts numeric bodies.
func sortedInts(bodies []string) []int {
	var out []int
	for _, b := range bodies {
		n, _ := strconv.Atoi(b)
		out = append(out, n)
	}
	sort.Ints(out)
	return out
}
