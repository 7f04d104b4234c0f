package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"syscall"
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// keyed returns a record with n keys, among them a UNIQ_KEY if unique, and what the index needs of it.
func keyed(topic string, i, n int, unique bool) *Record {
	r := msg(topic, int32(i%3), "body")
	var keys []byte
	for k := range n {
		if k > 0 {
			keys = append(keys, ' ')
		}
		keys = fmt.Appendf(keys, "k%d-%d", i, k)
	}
	var uniq []byte
	if unique {
		uniq = fmt.Appendf(nil, "U%d", i)
		r.Properties = record.AppendProperty(r.Properties, "UNIQ_KEY", string(uniq))
	}
	if n > 0 {
		r.Properties = record.AppendProperty(r.Properties, "KEYS", string(keys))
	}
	r.Index = dispatch.KeysOf(topic, uniq, keys)
	return r
}

// appendAnyWay stores a message, or a batch of them, in one of the ways there are.
func appendAnyWay(t *testing.T, s *Store, rng *rand.Rand, i int) {
	t.Helper()
	r := keyed("T", i, rng.IntN(6), rng.IntN(4) > 0)
	switch rng.IntN(8) {
	case 0:
		r.Index = dispatch.Keys{} // the caller has not read them
	case 1:
		r.SysFlag = record.SysFlagPrepared
	case 2:
		r.SysFlag = record.SysFlagRollback
	case 3:
		r.Later = true
	case 4, 5:
		var items []byte
		for k := range 1 + rng.IntN(5) {
			items = record.AppendBatchItem(items, record.BatchItem{Body: []byte("x"), Properties: keyed("T", 1000*i+k, rng.IntN(4), true).Properties})
		}
		if r = msg("T", 0, ""); rng.IntN(2) == 0 {
			r.Properties = []byte("KEYS\x01all\x02")
		}
		if _, _, err := s.AppendBatch(r, items, nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	a := mustAppend(t, s, r)
	if rng.IntN(3) == 0 || !r.Later {
		if err := s.Publish(a.End()); err != nil {
			t.Fatal(err)
		}
	}
}

func indexBytes(t *testing.T, mem *vfs.Mem) (all []byte) {
	t.Helper()
	list, err := mem.ReadDir("/s/index")
	if err != nil {
		t.Fatal(err)
	}
	for _, fi := range list {
		b, err := vfs.ReadFile(mem, path.Join("/s/index", fi.Name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// TestHintsAgree: the index files that hints fill are those that the log alone gives.
func TestHintsAgree(t *testing.T) {
	for seed := range uint64(8) {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		s := mustStart(t, cfg, mem)
		rng := rand.New(rand.NewPCG(seed, 1))
		for i := range 1000 {
			appendAnyWay(t, s, rng, i)
		}
		mustStop(t, s)
		hinted := indexBytes(t, mem)
		_ = mem.Rename("/s/index", "/gone")
		s = mustStart(t, cfg, mem)
		mustStop(t, s)
		if read := indexBytes(t, mem); len(hinted) < 3*int(indexFileSize(100, 400)) || !bytes.Equal(hinted, read) {
			t.Errorf("seed %d: %d bytes by hints, %d from the log, or they differ", seed, len(hinted), len(read))
		}
		mem.Free()
	}
}

// TestHinted: a hint is used for its own record only, and the position moves by the record's size.
func TestHinted(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	var h hints
	h.on = true
	for i := range int64(4) { // at 100, 110, 120, 130
		k := dispatch.KeysOf("T", []byte("u"), []byte("a b"))
		h.add(h.refs(nil, &k, 100+10*i, 1000, 10))
	}
	none := dispatch.KeysOf("T", nil, nil)
	h.add(h.refs(nil, &none, 140, 0, 10))
	many := dispatch.KeysOf("T", []byte("u"), []byte("a b c d"))
	h.add(h.refs(nil, &many, 150, 0, 10))
	x := &keyIndex{fs: mem, dir: "/i", slots: 100, entries: 400, source: h.take}
	for _, c := range []struct {
		at      int64
		ok      bool
		entries int // in the file behind it
	}{{90, false, 0}, {100, true, 3}, {110, true, 6}, {130, true, 9}, {140, true, 9}, {150, false, 9}} {
		next, ok, err := x.hinted(c.at)
		if err != nil || ok != c.ok || ok && next != c.at+10 {
			t.Fatalf("at %d: %d %v %v", c.at, next, ok, err)
		}
		if n := len(x.files); n > 0 && x.files[0].count()-1 != c.entries {
			t.Errorf("at %d: %d entries, want %d", c.at, x.files[0].count()-1, c.entries)
		}
	}
	x.unmap()
}

// TestHintsBounded: an index that lags does not let memory grow.
func TestHintsBounded(t *testing.T) {
	h := hints{on: true}
	k := dispatch.KeysOf("T", []byte("u"), []byte("a b"))
	for i := range int64(maxHints) {
		h.add(h.refs(nil, &k, i, 0, 1))
	}
	if len(h.list) > maxHints || len(h.list) < maxHints-2*dispatch.MaxKeys {
		t.Errorf("%d hints", len(h.list))
	}
}

// TestHintOfFailedWrite: messages that were refused leave no key behind for the one that gets their place after a
// restart.
func TestHintOfFailedWrite(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	failing(mem, "write", "commitlog", syscall.ENOSPC)
	refused, batch := keyed("T", 1, 3, true), record.AppendBatchItem(nil, record.BatchItem{Body: []byte("b"), Properties: []byte("KEYS\x01inBatch\x02")})
	if _, err := s.Append(refused); err == nil {
		t.Fatal("a failed write was acknowledged")
	}
	if _, _, err := s.AppendBatch(msg("T", 0, ""), batch, nil); err == nil {
		t.Fatal("a failed write was acknowledged")
	}
	mem.Inject(nil)
	if err := s.Stop(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("stop: %v", err)
	}
	s = mustStart(t, cfg, mem)
	a := mustAppend(t, s, keyed("T", 2, 1, true))
	if a.QueueOffset != 0 || a.Offset != 0 {
		t.Errorf("at %d, queue offset %d", a.Offset, a.QueueOffset)
	}
	eventually(t, "not indexed", func() bool { return s.index.position() == a.End() })
	for key, want := range map[string]int{"k2-0": 1, "U2": 1, "k1-0": 0, "U1": 0, "inBatch": 0} {
		if res, err := s.QueryByKey("T", key, 10, 0, 1<<60); err != nil || len(res.Records) != want {
			t.Errorf("%s: %d records, %v", key, len(res.Records), err)
		}
	}
}
