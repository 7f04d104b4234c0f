package ha_test

import (
	"context"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/store"
	"gorocket/store/ha"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// benchStore starts a store with files of 256 MiB on the disk.
func benchStore(b *testing.B, role string) *store.Store {
	c := store.DefaultConfig()
	c.StorePathRootDir, c.BrokerRole, c.MappedFileSizeCommitLog = b.TempDir(), role, 256<<20
	c.DiskSpaceWarningLevelRatio, c.MinFreeDiskBytes = 100, 0
	s, err := store.Open(c, vfs.OS{}, store.EventListener{
		MessageStored: func(string, int32, int64, int64, int64, []byte) {}})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchMessages = 512 << 10

func fillStore(b *testing.B, s *store.Store, n int) {
	host := netip.MustParseAddrPort("10.0.0.1:1")
	r := store.Record{Later: true, Message: record.Message{Topic: "BenchTopic", BornTimestamp: 1, BornHost: host,
		StoreHost: host, Body: make([]byte, 1024),
		Properties: []byte("UNIQ_KEY\x01AC1400015F4A18B4AAC2000000000000\x02TAGS\x01a\x02")}}
	for i := range n {
		r.QueueID = int32(i % 8)
		a, err := s.Append(&r)
		if err == nil && i%64 == 63 {
			err = s.Publish(a.End())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func wait(b *testing.B, m *ha.Master, end int64) {
	for m.Confirmed(1) < end {
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkCatchUp lets a new slave copy half a million messages of 1 KiB: bytes a second, and the CPU time of both
// ends for each message.
func BenchmarkCatchUp(b *testing.B) {
	master := benchStore(b, "ASYNC_MASTER")
	fillStore(b, master, benchMessages)
	set := settings()
	m := ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, set, master.Log(), ha.MasterEvents{})
	if err := m.Start(); err != nil {
		b.Fatal(err)
	}
	defer m.Stop()
	_ = master.Flush()
	b.SetBytes(master.MaxPhyOffset())
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		slave := benchStore(b, "SLAVE")
		before := cpu()
		b.StartTimer()
		x := startSlave(b, slave, m.Addr().String(), ha.SlaveEvents{})
		wait(b, m, master.MaxPhyOffset())
		b.StopTimer()
		used += cpu() - before
		x.Stop()
		_ = slave.Stop(context.Background())
		b.StartTimer()
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*benchMessages), "cpu-ns/msg")
}

// BenchmarkSync sends messages of 1 KiB with 64 in flight, each of which waits for the slave.
func BenchmarkSync(b *testing.B) {
	master, slave := benchStore(b, "SYNC_MASTER"), benchStore(b, "SLAVE")
	var m *ha.Master
	m = ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0"}, settings(), master.Log(),
		ha.MasterEvents{Acknowledged: func() { master.Confirm(m.Confirmed(1)) }})
	if err := m.Start(); err != nil {
		b.Fatal(err)
	}
	defer m.Stop()
	x := startSlave(b, slave, m.Addr().String(), ha.SlaveEvents{})
	defer x.Stop()
	host := netip.MustParseAddrPort("10.0.0.1:1")
	var wg sync.WaitGroup
	b.ResetTimer()
	before := cpu()
	for w := range 64 {
		wg.Go(func() {
			r := store.Record{Message: record.Message{Topic: "BenchTopic", QueueID: int32(w % 8), BornTimestamp: 1,
				BornHost: host, StoreHost: host, Body: make([]byte, 1024)}}
			done := make(waiter, 1)
			for range (b.N + 63) / 64 {
				a, err := master.Append(&r)
				if err != nil {
					b.Error(err)
					return
				}
				master.WaitReplicated(a.End(), done)
				if err := <-done; err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N), "cpu-ns/msg")
}
