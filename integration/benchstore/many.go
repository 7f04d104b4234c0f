package main

import (
	"fmt"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/wire"
)

var (
	oneRate   = row{name: "1 KiB sends/s, one topic x 8 queues, 8 x 32 in flight", unit: "/s", more: true}
	oneCPU    = row{name: "broker CPU per send, one topic", unit: "µs"}
	manyRate  = row{name: "1 KiB sends/s, many topics x 8 queues, all written to", unit: "/s", more: true}
	manyCPU   = row{name: "broker CPU per send, many topics", unit: "µs"}
	manyShare = row{name: "throughput of many topics against one", unit: "%", noRatio: true}
	manyFiles = row{name: "open files with many topics", noRatio: true}
	manyMaps  = row{name: "memory maps with many topics", noRatio: true}
	manyRSS   = row{name: "RssAnon with many topics", unit: "MiB"}
	stopTime  = row{name: "clean stop of that store", unit: "ms"}
	cleanTime = row{name: "restart after the clean stop, to the first acknowledged send", unit: "ms"}
	cleanRSS  = row{name: "RssAnon after that restart", unit: "MiB"}
)

// limitOfFiles is how long the files of all queues may take.
const limitOfFiles = 3 * time.Minute

// manyTopics compares one topic with many in one process, then restarts it cleanly with a large log.
func (b *bench) manyTopics(kind harness.Kind, folder string) error {
	p, err := start(kind, folder, b.topics, nil)
	if err != nil {
		return err
	}
	defer p.kill()
	load.FillPageCache()
	one, err := b.rate(kind, p, sends(1, 1024), oneRate, oneCPU)
	if err != nil {
		return err
	}
	all := sends(b.topics, 1024)
	many, err := b.manyRate(kind, p, all)
	if err != nil {
		// Java runs out of memory maps (vm.max_map_count) with 80,000 queue files: there is nothing to restart
		b.failed(kind, manyRate, fmt.Errorf("%w; %d memory maps, %d open files; log: %s", err, load.Maps(p.pid()),
			load.OpenFiles(p.pid()), p.said("Map failed", "OutOfMemory")))
		return nil
	}
	b.value(kind, manyShare, 100*many/one)
	b.value(kind, manyFiles, float64(load.OpenFiles(p.pid())))
	b.value(kind, manyMaps, float64(load.Maps(p.pid())))
	b.value(kind, manyRSS, float64(load.RssAnon(p.pid()))/1024)
	if err := p.fill(all, b.cleanLog); err != nil {
		return err
	}
	return b.cleanRestart(kind, p)
}

// manyRate writes to every queue once, looks whether that worked, goes on until each has its file (they are made once,
// and gorocket makes them late), and measures.
func (b *bench) manyRate(kind harness.Kind, p *pair, all []wire.Request) (float64, error) {
	l := load.Load{Addr: p.broker.Addr(), Conns: 8, InFlight: 32, Requests: all}
	if err := l.Each(10 * time.Minute); err != nil {
		return 0, err
	}
	if err := p.written(b.topics); err != nil {
		return 0, err
	}
	for deadline := time.Now().Add(limitOfFiles); !p.filed(8*b.topics) && time.Now().Before(deadline); {
		if _, _, err := l.Run(b.warmUp); err != nil {
			return 0, err
		}
	}
	return b.rate(kind, p, all, manyRate, manyCPU)
}

func (b *bench) cleanRestart(kind harness.Kind, p *pair) error {
	begin := time.Now()
	if _, err := p.broker.Process().Terminate(3 * time.Minute); err != nil {
		return err
	}
	b.value(kind, stopTime, ms(time.Since(begin)))
	b.restarted(kind, p, 5*time.Minute, cleanTime, cleanRSS)
	return nil
}

// rate warms up, measures messages/s and CPU per message, and notes both.
func (b *bench) rate(kind harness.Kind, p *pair, requests []wire.Request, rate, cpu row) (float64, error) {
	l := load.Load{Addr: p.broker.Addr(), Conns: 8, InFlight: 32, Requests: requests}
	if _, _, err := l.Run(b.warmUp); err != nil {
		return 0, err
	}
	before := load.CPUTime(p.pid())
	n, took, err := l.Run(b.measure)
	if err != nil {
		return 0, err
	}
	perSecond := float64(n) / took.Seconds()
	b.value(kind, rate, perSecond)
	b.value(kind, cpu, float64((load.CPUTime(p.pid())-before).Microseconds())/float64(n))
	return perSecond, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
