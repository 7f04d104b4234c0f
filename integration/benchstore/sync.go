package main

import (
	"path/filepath"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

const (
	limitOfRecovery = 10 * time.Minute
	inFlight        = 64
)

// A group of 64 writes 70 KiB, which takes the disk longer than 1 KiB, and longer still when the machine was idle
// before: all probes are shown.
var (
	syncDisk   = row{name: "median fdatasync of the disk after 1 KiB, just before", unit: "µs", noRatio: true}
	groupDisk  = row{name: "the same after 64 KiB, what a full group writes", unit: "µs", noRatio: true}
	pausedDisk = row{name: "the same after 64 KiB and 300 µs of rest, as between two groups", unit: "µs", noRatio: true}
	syncRate   = row{name: "SYNC_FLUSH: 1 KiB sends/s, 64 in flight", unit: "/s", more: true}
	asyncRate  = row{name: "ASYNC_FLUSH: the same 64 in flight, nobody waits for the disk", unit: "/s", more: true}
	syncShare  = row{name: "SYNC_FLUSH: share of 64 / fdatasync after 1 KiB (wanted: 50 %, or the CPU is the limit)",
		unit: "%", more: true}
	groupShare = row{name: "SYNC_FLUSH: share of 64 / fdatasync after 64 KiB", unit: "%", more: true}
	syncCPU    = row{name: "SYNC_FLUSH: broker CPU, of one core", unit: "%", noRatio: true}
	syncBusy   = row{name: "SYNC_FLUSH: all cores busy", unit: "%", noRatio: true}
)

// syncFlush compares the rate of 64 senders that wait for the disk with what the disk allows when each fdatasync serves
// all of them, and with the rate of the same senders when nobody waits.
func (b *bench) syncFlush(kind harness.Kind, folder string) error {
	disk, err := load.Fdatasync(folder, 1<<10, 0)
	if err != nil {
		return err
	}
	group, err := load.Fdatasync(folder, 64<<10, 0)
	if err != nil {
		return err
	}
	paused, err := load.Fdatasync(folder, 64<<10, 300*time.Microsecond)
	if err != nil {
		return err
	}
	b.value(kind, pausedDisk, float64(paused.Nanoseconds())/1000)
	b.value(kind, syncDisk, float64(disk.Nanoseconds())/1000)
	b.value(kind, groupDisk, float64(group.Nanoseconds())/1000)
	rate, cpu, busy, err := b.flushed(kind, folder, "SYNC_FLUSH")
	if err != nil {
		return err
	}
	b.value(kind, syncRate, rate)
	b.value(kind, syncShare, 100*rate/(inFlight/disk.Seconds()))
	b.value(kind, groupShare, 100*rate/(inFlight/group.Seconds()))
	b.value(kind, syncCPU, cpu)
	b.value(kind, syncBusy, busy)
	if rate, _, _, err = b.flushed(kind, folder, "ASYNC_FLUSH"); err == nil {
		b.value(kind, asyncRate, rate)
	}
	return err
}

// flushed measures 64 senders: sends/s, the broker's CPU in percent of a core, and how busy all cores were.
func (b *bench) flushed(kind harness.Kind, folder, flushDiskType string) (rate, cpu, busy float64, err error) {
	p, err := start(kind, filepath.Join(folder, flushDiskType), 1, harness.Conf{"flushDiskType": flushDiskType})
	if err != nil {
		return 0, 0, 0, err
	}
	defer p.kill()
	l := load.Load{Addr: p.broker.Addr(), Conns: 8, InFlight: inFlight / 8, Requests: sends(1, 1024)}
	if _, _, err := l.Run(b.warmUp); err != nil {
		return 0, 0, 0, err
	}
	before := load.CPUTime(p.pid())
	worked, idle := load.Machine()
	n, took, err := l.Run(b.measure)
	if err != nil {
		return 0, 0, 0, err
	}
	cpu = 100 * (load.CPUTime(p.pid()) - before).Seconds() / took.Seconds()
	workedThen, idleThen := load.Machine()
	busy = 100 * (workedThen - worked).Seconds() / (workedThen - worked + idleThen - idle).Seconds()
	return float64(n) / took.Seconds(), cpu, busy, nil
}
