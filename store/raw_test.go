package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorocket/store/check"
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// slaveOf is the configuration of a slave of a store, in another directory.
func slaveOf(cfg Config, dir string) Config {
	cfg.StorePathRootDir, cfg.BrokerRole = dir, "SLAVE"
	return cfg
}

// startSlave opens and starts a slave.
func startSlave(t testing.TB, cfg Config, fsys vfs.FS, ev EventListener) *Store {
	t.Helper()
	s := mustOpen(t, cfg, fsys, ev)
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// logBytes are bytes of a store's log from an offset on, at most n and of one file; nil at its end.
func logBytes(s *Store, at int64, n int) []byte {
	seg := s.log.Lease(at)
	if seg == nil {
		return nil
	}
	defer seg.Release()
	end := min(seg.End(), s.log.End(), at+int64(n))
	if end <= at {
		return nil
	}
	return bytes.Clone(seg.Data[at-seg.Base : end-seg.Base])
}

// follow brings a slave to the end of a master's log, in pieces of the sizes that cut gives.
func follow(t testing.TB, master, slave *Store, from int64, cut func() int) {
	t.Helper()
	at := slave.RawEnd()
	if at < 0 {
		at = from
	}
	for {
		b := logBytes(master, at, cut())
		if b == nil {
			return
		}
		if err := slave.AppendRaw(at, b); err != nil {
			t.Fatalf("at %d, %d bytes: %v", at, len(b), err)
		}
		at += int64(len(b))
		if got := slave.RawEnd(); got != at {
			t.Fatalf("the raw log ends at %d, want %d", got, at)
		}
	}
}

// sameLog compares the files of two logs byte by byte, from the first one of the copy on.
func sameLog(t testing.TB, master, slave *Store) {
	t.Helper()
	if master.MaxPhyOffset() != slave.MaxPhyOffset() {
		t.Fatalf("the copy ends at %d, want %d", slave.MaxPhyOffset(), master.MaxPhyOffset())
	}
	for at := slave.MinPhyOffset(); at < master.MaxPhyOffset(); {
		want := logBytes(master, at, 1<<20)
		if got := logBytes(slave, at, 1<<20); !bytes.Equal(got, want) {
			t.Fatalf("the files differ in the %d bytes from %d on", len(want), at)
		}
		at += int64(len(want))
	}
}

// indexOf is what the index of a store says about some keys.
func indexOf(t testing.TB, s *Store) (found []string) {
	t.Helper()
	for _, topic := range []string{"T0", "T1", "T2", "B", "D"} {
		for _, key := range []string{"k", "k1", "k2", "a", "f", "u1", "u2"} {
			r, err := s.QueryByKey(topic, key, 64, 0, 1<<62)
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range r.Records {
				m, _ := record.Decode(rec)
				found = append(found, fmt.Sprintf("%s/%s: %d", topic, key, m.PhysicalOffset))
			}
		}
	}
	return found
}

// randomMaster fills a store with what clients may send.
func randomMaster(t *testing.T, seed uint64, records int) (Config, *vfs.Mem, *Store, EventListener) {
	c := chance{rand.New(rand.NewPCG(seed, 18))}
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.MapperFileSizeBatchConsumeQueue = 128<<10, 50*consumequeue.BatchUnit
	cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 1+c.IntN(20), 1+c.IntN(40)
	cfg.EnableLmq, cfg.EnableMultiDispatch = seed%2 == 0, seed%2 == 0
	cfg.EnabledAppendPropCRC = seed%5 == 0
	if seed%3 == 0 {
		cfg.FlushDiskType = SyncFlush
	}
	ev := EventListener{IsBatchTopic: func(topic string) bool { return topic == "B" },
		QueueJump: func(j recovery.Jump) { t.Errorf("seed %d: %+v", seed, j) }}
	s := startSlave(t, cfg, mem, ev)
	for n := 0; n < records; {
		n += c.appendSome(t, s)
	}
	return cfg, mem, s, ev
}

// TestRawAsRecovered feeds a random log to a slave in random pieces, with restarts in between, and compares everything
// with what opening a copy of the master's directory gives.
func TestRawAsRecovered(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 4
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		rawAsRecovered(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func rawAsRecovered(t *testing.T, seed uint64) {
	cfg, mem, master, ev := randomMaster(t, seed, 1000)
	rnd := rand.New(rand.NewPCG(seed, 19))
	copied := mem.Clone()
	t.Cleanup(copied.Free)
	for _, dir := range []string{"/consumequeue", "/batchconsumequeue", "/index"} {
		_ = copied.Rename("/s"+dir, "/gone"+strings.ReplaceAll(dir, "/", "-"))
	}
	want := mustOpen(t, cfg, copied, ev)
	if err := want.Start(); err != nil {
		t.Fatal(err)
	}
	var told sync.Map
	ev.MessageStored = func(topic string, id int32, at, _, _ int64, rec []byte) {
		m, err := record.Decode(rec)
		if _, twice := told.LoadOrStore(fmt.Sprint(topic, id, at, m.PhysicalOffset), true); twice || err != nil {
			t.Errorf("seed %d: %s/%d %d told twice, or no record: %v", seed, topic, id, at, err)
		}
	}
	fsys := vfs.NewMem()
	t.Cleanup(fsys.Free)
	slaveCfg := slaveOf(cfg, "/r")
	slave := startSlave(t, slaveCfg, fsys, ev)
	small := seed%2 == 0
	for range 4 {
		for range 1 + rnd.IntN(6) {
			size := 1 + rnd.IntN(40<<10)
			at := max(slave.RawEnd(), 0)
			for b := logBytes(master, at, size); len(b) > 0; {
				n := len(b)
				if small {
					n = min(n, 1+rnd.IntN(100))
				}
				if err := slave.AppendRaw(at, b[:n]); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				at, b = at+int64(n), b[n:]
			}
		}
		mustStop(t, slave)
		slave = startSlave(t, slaveCfg, fsys, ev)
	}
	follow(t, master, slave, 0, func() int { return 1 + rnd.IntN(50<<10) })
	sameLog(t, master, slave)
	got := stateOf(t, slave)
	sameState(t, "slave", got, stateOf(t, want), slave.MaxPhyOffset())
	if g, w := indexOf(t, slave), indexOf(t, want); !slices.Equal(g, w) || len(w) == 0 {
		at := 0
		for at < min(len(g), len(w)) && g[at] == w[at] {
			at++
		}
		t.Fatalf("index: %d, want %d; they differ from %v, want %v", len(g), len(w), g[at:min(at+3, len(g))],
			w[at:min(at+3, len(w))])
	}
	if slave.MinPhyOffset() != want.MinPhyOffset() || slave.MaxPhyOffset() != want.MaxPhyOffset() {
		t.Fatalf("positions %d..%d, want %d..%d", slave.MinPhyOffset(), slave.MaxPhyOffset(), want.MinPhyOffset(),
			want.MaxPhyOffset())
	}
	mustStop(t, slave)
	again := mustOpen(t, slaveCfg, fsys, ev)
	sameState(t, "slave, opened again", stateOf(t, again), got, again.MaxPhyOffset())
	mustStop(t, again)
	if r := mustVerify(t, slaveCfg, fsys); slices.ContainsFunc(r.Findings,
		func(f check.Finding) bool { return f.Severity != check.Note }) {
		t.Fatalf("verify: %+v", r.Findings)
	}
	mustStop(t, want)
	mustStop(t, master)
}

// TestRawFromALaterFile begins a slave at the master's last file, and makes a master of it then.
func TestRawFromALaterFile(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	master := mustStart(t, cfg, mem)
	want := fill(t, master, "T", 2, 2000)
	last := master.MaxPhyOffset() / cfg.MappedFileSizeCommitLog * cfg.MappedFileSizeCommitLog
	if last < 2*cfg.MappedFileSizeCommitLog {
		t.Fatalf("the last file begins at %d", last)
	}
	for _, was := range []string{"new", "once a master without a message"} {
		fsys := vfs.NewMem()
		t.Cleanup(fsys.Free)
		slaveCfg := slaveOf(cfg, "/r")
		if was != "new" {
			before := slaveCfg
			before.BrokerRole = "ASYNC_MASTER"
			mustStop(t, mustStart(t, before, fsys))
		}
		slave := startSlave(t, slaveCfg, fsys, EventListener{})
		if at := slave.RawEnd(); at != -1 {
			t.Fatalf("%s: wants %d", was, at)
		}
		var place *commitlog.PlaceError
		if err := slave.AppendRaw(last+1, []byte("x")); !errors.As(err, &place) || place.Want != -1 {
			t.Fatalf("%s: a log that begins inside a file: %v", was, err)
		}
		follow(t, master, slave, last, func() int { return 5000 })
		sameLog(t, master, slave)
		if slave.MinPhyOffset() != last {
			t.Errorf("%s: the log begins at %d, want %d", was, slave.MinPhyOffset(), last)
		}
		for q, list := range want {
			from := slave.MinOffset("T", q)
			if from == 0 || from == int64(len(list)) {
				t.Errorf("%s: queue %d begins at %d of %d", was, q, from, len(list))
			}
			wantBodies(t, slave, "T", q, list[from:])
		}
		if _, err := slave.Append(msg("T", 0, "mine")); !errors.Is(err, ErrSlave) || !errors.Is(err, ErrNotWritable) {
			t.Errorf("%s: a slave took a message: %v", was, err)
		}
		if err := slave.Health(); err != nil {
			t.Errorf("%s: health: %v", was, err)
		}
		mustStop(t, slave)
		slaveCfg.BrokerRole = "SYNC_MASTER"
		promoted := mustStart(t, slaveCfg, fsys)
		if err := promoted.AppendRaw(promoted.MaxPhyOffset(), []byte("x")); !errors.Is(err, commitlog.ErrNotRaw) {
			t.Errorf("%s: a master took raw bytes: %v", was, err)
		}
		a := mustAppend(t, promoted, msg("T", 0, "mine"))
		if a.QueueOffset != int64(len(want[0])) || a.Offset != master.MaxPhyOffset() {
			t.Errorf("%s: the first message of the new master: %+v", was, a)
		}
		mustStop(t, promoted)
	}
}

// TestRawRefuses hands a slave what no master sends: it is not taken, leaves nothing behind, and the right bytes are
// taken after it.
func TestRawRefuses(t *testing.T) {
	mem, fsys := vfs.NewMem(), vfs.NewMem()
	t.Cleanup(mem.Free)
	t.Cleanup(fsys.Free)
	cfg := smallConfig("/s")
	master := mustStart(t, cfg, mem)
	fill(t, master, "T", 1, 3)
	end := master.MaxPhyOffset()
	fill(t, master, "T", 1, 3)
	good := logBytes(master, end, 1<<20)
	slave := startSlave(t, slaveOf(cfg, "/r"), fsys, EventListener{})
	follow(t, master, slave, 0, func() int { return int(end - max(0, slave.RawEnd())) })
	flipped := bytes.Clone(good)
	flipped[record.PosBornHost+42] ^= 1 // of the body
	moved := bytes.Clone(good)
	moved[record.PosPhysicalOffset+7] ^= 8
	blank := make([]byte, 16)
	record.PutBlank(blank, 4000)
	var corrupt *datafile.CorruptionError
	for name, b := range map[string][]byte{"a body that differs": flipped, "a record from elsewhere": moved,
		"zeros": make([]byte, 200), "text": bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 20),
		"the blank of a smaller file": blank, "the head of a record from elsewhere": moved[:40]} {
		if err := slave.AppendRaw(end, b); !errors.As(err, &corrupt) || corrupt.Offset != end {
			t.Errorf("%s: %v", name, err)
		}
		if slave.RawEnd() != end || slave.MaxPhyOffset() != end {
			t.Errorf("%s: the log ends at %d, %d", name, slave.RawEnd(), slave.MaxPhyOffset())
		}
		if rest := slave.log.Find(end).Data[end:]; !datafile.IsZero(rest) {
			t.Errorf("%s: something is left behind the end", name)
		}
	}
	var place *commitlog.PlaceError
	if err := slave.AppendRaw(end+1, good); !errors.As(err, &place) || place.Want != end {
		t.Errorf("behind a gap: %v", err)
	}
	var block *commitlog.BlockError
	if err := slave.AppendRaw(end, make([]byte, cfg.MappedFileSizeCommitLog)); !errors.As(err, &block) {
		t.Errorf("across the end of the file: %v", err)
	}
	if err := slave.AppendRaw(end, good[:20]); err != nil {
		t.Fatal(err)
	}
	if at := slave.RawEnd(); at != end+20 {
		t.Errorf("after the start of a record the log goes on at %d", at)
	}
	if slave.DropPartial(); slave.RawEnd() != end {
		t.Errorf("the start of a record is still there: %d", slave.RawEnd())
	}
	follow(t, master, slave, 0, func() int { return 7 })
	sameLog(t, master, slave)
	rec, err := slave.LastRecord(func(*record.View) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	last, err := record.Decode(rec)
	at := last.PhysicalOffset
	m, err2 := record.Decode(logBytes(master, at, 1<<20))
	if err != nil || err2 != nil || at+int64(m.Size) != master.MaxPhyOffset() || int(m.Size) != len(rec) ||
		string(last.AppendMessageID(nil)) != string(m.AppendMessageID(nil)) || last.BodyCRC != m.BodyCRC {
		t.Errorf("last record %d %d, %v %v", at, last.BodyCRC, err, err2)
	}
	mustStop(t, slave)
}

// TestRawKilledInsideARecord kills a slave after each byte of a record: no start takes for whole what is not, though no
// CRC covers topic and properties.
func TestRawKilledInsideARecord(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	master := mustStart(t, cfg, mem)
	r := msg("T", 0, "body")
	r.Properties = []byte("KEYS\x01k\x02TAGS\x01some tag\x02")
	first := mustAppend(t, master, r)
	mustAppend(t, master, r)
	end := master.MaxPhyOffset()
	for at := first.End(); at <= end; at++ {
		fsys := vfs.NewMem()
		slave := startSlave(t, slaveOf(cfg, "/r"), fsys, EventListener{})
		if err := slave.AppendRaw(0, logBytes(master, 0, int(at))); err != nil {
			t.Fatal(err)
		}
		want := first.End()
		if at == end {
			want = end
		}
		killed := fsys.Clone()
		again := startSlave(t, slaveOf(cfg, "/r"), killed, EventListener{})
		if again.RawEnd() != want || slave.MaxPhyOffset() != want {
			t.Errorf("%d bytes came: a start ends at %d, the running store at %d, want %d", at, again.RawEnd(),
				slave.MaxPhyOffset(), want)
		}
		mustStop(t, again)
		mustStop(t, slave)
		killed.Free()
		fsys.Free()
	}
}

// TestRawPowerCuts clones a slave as a power cut would leave it at random moments: what a clone has is a prefix of the
// master's log, it goes on from there, and ends like the master.
func TestRawPowerCuts(t *testing.T) {
	cfg, _, master, ev := randomMaster(t, 7, 600)
	for seed := range uint64(crashRounds(t, 60)) {
		rawPowerCut(t, cfg, master, ev, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func rawPowerCut(t *testing.T, cfg Config, master *Store, ev EventListener, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 20))
	fsys := vfs.NewMem()
	t.Cleanup(fsys.Free)
	slaveCfg := slaveOf(cfg, "/r")
	slave := startSlave(t, slaveCfg, fsys, ev)
	pieces, synced := 1+rnd.IntN(60), int64(0)
	for at := int64(0); pieces > 0; pieces-- {
		b := logBytes(master, at, 1+rnd.IntN(9000))
		if err := slave.AppendRaw(at, b); err != nil {
			t.Fatal(err)
		}
		if at += int64(len(b)); rnd.IntN(8) == 0 {
			if err := slave.Flush(); err != nil {
				t.Fatal(err)
			}
			synced = slave.FlushedOffset()
		}
	}
	cut := fsys.CrashClone(seed, rnd.Float64())
	t.Cleanup(cut.Free)
	mustStop(t, slave)
	again := startSlave(t, slaveCfg, cut, ev)
	if end := again.MaxPhyOffset(); end < synced || end > slave.MaxPhyOffset() {
		t.Fatalf("seed %d: the log ends at %d, synced to %d of %d", seed, end, synced, slave.MaxPhyOffset())
	}
	follow(t, master, again, 0, func() int { return 1 + rnd.IntN(60000) })
	sameLog(t, master, again)
	sameState(t, "after the cut", stateOf(t, again), stateOf(t, master), again.MaxPhyOffset())
	mustStop(t, again)
}

// TestRawDiskFails lets the write of a piece fail: the slave closes, and a start goes on where its log ended.
func TestRawDiskFails(t *testing.T) {
	mem, fsys := vfs.NewMem(), vfs.NewMem()
	t.Cleanup(mem.Free)
	t.Cleanup(fsys.Free)
	cfg := smallConfig("/s")
	master := mustStart(t, cfg, mem)
	fill(t, master, "T", 1, 50)
	slaveCfg := slaveOf(cfg, "/r")
	slave := startSlave(t, slaveCfg, fsys, EventListener{})
	if err := slave.AppendRaw(0, logBytes(master, 0, 1000)); err != nil {
		t.Fatal(err)
	}
	storetest.Fail(fsys, "write", "commitlog", errors.New("broken"))
	if err := slave.AppendRaw(1000, logBytes(master, 1000, 1000)); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("a failed write: %v", err)
	}
	fsys.Inject(nil)
	if err := slave.AppendRaw(1000, logBytes(master, 1000, 1000)); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("after a failed write: %v", err)
	}
	_ = slave.Stop(t.Context())
	again := startSlave(t, slaveCfg, fsys, EventListener{})
	if at := again.RawEnd(); at > 2000 || at < 500 {
		t.Errorf("goes on at %d", at)
	}
	follow(t, master, again, 0, func() int { return 777 })
	sameLog(t, master, again)
	mustStop(t, again)
}

// FuzzRawCuts feeds one log in pieces of the sizes that the fuzzer says; a zero restarts the slave.
func FuzzRawCuts(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 255})
	f.Add([]byte{90, 0, 1, 0, 8, 7, 12})
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog = 4096
	master := mustStart(f, cfg, mem)
	c := chance{rand.New(rand.NewPCG(3, 18))}
	for master.MaxPhyOffset() < 5*4096 {
		if _, err := master.Append(c.record()); err != nil && !errors.Is(err, record.ErrIllegal) {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, cuts []byte) {
		fsys := vfs.NewMem()
		t.Cleanup(fsys.Free)
		slaveCfg := slaveOf(cfg, "/r")
		slave := startSlave(t, slaveCfg, fsys, EventListener{})
		at := int64(0)
		for _, cut := range cuts {
			if cut == 0 {
				mustStop(t, slave)
				slave = startSlave(t, slaveCfg, fsys, EventListener{})
				at = max(0, slave.RawEnd())
				continue
			}
			b := logBytes(master, at, int(cut)*int(cut)/8+1)
			if err := slave.AppendRaw(at, b); err != nil {
				t.Fatal(err)
			}
			at += int64(len(b))
		}
		follow(t, master, slave, 0, func() int { return 1 << 20 })
		sameLog(t, master, slave)
		sameState(t, "slave", stateOf(t, slave), stateOf(t, master), slave.MaxPhyOffset())
		mustStop(t, slave)
	})
}
