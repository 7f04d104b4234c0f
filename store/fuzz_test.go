package store

import (
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

func FuzzBatchItems(f *testing.F) {
	f.Add(record.AppendBatchItem(record.AppendBatchItem(nil, record.BatchItem{Body: []byte("x"),
		Properties: []byte("A\x01b")}), record.BatchItem{}))
	cfg := DefaultConfig()
	f.Fuzz(func(t *testing.T, body []byte) {
		var s batchScratch
		if s.encode(&cfg, dispatch.Rules{}, msg("T", 0, ""), body) != nil {
			return
		}
		at := 0
		for _, e := range s.entries {
			m, err := record.Decode(s.recs[at:])
			if err != nil || m.Size != e.Size {
				t.Fatalf("at %d: %v, size %d, entry %d", at, err, m.Size, e.Size)
			}
			at += int(e.Size)
		}
		if at != len(s.recs) || len(s.keys) != len(s.entries) {
			t.Fatalf("%d of %d bytes, %d entries, %d keys", at, len(s.recs), len(s.entries), len(s.keys))
		}
	})
}

// FuzzConsumeQueueFile opens a store whose consume queue file holds anything: it must open or say what is wrong, never
// panic.
func FuzzConsumeQueueFile(f *testing.F) {
	f.Add(consumequeue.AppendEntry(nil, &dispatch.Entry{Offset: 0, Size: 100, Tags: 5}), true)
	f.Add(consumequeue.AppendEntry(nil, &dispatch.Entry{Offset: 0, Size: consumequeue.BlankSize, Tags: 0}), false)
	f.Fuzz(func(t *testing.T, b []byte, clean bool) {
		mem := vfs.NewMem()
		defer mem.Free()
		cfg := smallConfig("/s")
		_ = mem.MkdirAll("/s/consumequeue/T/0")
		file, _ := mem.Create("/s/consumequeue/T/0/" + datafile.Name(0))
		_ = file.Truncate(cfg.consumeQueueFileSize())
		if len(b) > int(cfg.consumeQueueFileSize()) {
			b = b[:cfg.consumeQueueFileSize()]
		}
		_, _ = file.WriteAt(b, 0)
		rec, _ := cfg.RecordLimits().Append(nil, &msg("T", 0, "hello").Message, record.Stamp{StoreTime: 1000})
		s := openBeside(cfg, mem, rec, clean)
		if s == nil {
			return
		}
		defer s.Stop(t.Context())
		var res GetResult
		for at := int64(-1); at < 110; at++ {
			s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 40}, &res)
			for _, rec := range res.Slices {
				_, _ = record.Decode(rec)
			}
			res.Release()
			s.StoreTimeAt("T", 0, at)
			s.OffsetByTime("T", 0, at*1000, Lower)
		}
	})
}

// openBeside opens a store in /s whose log holds one record, beside whatever queue files the test made; nil when it
// cannot be opened.
func openBeside(cfg Config, mem *vfs.Mem, rec []byte, clean bool) *Store {
	_ = mem.MkdirAll("/s/commitlog")
	log, _ := mem.Create("/s/commitlog/" + datafile.Name(0))
	_ = log.Truncate(cfg.MappedFileSizeCommitLog)
	_, _ = log.WriteAt(rec, 0)
	if !clean {
		_, _ = mem.Create("/s/abort")
	}
	s, err := Open(cfg, mem, EventListener{})
	if err != nil {
		return nil
	}
	return s
}

// FuzzBatchQueueFile opens a store whose batch consume queue file holds anything, reads it and appends to it.
func FuzzBatchQueueFile(f *testing.F) {
	f.Add(consumequeue.AppendBatchEntry(nil, &dispatch.Entry{Size: 200, Base: 0, Count: 3}), false)
	f.Add(consumequeue.AppendBatchEntry(consumequeue.AppendBatchEntry(nil, &dispatch.Entry{Size: 200, Count: 1}),
		&dispatch.Entry{Offset: 9, Size: 1, Base: 1 << 62, Count: 32767}), true)
	f.Fuzz(func(t *testing.T, b []byte, clean bool) {
		mem := vfs.NewMem()
		defer mem.Free()
		cfg := smallConfig("/s")
		cfg.MapperFileSizeBatchConsumeQueue = 20 * consumequeue.BatchUnit
		_ = mem.MkdirAll("/s/batchconsumequeue/B/0")
		file, _ := mem.Create("/s/batchconsumequeue/B/0/" + datafile.Name(0))
		_, _ = file.WriteAt(b[:min(len(b), 20*consumequeue.BatchUnit)], 0)
		_ = file.Truncate(20 * consumequeue.BatchUnit)
		r := innerBatch("B", 0, 3)
		r.Properties = record.SetProperty(nil, r.Properties, "INNER_BASE", "0")
		rec, _ := cfg.RecordLimits().Append(nil, &r.Message, record.Stamp{StoreTime: 1000})
		s := openBeside(cfg, mem, rec, clean)
		if s == nil {
			return
		}
		defer s.Stop(t.Context())
		var res GetResult
		for _, at := range []int64{-1, 0, 1, 2, 3, 1 << 40, s.MinOffset("B", 0), s.MaxOffset("B", 0) - 1} {
			s.Get(&GetQuery{Topic: "B", Offset: at, MaxCount: 40}, &res)
			res.Release()
			s.StoreTimeAt("B", 0, at)
			s.OffsetByTime("B", 0, at, Lower)
		}
		if s.Start() == nil {
			_, _ = s.Append(innerBatch("B", 0, 2))
		}
	})
}

// FuzzExtEnd opens a store whose extension file holds anything.
func FuzzExtEnd(f *testing.F) {
	f.Add(append(extUnit(1, 2, nil), extUnit(3, 4, []byte{5})...), int64(0))
	f.Add([]byte{0x7F, 0xFF, 0, 0}, int64(20))
	f.Fuzz(func(t *testing.T, b []byte, address int64) {
		mem := vfs.NewMem()
		defer mem.Free()
		cfg := extConfig()
		s, err := Open(cfg, mem, EventListener{})
		if err != nil || s.Start() != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, msg("T", 0, "x"))
		_ = s.Stop(t.Context())
		ext, _ := mem.OpenFile("/s/consumequeue_ext/T/0/" + datafile.Name(0))
		_, _ = ext.WriteAt(b[:min(len(b), 4096)], 0)
		cq, _ := mem.OpenFile("/s/consumequeue/T/0/" + datafile.Name(0))
		_, _ = cq.WriteAt(consumequeue.AppendEntry(nil, &dispatch.Entry{Size: 100, Tags: address})[12:], 12)
		if s, err = Open(cfg, mem, EventListener{}); err != nil {
			return
		}
		defer s.Stop(t.Context())
		s.OffsetInQueue("T", 0, 0)
		if s.Start() == nil {
			mustAppend(t, s, msg("T", 0, "y"))
			s.OffsetInQueue("T", 0, 1)
		}
	})
}
