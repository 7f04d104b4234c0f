package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
)

// Replication: a master on the servers' core and a slave of the same kind on the other one, beside the load tool, as it
// is on a machine of its own: on the master's core its work would count as what it costs the master, whose caches it
// empties.

// Names of cases and the figures that its steps find.
const (
	replicated = "replicated send 1 KiB, 8 x 64 in flight"
	syncMaster = "SYNC_MASTER, inSyncReplicas=2, send 1 KiB, 64 in flight"
)

var (
	aloneCPU  = cpu("send 1 KiB, 8 x 64 in flight, no slave yet", 0)
	masterCPU = figure{name: replicated + ": master's CPU", unit: "µs", key: "serverCPUMicros"}
	masterAdd = figure{name: replicated + ": what the slave adds to the master's CPU", unit: share, atMost: 0.25}
	bothCPU   = figure{name: replicated + ": CPU of master and slave", unit: "µs", ratio: 4}
	newTables = figure{name: "a new slave: start to its master's topics", unit: "s", atMost: 5}
	catchUp   = figure{name: "catching up, from the slave's start to its master's end", unit: "MB/s", more: true, ratio: 5}

	catchUpRate = figure{name: "catching up, from the slave's first message on", unit: "MB/s", more: true}

	syncMasterRate = rate(syncMaster, 3)
	syncMasterP99  = latency(syncMaster, "send", "p99", 3)
	slaveBack      = figure{name: "slave killed and started again: start to the first send that it acknowledges",
		unit: "s", atMost: 2}
	ackPause = figure{name: "slave killed and started again: longest time without an acknowledged send", unit: "s",
		atMost: 2}
)

// masterOf is the configuration of a master, or a slave, of the group.
func masterOf(role string, id int, more harness.Conf) harness.Conf {
	c := harness.Conf{"brokerRole": role, "brokerId": fmt.Sprint(id), "brokerName": "broker-a", "slaveReadEnable": "true"}
	maps.Copy(c, more)
	return c
}

// twoInSync makes a send wait for the slave.
var twoInSync = harness.Conf{"inSyncReplicas": "2"}

// replicaLimit is how long a step waits for a slave.
const replicaLimit = 3 * time.Minute

// replicas measures sends without and with a slave, a new slave's tables, and how one catches up.
func (r *round) replicas(p *harness.Pair, _ []figure) error {
	send := toolRun{args: "send --size 1024 --connections 8 --in-flight 64"}
	if err := r.bench(p, send, []figure{aloneCPU}); err != nil {
		return err
	}
	s, err := r.addSlave(p)
	if err != nil {
		return err
	}
	defer func() {
		if s.Process() != nil {
			s.Kill()
		}
	}()
	if err := s.launchBeside(); err != nil {
		return err
	}
	took, err := within(replicaLimit, "the topic on the slave", s.hasTopic)
	if err != nil {
		return err
	}
	r.set(newTables.name, took.Seconds())
	if err := s.caughtUp(); err != nil {
		return err
	}
	perSecond, err := r.replicate(p, s, send)
	if err == nil {
		err = r.catchUp(p, s)
	}
	if err != nil || r.kind == harness.Java {
		return err
	}
	s.Kill()
	if err := os.RemoveAll(s.Store()); err != nil { // the disk gets as much again
		return err
	}
	return errors.Join(r.bareCatchUp(p), r.bareReplica(p, send, perSecond, recordBytes))
}

// recordBytes is about what a message of 1 KiB has in the log, with the properties of the load tool.
const recordBytes = 1024 + 130

// replicate compares the CPU of both with that of the master alone. It returns the messages sent in a second.
func (r *round) replicate(p *harness.Pair, s *slave, send toolRun) (perSecond float64, err error) {
	cpu, n := load.CPUTime(s.Process().PID()), messages(s.Server)
	v, err := r.tool(p, send)
	if err == nil {
		err = r.take([]figure{masterCPU}, v)
	}
	if err == nil {
		err = s.caughtUp()
	}
	if err != nil {
		return 0, err
	}
	cpu, n = load.CPUTime(s.Process().PID())-cpu, messages(s.Server)-n
	alone, _ := r.get(r.part, aloneCPU.name)
	with, _ := r.get(r.part, masterCPU.name)
	r.set(masterAdd.name, with/alone-1)
	r.set(bothCPU.name, with+cpu.Seconds()*1e6/float64(n))
	return v.number("perSecond")
}

// catchUp lets the master take messages while the slave is down, and looks how fast it gets them: from its start, which
// is what an operator waits for, and from the first one that it has.
func (r *round) catchUp(p *harness.Pair, s *slave) error {
	if _, err := s.Stop(); err != nil {
		return err
	}
	before := messages(p.Broker)
	fill := toolRun{args: "send --size 16384 --connections 8 --in-flight 16", warm: 0.01, takes: 5 * time.Second}
	for messages(p.Broker)-before < *catchUpBytes/16384 {
		if _, err := r.tool(p, fill); err != nil {
			return err
		}
	}
	syscall.Sync() // what the master has left to write is not the slave's
	load.FillPageCache()
	start := time.Now()
	if err := s.launchBeside(); err != nil {
		return err
	}
	first := before
	if _, err := within(takeover(), "the first message", func() bool {
		first = messages(s.Server)
		return first > before
	}); err != nil {
		return fmt.Errorf("%w, while the slave said:\n%s", err, s.Process().Tail(30))
	}
	begin := time.Now()
	if err := s.caughtUp(); err != nil {
		return err
	}
	end, now := messages(s.Server), time.Now()
	r.set(catchUp.name, float64(end-before)*16384/now.Sub(start).Seconds()/1e6)
	r.set(catchUpRate.name, float64(end-first)*16384/now.Sub(begin).Seconds()/1e6)
	return nil
}

// inSyncStep measures sends that wait for the slave, and a slave that is killed under them.
func (r *round) inSync(p *harness.Pair, figures []figure) error {
	s, err := r.addSlave(p)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	defer s.Kill()
	if err := load.FirstSend(p.Broker.Addr(), benchTopic, replicaLimit); err != nil {
		return err
	}
	if _, err := within(replicaLimit, "the slave", func() bool { return messages(s.Server) > 0 }); err != nil {
		return err
	}
	if err := r.bench(p, syncRun, figures); err != nil {
		return err
	}
	return r.slaveKilled(p, s)
}

// producers send one after the other while the slave is killed.
const producers = 16

// slaveKilled kills the slave and starts it again at once.
func (r *round) slaveKilled(p *harness.Pair, s *slave) error {
	var last, pause atomic.Int64 // ns since begin
	var stop atomic.Bool
	var wg sync.WaitGroup
	begin := time.Now()
	for q := range producers {
		c, err := client.Dial(p.Broker.Addr(), 20*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		wg.Go(func() {
			for !stop.Load() {
				sent, err := c.Send(&client.Message{Topic: benchTopic, Queue: q % benchQueues, Born: 1, Body: make([]byte, 1024)})
				if err != nil {
					return
				}
				if sent.Code == 0 {
					now := time.Since(begin).Nanoseconds()
					before := last.Swap(now)
					pause.Store(max(pause.Load(), now-before)) // two at once hide a pause of nobody
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	time.Sleep(time.Second)
	s.Kill()
	killed := time.Since(begin)
	err := s.Launch()
	if err == nil {
		_, err = within(replicaLimit, "an acknowledged send", func() bool { return last.Load() > int64(killed)+int64(100e6) })
		r.set(slaveBack.name, (time.Duration(last.Load()) - killed).Seconds())
		time.Sleep(2 * time.Second)
	}
	stop.Store(true)
	wg.Wait()
	r.set(ackPause.name, time.Duration(pause.Load()).Seconds())
	return err
}
