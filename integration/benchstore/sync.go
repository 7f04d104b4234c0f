package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

const (
	limitOfRecovery = 10 * time.Minute
	inFlight        = 64
	probes          = 300
	probeFile       = 64 << 20
)

var (
	syncDisk  = row{name: "median fdatasync of the disk after 1 KiB, just before", unit: "µs", noRatio: true}
	syncRate  = row{name: "SYNC_FLUSH: 1 KiB sends/s, 64 in flight", unit: "/s", more: true}
	syncShare = row{name: "SYNC_FLUSH: share of 64 / median fdatasync (wanted: 50 %, or the CPU is the limit)", unit: "%", more: true}
	syncCPU   = row{name: "SYNC_FLUSH: broker CPU, of one core", unit: "%", noRatio: true}
	syncBusy  = row{name: "SYNC_FLUSH: all cores busy", unit: "%", noRatio: true}
)

// syncFlush compares the rate of 64 senders that wait for the disk with what the disk allows when each fdatasync serves all of them.
func (b *bench) syncFlush(kind harness.Kind, folder string) error {
	disk, err := fdatasync(folder)
	if err != nil {
		return err
	}
	b.value(kind, syncDisk, float64(disk.Nanoseconds())/1000)
	p, err := start(kind, folder, 1, harness.Conf{"flushDiskType": "SYNC_FLUSH"})
	if err != nil {
		return err
	}
	defer p.kill()
	l := load.Load{Addr: p.broker.Addr(), Conns: 8, InFlight: inFlight / 8, Requests: sends(1, 1024)}
	if _, _, err := l.Run(b.warmUp); err != nil {
		return err
	}
	before := load.CPUTime(p.pid())
	busy, idle := load.Machine()
	n, took, err := l.Run(b.measure)
	if err != nil {
		return err
	}
	rate := float64(n) / took.Seconds()
	b.value(kind, syncRate, rate)
	b.value(kind, syncShare, 100*rate/(inFlight/disk.Seconds()))
	b.value(kind, syncCPU, 100*(load.CPUTime(p.pid())-before).Seconds()/took.Seconds())
	busyThen, idleThen := load.Machine()
	b.value(kind, syncBusy, 100*(busyThen-busy).Seconds()/(busyThen-busy+idleThen-idle).Seconds())
	return nil
}

// fdatasync is the median time of one after a write of 1 KiB into a reserved file.
func fdatasync(folder string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(folder, "probe"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, probeFile)); err != nil { // written, not only reserved: as a warm log file is
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	var all []time.Duration
	for i := range probes {
		if _, err := f.WriteAt(make([]byte, 1024), int64(i)*1024); err != nil {
			return 0, err
		}
		begin := time.Now()
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, fmt.Errorf("fdatasync: %w", err)
		}
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}
