package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"syscall"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/dispatch"
	"gorocket/store/index"
	"gorocket/store/record"
	"gorocket/store/storetest"
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
	r.Index = dispatch.KeysOf(record.TopicHash(topic), uniq, keys)
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
			items = record.AppendBatchItem(items, record.BatchItem{Body: []byte("x"),
				Properties: keyed("T", 1000*i+k, rng.IntN(4), true).Properties})
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

// TestIndexQueueAgrees: the index files that the queue of keys fills are those that the log alone gives.
func TestIndexQueueAgrees(t *testing.T) {
	for seed := range uint64(8) {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		s := mustStart(t, cfg, mem)
		rng := rand.New(rand.NewPCG(seed, 1))
		for i := range 1000 {
			appendAnyWay(t, s, rng, i)
		}
		mustStop(t, s)
		queued := indexBytes(t, mem)
		_ = mem.Rename("/s/index", "/gone")
		s = mustStart(t, cfg, mem)
		mustStop(t, s)
		if read := indexBytes(t, mem); len(queued) < 3*int(index.FileSize(100, 400)) || !bytes.Equal(queued, read) {
			t.Errorf("seed %d: %d bytes by the queue, %d from the log, or they differ", seed, len(queued), len(read))
		}
		mem.Free()
	}
}

// TestKeysOfFailedWrite: messages that were refused leave no key behind for the one that gets their place after a
// restart.
func TestKeysOfFailedWrite(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	storetest.Fail(mem, "write", "commitlog", syscall.ENOSPC)
	refused, batch := keyed("T", 1, 3, true), record.AppendBatchItem(nil,
		record.BatchItem{Body: []byte("b"), Properties: []byte("KEYS\x01inBatch\x02")})
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
	testutil.WaitFor(t, "not indexed", func() bool { return s.index.Position() == a.End() })
	for key, want := range map[string]int{"k2-0": 1, "U2": 1, "k1-0": 0, "U1": 0, "inBatch": 0} {
		if res, err := s.QueryByKey("T", key, 10, 0, 1<<60); err != nil || len(res.Records) != want {
			t.Errorf("%s: %d records, %v", key, len(res.Records), err)
		}
	}
}
