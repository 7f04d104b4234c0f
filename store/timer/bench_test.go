package timer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// benchRig is a store on the real disk with n timer messages of 100 bytes in the queue, spread over 24 hours from base.
func benchRig(b *testing.B, n int, now func() time.Time, base int64) (*store.Store, *Timers) {
	b.Helper()
	cfg := store.DefaultConfig()
	cfg.StorePathRootDir, cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum,
		cfg.DiskSpaceWarningLevelRatio = b.TempDir(), 1<<30, 1000, 4000, 100
	cfg.MessageIndexEnable = false
	s, err := store.Open(cfg, vfs.OS{}, store.EventListener{})
	if err != nil {
		b.Fatal(err)
	}
	tm, err := open(&cfg, nil, vfs.OS{}, s, Events{Skipped: func(_ int64, why error) { b.Error(why) }}, now)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Stop(context.Background()) })
	body := make([]byte, 100)
	for i := range n {
		at := base + int64(uint32(i)*2654435761%86_400)*1000
		props := fmt.Appendf(nil, "TIMER_OUT_MS\x01%d\x02REAL_TOPIC\x01BenchTopic\x02REAL_QID\x013\x02UNIQ_KEY\x01%032d\x02TIMER_DELIVER_MS\x01%d\x02", at, i, at+1)
		if _, err := s.Append(&store.Record{
			Message: record.Message{
				Topic: Topic, BornHost: host, StoreHost: host, Body: body, Properties: props,
			},
		}); err != nil {
			b.Fatal(err)
		}
	}
	return s, tm
}

// BenchmarkEnqueue takes messages from the queue into wheel and timer log.
func BenchmarkEnqueue(b *testing.B) {
	base := time.Now().UnixMilli() / 1000 * 1000
	_, tm := benchRig(b, b.N, time.Now, base+10_000_000)
	b.ReportAllocs()
	b.ResetTimer()
	for tm.step() {
	}
	if tm.queueOffset != int64(b.N) {
		b.Fatalf("%d of %d", tm.queueOffset, b.N)
	}
}

// BenchmarkDeliver delivers messages that are spread over 86,400 slots.
func BenchmarkDeliver(b *testing.B) {
	base := time.Now().UnixMilli() / 1000 * 1000
	now := base
	_, tm := benchRig(b, b.N, func() time.Time { return time.UnixMilli(now) }, base+10_000_000)
	for tm.step() {
	}
	now = base + 200_000_000
	b.ReportAllocs()
	b.ResetTimer()
	tm.step()
	if got := tm.delivered.Load(); got != int64(b.N) {
		b.Fatalf("%d of %d", got, b.N)
	}
}

func BenchmarkWheelAdd(b *testing.B) {
	w := newWheel(1000)
	b.ReportAllocs()
	for i := range b.N {
		w.add(begin+int64(uint32(i)*2654435761%86_400)*1000, int64(i)*unitSize, 1)
	}
}
