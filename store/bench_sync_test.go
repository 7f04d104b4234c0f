package store

import (
	"bytes"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// BenchmarkSyncFlush64 measures SYNC_FLUSH with 64 sends in flight beside the median fdatasync of the same disk in the
// same run (make bench-store):
//
//	fdatasync-µs  median of an fdatasync after 1 KiB written to a preallocated file
//	msgs/s        acknowledged messages
//	of-64/sync    msgs/s as a share of 64 / median: 0.5 or more is the promise, unless
//	cpus          processors in use are all there are
func BenchmarkSyncFlush64(b *testing.B) {
	const inFlight = 64
	cfg := DefaultConfig()
	cfg.StorePathRootDir = b.TempDir()
	cfg.MappedFileSizeCommitLog, cfg.FlushDiskType, cfg.DiskSpaceWarningLevelRatio = 256<<20, SyncFlush, 100
	median := medianSync(b, cfg.StorePathRootDir+"/probe")
	s := mustStart(b, cfg, vfs.OS{})
	var wg sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	for range inFlight {
		slots <- struct{}{}
	}
	r := msg("SyncTopic", 0, "")
	r.Body = bytes.Repeat([]byte("x"), 1024)
	r.Group = true
	failed := make(chan error, 1)
	done := func(err error) {
		if err != nil {
			select {
			case failed <- err:
			default:
			}
		}
		slots <- struct{}{}
		wg.Done()
	}
	b.ReportAllocs()
	cpu, begin := cpuTime(), time.Now()
	b.ResetTimer()
	for i := range b.N {
		<-slots
		wg.Add(1)
		r.QueueID = int32(i & 7)
		a, err := s.Append(r)
		if err != nil {
			b.Fatal(err)
		}
		s.NotifyDurable(a.End(), done)
	}
	wg.Wait()
	b.StopTimer()
	took := time.Since(begin)
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	rate := float64(b.N) / took.Seconds()
	b.ReportMetric(float64(median.Nanoseconds())/1000, "fdatasync-µs")
	b.ReportMetric(rate, "msgs/s")
	b.ReportMetric(rate*median.Seconds()/inFlight, "of-64/sync")
	b.ReportMetric((cpuTime()-cpu).Seconds()/took.Seconds(), "cpus")
}

// medianSync writes and syncs 1 KiB 200 times.
func medianSync(b *testing.B, name string) time.Duration {
	b.Helper()
	f, err := vfs.OS{}.Create(name)
	if err == nil {
		err = f.Allocate(0, 1<<20)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	all := make([]time.Duration, 200)
	block := bytes.Repeat([]byte("x"), 1024)
	for i := range all {
		begin := time.Now()
		if _, err := f.WriteAt(block, int64(i)<<10); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		all[i] = time.Since(begin)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
