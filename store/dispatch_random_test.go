package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gorocket/store/check"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// queueState is what a reader can find out about a queue.
type queueState struct {
	Min, End int64
	Entries  []dispatch.Entry
}

// stateOf reads every queue of a store; empty ones are left out.
func stateOf(t *testing.T, s *Store) map[string]queueState {
	t.Helper()
	all := map[string]queueState{}
	s.queues.Each(func(q *consumequeue.Queue) bool {
		st := queueState{Min: s.queues.Min(q), End: q.End()}
		for at := q.First(); at < q.Entries(); at++ {
			e, ok := s.queues.Entry(q, at)
			if !ok {
				t.Errorf("%s/%d: entry %d of %d..%d cannot be read", q.Topic, q.ID, at, q.First(), q.Entries())
				return false
			}
			if !q.Batch() {
				e.Base, e.Time, e.Count = at, 0, 0
			}
			st.Entries = append(st.Entries, e)
		}
		if len(st.Entries) > 0 {
			all[fmt.Sprintf("%s/%d", q.Topic, q.ID)] = st
		}
		return true
	})
	return all
}

// sameState compares two states; upTo limits the wanted one to records below a log offset.
func sameState(t *testing.T, what string, got, want map[string]queueState, upTo int64) {
	t.Helper()
	for name, w := range want {
		n := 0
		for n < len(w.Entries) && w.Entries[n].Offset < upTo {
			n++
		}
		g := got[name].Entries
		for i := range max(n, len(g)) {
			if i >= n || i >= len(g) || fmt.Sprint(g[i]) != fmt.Sprint(w.Entries[i]) {
				t.Fatalf("%s: %s: entry %d of %d: %+v, want %+v (of %d)", what, name, i, len(g), g[min(i,
					len(g)):min(i+1, len(g))], w.Entries[min(i, n):min(i+1, n)], n)
			}
		}
		if n == len(w.Entries) && n > 0 && (got[name].End != w.End || got[name].Min != w.Min) {
			t.Fatalf("%s: %s: %d..%d, want %d..%d", what, name, got[name].Min, got[name].End, w.Min, w.End)
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			t.Fatalf("%s: a queue %s with %d entries that the running store has not", what, name, len(g.Entries))
		}
	}
}

// chance makes what clients and other parts of the broker might hand to a store.
type chance struct{ *rand.Rand }

func (c chance) pick(list ...string) string { return list[c.IntN(len(list))] }

func (c chance) number() string {
	return c.pick("0", "1", "2", "7", "-1", "-5", "100", "32768", "99999999999", "9223372036854775807",
		"9223372036854775808", "x", " 3", "", "1\x00",
		strconv.Itoa(c.IntN(3000)))
}

func (c chance) lightNames() string {
	list := make([]string, 1+c.IntN(4))
	for i := range list {
		list[i] = c.pick("%LMQ%a", "%LMQ%b", "%LMQ%c", "other", "", "%LMQ%x/y")
	}
	return strings.Join(list, ",")
}

func (c chance) properties() []byte {
	var p []byte
	for range c.IntN(7) {
		switch c.IntN(12) {
		case 0, 1:
			p = record.AppendProperty(p, "TAGS", c.pick("a", "b", "", "long tag", "a\x00b"))
		case 2:
			p = record.AppendProperty(p, "KEYS", c.pick("k", "k1 k2", "a b c d e f", " "))
		case 3:
			p = record.AppendProperty(p, "UNIQ_KEY", c.pick("u1", "u2"))
		case 4:
			p = record.AppendProperty(p, "DELAY", c.number())
		case 5:
			p = record.AppendProperty(p, "INNER_NUM", c.number())
		case 6:
			p = record.AppendProperty(p, "INNER_BASE", c.number())
		case 7, 8:
			p = record.AppendProperty(p, "INNER_MULTI_DISPATCH", c.lightNames())
		case 9:
			p = record.AppendProperty(p, "INNER_MULTI_QUEUE_OFFSET", c.pick(c.number(), c.number()+","+c.number()))
		case 10:
			p = record.AppendProperty(p, "x", strings.Repeat("\x00", c.IntN(3000))+c.pick("", "v"))
		default:
			p = append(p, c.pick("\x01\x02", "WAIT\x01false", "junk", "\x00", "__CRC32#\x010123456789\x02",
				"PGROUP\x01g\x02")...)
		}
	}
	return p
}

func (c chance) record() *Record {
	r := msg(c.pick("T0", "T0", "T1", strings.Repeat("long", 40), "T2", "B", "N", "%RETRY%g", "%DLQ%g", "%LMQ%a",
		"rmq_sys_x", dispatch.ScheduleTopic,
		"RMQ_SYS_TRANS_HALF_TOPIC"), c.Int32N(3),
		strings.Repeat("b", c.IntN(200))+strings.Repeat("\x00", c.IntN(20)))
	switch c.IntN(4) {
	case 0:
		r.SysFlag = c.Int32()
	case 1:
		r.SysFlag = 1 << c.IntN(12)
	}
	r.Properties = c.properties()
	tags, _ := record.Property(r.Properties, "TAGS")
	r.TagsCode = record.TagsCode(tags)
	r.Later, r.Group = c.IntN(3) == 0, c.IntN(3) == 0
	return r
}

// appendSome appends one record or batch and tells how many messages were accepted.
func (c chance) appendSome(t *testing.T, s *Store) int {
	t.Helper()
	r := c.record()
	if c.IntN(200) == 0 {
		if err := s.DeleteTopic("D"); err != nil {
			t.Fatal(err)
		}
		r = msg("D", 0, "the new life of a topic begins")
	} else if c.IntN(40) == 0 {
		r = msg("D", 0, "again")
	}
	a, err := Appended{Count: 1}, error(nil)
	if c.IntN(3) > 0 || r.Topic == "D" {
		a, err = s.Append(r)
		a.Count = 1
	} else {
		var batch []byte
		for range 1 + c.IntN(6) {
			batch = record.AppendBatchItem(batch, record.BatchItem{Body: r.Body, Properties: c.properties()})
		}
		if r.Properties = nil; c.IntN(5) == 0 {
			r.Properties = c.properties()
		}
		a, _, err = s.AppendBatch(r, batch, nil)
	}
	if err == nil {
		err = s.Publish(a.End())
	}
	if err != nil && !errors.Is(err, record.ErrIllegal) && !errors.Is(err, ErrTooManyLightQueues) {
		t.Fatalf("%+v: %v", r, err)
	}
	if err != nil {
		return 0
	}
	return a.Count
}

// randomRecords is how many records TestRecoveredAsLive accepts: STORE_RANDOM_RECORDS=100000 go test -run
// RecoveredAsLive ./store.
func randomRecords(t *testing.T) int {
	if v := os.Getenv("STORE_RANDOM_RECORDS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return 1500
	}
	return 6000
}

// TestRecoveredAsLive appends records and batches with random sysFlags and properties, and compares the queues with
// those that a start finds or builds after a kill, after the loss of all queue files, and after a power cut.
func TestRecoveredAsLive(t *testing.T) {
	const perStore = 1000
	for seed, left := uint64(1), randomRecords(t); left > 0; seed, left = seed+1, left-perStore {
		recoveredAsLive(t, seed, perStore)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func recoveredAsLive(t *testing.T, seed uint64, records int) {
	c := chance{rand.New(rand.NewPCG(seed, 16))}
	mem := vfs.NewMem()
	defer mem.Free()
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.MapperFileSizeBatchConsumeQueue = 256<<10, 50*consumequeue.BatchUnit
	cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 1+c.IntN(20), 1+c.IntN(40)
	cfg.EnableLmq, cfg.EnableMultiDispatch = seed%2 == 0, seed%2 == 0
	cfg.EnabledAppendPropCRC = seed%5 == 0
	if seed%3 == 0 {
		cfg.FlushDiskType = SyncFlush
	}
	ev := EventListener{IsBatchTopic: batchB,
		QueueJump: func(j recovery.Jump) { t.Errorf("seed %d: %+v", seed, j) }}
	if seed%4 == 1 { // inner batches decide
		ev.IsBatchTopic = nil
	}
	s := mustOpen(t, cfg, mem, ev)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < records; {
		n += c.appendSome(t, s)
	}
	unsynced := mem.CrashClone(seed, c.Float64())
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	killed, empty, cut := mem.Clone(), mem.Clone(), mem.CrashClone(seed, c.Float64())
	for _, dir := range []string{"/consumequeue", "/batchconsumequeue"} {
		_ = empty.Rename("/s"+dir, "/gone"+strings.ReplaceAll(dir, "/", "-"))
	}
	want, live := stateOf(t, s), s.MaxPhyOffset()
	mustStop(t, s)
	// what was not synced may be gone, and with it the new life of a deleted topic
	for _, x := range []struct {
		what string
		fsys *vfs.Mem
		all  bool
	}{{"killed", killed, true}, {"queues lost", empty, true}, {"power cut", cut, true}, {"power cut, nothing synced",
		unsynced, false}} {
		defer x.fsys.Free()
		again := mustOpen(t, cfg, x.fsys, ev)
		got, end := stateOf(t, again), again.MaxPhyOffset()
		w := want
		if !x.all {
			delete(got, "D/0")
			w = map[string]queueState{}
			for name, st := range want {
				if name != "D/0" {
					w[name] = st
				}
			}
		} else if end != live {
			t.Errorf("%s: the log ends at %d, want %d", x.what, end, live)
		}
		sameState(t, x.what, got, w, end)
		if err := again.Start(); err != nil {
			t.Fatal(err)
		}
		mustStop(t, again)
		if r := mustVerify(t, cfg, x.fsys); slices.ContainsFunc(r.Findings,
			func(f check.Finding) bool { return f.Severity != check.Note }) {
			t.Fatalf("%s: verify: %+v", x.what, r.Findings)
		}
	}
}
