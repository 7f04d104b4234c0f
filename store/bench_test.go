package store

import (
	"bytes"
	"testing"

	"gorocket/store/vfs"
)

func benchStore(b *testing.B) *Store {
	cfg := DefaultConfig()
	cfg.StorePathRootDir = b.TempDir()
	cfg.MappedFileSizeCommitLog = 256 << 20
	cfg.MessageIndexEnable = false
	cfg.DiskSpaceWarningLevelRatio = 100
	return mustStart(b, cfg, vfs.OS{})
}

// turn is how many messages come with one read of a busy connection.
const turn = 32

func BenchmarkAppend1KiB(b *testing.B) {
	s := benchStore(b)
	r := msg("BenchTopic", 0, "")
	r.Body = bytes.Repeat([]byte("x"), 1024)
	r.Properties = []byte("UNIQ_KEY\x01AC1E0A640000000000000000\x02WAIT\x01true\x02TAGS\x01TagA\x02")
	r.Later = true
	b.ReportAllocs()
	b.SetBytes(1024)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		r.QueueID = int32(i & 7)
		a, err := s.Append(r)
		if err == nil && i%turn == turn-1 {
			err = s.Publish(a.End())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet32x1KiB(b *testing.B) {
	s := benchStore(b)
	r := msg("BenchTopic", 0, "")
	r.Body = bytes.Repeat([]byte("x"), 1024)
	const n = 32 << 10
	for i := 0; i < n; i++ {
		mustAppend(b, s, r)
	}
	var res GetResult
	q := GetQuery{Topic: "BenchTopic", MaxCount: 32, HotOnly: true}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		q.Offset = n - 4096 + int64(i%127)*32
		s.Get(&q, &res)
		if res.Count != 32 {
			b.Fatalf("%d messages, status %v cold %v", res.Count, res.Status, res.Cold)
		}
		res.Release()
	}
}
