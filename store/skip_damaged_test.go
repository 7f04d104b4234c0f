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
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// skipped is a store whose log is damaged in the middle.
type skipped struct {
	t    *testing.T
	rnd  *rand.Rand
	mem  *vfs.Mem
	cfg  Config
	want map[string]string // "topic/queue/offset" -> body
	at   map[string]Appended
	orig map[string]string // content of the log files before

	topics []string // the last one has batch queues, or not
}

func newSkipped(t *testing.T, seed uint64, batches bool) *skipped {
	t.Helper()
	k := &skipped{t: t, rnd: rand.New(rand.NewPCG(seed, 29)), mem: vfs.NewMem(), cfg: smallConfig("/s"),
		want: map[string]string{}, at: map[string]Appended{}, topics: []string{"T", "U", "V"}}
	k.cfg.MappedFileSizeCommitLog, k.cfg.MapperFileSizeBatchConsumeQueue = 16<<10, 50*consumequeue.BatchUnit
	k.cfg.MaxMessageSize = 1000 // long ranges take several records
	s := mustOpen(t, k.cfg, k.mem, EventListener{IsBatchTopic: batchB})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if batches {
		k.topics[2] = "B"
	}
	for i := range 500 {
		topic, q := k.topics[i%3], int32(i%2)
		body := fmt.Sprintf("body%d %s", i, strings.Repeat("x", k.rnd.IntN(300)))
		r := msg(topic, q, body)
		r.Properties = fmt.Appendf(nil, "KEYS\x01k%d\x02UNIQ_KEY\x01u%d\x02", i, i)
		a := mustAppend(t, s, r)
		name := fmt.Sprintf("%s/%d/%d", topic, q, a.QueueOffset)
		k.want[name], k.at[name] = body, a
	}
	mustStop(t, s)
	k.orig = snapshot(t, k.mem, "/s/commitlog", map[string]string{})
	return k
}

// hurt overwrites n bytes of the log from an offset on, and forgets the messages there.
func (k *skipped) hurt(from int64, n int) {
	k.t.Helper()
	size := k.cfg.MappedFileSizeCommitLog
	for at := from; at < from+int64(n); at++ {
		f, err := k.mem.OpenFile("/s/commitlog/" + datafile.Name(at/size*size))
		if err == nil {
			_, err = f.WriteAt([]byte{byte(k.rnd.Uint32())}, at%size)
		}
		if err != nil {
			k.t.Fatal(err)
		}
	}
	for name, a := range k.at {
		if a.Offset < from+int64(n) && from < a.End() {
			delete(k.want, name)
		}
	}
}

// check reads everything that must be there at its queue offset, and nothing else.
func (k *skipped) check(s *Store) {
	k.t.Helper()
	got := map[string]string{}
	var res GetResult
	for _, topic := range k.topics {
		for q := range int32(2) {
			for at := s.MinOffset(topic, q); ; at = res.NextBeginOffset {
				s.Get(&GetQuery{Topic: topic, QueueID: q, Offset: at, MaxCount: 7}, &res)
				if res.Status != Found {
					res.Release()
					break
				}
				for i, rec := range res.Slices {
					m, err := record.Decode(rec)
					if err != nil || !m.BodyCRCOK() || string(m.Topic) != topic || m.QueueOffset != res.QueueOffsets[i] {
						k.t.Fatalf("%s/%d/%d: %v %+v", topic, q, at, err, m)
					}
					got[fmt.Sprintf("%s/%d/%d", topic, q, m.QueueOffset)] = string(m.Body)
				}
				res.Release()
			}
		}
	}
	for name, body := range k.want {
		if got[name] != body {
			k.t.Errorf("%s at %d: %q, want %q", name, k.at[name].Offset, got[name], body)
		}
	}
	for name := range got {
		if _, known := k.at[name]; !known && k.want[name] == "" {
			k.t.Errorf("%s was never sent", name)
		}
	}
}

// kept checks that the bytes that were covered lie aside, under their offsets.
func (k *skipped) kept(p *check.Plan, damaged map[string]string) {
	k.t.Helper()
	for _, s := range p.Steps {
		if s.Action != "blank" {
			continue
		}
		var n, to int64
		if _, err := fmt.Sscanf(s.Text, "cover %d bytes, up to byte %d,", &n, &to); err != nil {
			k.t.Fatalf("%q: %v", s.Text, err)
		}
		b, err := vfs.ReadFile(k.mem, strings.Replace(s.File, "/s/", "/s/"+p.Aside+"/", 1))
		if err != nil || string(b[s.Offset:to]) != damaged[s.File][s.Offset:to] {
			k.t.Errorf("%s: not kept: %v", s.Text, err)
		}
	}
}

// TestSkipDamaged damages the log at random: afterwards the start works, everything is healthy, all other messages are
// there at their offsets, also after the queues were built again from the log, and after a kill.
func TestSkipDamaged(t *testing.T) {
	rounds := 12
	if n, err := strconv.Atoi(os.Getenv("STORE_SKIP_DAMAGED")); err == nil {
		rounds = n
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			k := newSkipped(t, seed, seed%3 == 0)
			defer k.mem.Free()
			for range 1 + k.rnd.IntN(4) { // from a record's head on: nothing covers what is behind its body
				n := 12 + k.rnd.IntN([]int{40, 500, 20000}[k.rnd.IntN(3)])
				name := fmt.Sprintf("%s/%d/%d", k.topics[k.rnd.IntN(3)], k.rnd.IntN(2), k.rnd.IntN(60))
				k.hurt(k.at[name].Offset+k.rnd.Int64N(8), n)
			}
			k.mendAndCheck()
		})
	}
}

func (k *skipped) mendAndCheck() {
	t := k.t
	t.Helper()
	damaged := snapshot(t, k.mem, "/s/commitlog", map[string]string{})
	p, err := offline(k.cfg, k.mem).PlanSkipDamaged()
	if err != nil || !mapsEqual(damaged, snapshot(t, k.mem, "/s/commitlog", map[string]string{})) {
		t.Fatalf("dry run: %v", err)
	}
	blanks := func(p *check.Plan) int {
		return len(slices.DeleteFunc(slices.Clone(p.Steps), func(s check.Step) bool { return s.Action != "blank" }))
	}
	planned := blanks(p)
	p, err = offline(k.cfg, k.mem).SkipDamaged()
	if err != nil || !p.Done || !p.Starts || blanks(p) != planned {
		t.Fatalf("%v, %d planned: %+v", err, planned, p)
	}
	k.kept(p, damaged)
	if r := mustVerify(t, k.cfg, k.mem); !r.Healthy {
		t.Fatalf("after %+v: %+v", p.Steps, r.Findings)
	}
	rebuilt := k.mem.Clone()
	defer rebuilt.Free()
	for _, dir := range []string{"consumequeue", "batchconsumequeue"} {
		_ = rebuilt.Rename("/s/"+dir, "/old-"+dir)
	}
	for _, mem := range []*vfs.Mem{k.mem, rebuilt} {
		jumps := 0
		s := mustOpen(t, k.cfg, mem, EventListener{QueueJump: func(recovery.Jump) { jumps++ }})
		if mem == k.mem && jumps > 0 {
			t.Errorf("%d jumps at a clean start", jumps)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		k.check(s)
		a := mustAppend(t, s, msg("T", 0, "more"))
		killed := mem.Clone()
		mustStop(t, s)
		again := mustOpen(t, k.cfg, killed, EventListener{})
		name := fmt.Sprintf("T/0/%d", a.QueueOffset)
		k.want[name] = "more"
		k.check(again)
		delete(k.want, name)
		mustStop(t, again)
		killed.Free()
	}
	if r := mustVerify(t, k.cfg, k.mem); !r.Healthy {
		t.Fatalf("at the end: %+v", r.Findings)
	}
}

func mapsEqual(a, b map[string]string) bool {
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestSkipDamagedPlaces: the places that are special: the first record, the end of a file with its filler, a file as a
// whole, one byte, all messages of a queue.
func TestSkipDamagedPlaces(t *testing.T) {
	const size = 16 << 10
	for _, c := range []struct {
		name string
		hurt func(k *skipped)
	}{
		{"first", func(k *skipped) { k.hurt(0, 10) }},
		{"filler", func(k *skipped) { k.hurt(size-8, 8) }},
		{"a whole file", func(k *skipped) { k.hurt(size, size) }},
		{"over an end", func(k *skipped) { k.hurt(size-300, 600) }},
		{"a byte", func(k *skipped) { k.hurt(k.at["T/0/40"].Offset+95, 1) }},
		{"nothing", func(*skipped) {}},
		{"the newest of a queue", func(k *skipped) {
			a := k.at["U/1/81"]
			k.hurt(a.Offset+4, 80)
			b := k.at["U/1/82"]
			k.hurt(b.Offset+4, 80)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newSkipped(t, 1, false)
			defer k.mem.Free()
			c.hurt(k)
			k.mendAndCheck()
		})
	}
}

// TestDamageNamesCommands: the error of the start says which commands go on.
func TestDamageNamesCommands(t *testing.T) {
	k := newSkipped(t, 1, false)
	defer k.mem.Free()
	k.hurt(k.at["T/0/82"].Offset, 50)
	_, err := Open(k.cfg, k.mem, EventListener{})
	var damage *datafile.CorruptionError
	if !errors.As(err, &damage) {
		t.Fatal(err)
	}
	plan := planUntouched(t, k.cfg, k.mem)
	for _, text := range []string{err.Error(), plan.Steps[len(plan.Steps)-1].Text} {
		for _, part := range []string{"gorocket repair ", "--skip-damaged", "gorocket export "} {
			if !strings.Contains(text, part) {
				t.Errorf("%q does not name %q", text, part)
			}
		}
	}
}
