package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const patience = 60 * time.Second

// pair is a master and its slave. Not for concurrent use.
type pair struct {
	rnd     *rand.Rand
	ledger  *ledger
	net     *network
	servers map[string]*harness.Server
	killed  map[string]int
	checked int
	slowest map[string]time.Duration // by weather: longest time without an acknowledgement
}

func newPair() *pair {
	return &pair{rnd: rand.New(rand.NewPCG(*seed, 1)), ledger: newLedger(), servers: map[string]*harness.Server{},
		killed: map[string]int{}, slowest: map[string]time.Duration{}}
}

func (p *pair) run() error {
	if why := harness.Go.Missing(); why != "" {
		return errors.New(why + "; run make build first, or set GOROCKET_BIN")
	}
	dir, err := os.MkdirTemp("", "replication-")
	if err != nil {
		return err
	}
	if err = p.start(dir); err == nil {
		err = p.kills()
	}
	for _, s := range p.servers {
		if err != nil && s.Process() != nil {
			err = fmt.Errorf("%w\nend of the log of %s:\n%s", err, s.Name, s.Process().Tail(8))
		}
		s.Kill()
	}
	if p.net != nil {
		p.net.close()
	}
	_ = os.RemoveAll(dir)
	return err
}

// start starts a NameServer, a master with a topic, and a slave that reaches it through the network.
func (p *pair) start(dir string) error {
	names, err := harness.NewNamesrv(harness.Go, dir, "namesrv", nil)
	if err != nil {
		return err
	}
	p.servers["names"] = names
	if err := names.Start(); err != nil {
		return err
	}
	conf := func(role string, id int) harness.Conf {
		return harness.Conf{"brokerRole": role, "brokerId": fmt.Sprint(id), "brokerName": "broker-a", "slaveReadEnable": "true",
			"mappedFileSizeCommitLog": fmt.Sprint(8 << 20), "inSyncReplicas": "2", "slaveTimeout": "1000",
			"haSendHeartbeatInterval": "500", "haHousekeepingInterval": "3000"}
	}
	master, err := harness.NewBroker(harness.Go, dir, "master", names.Addr(), conf("SYNC_MASTER", 0))
	if err != nil {
		return err
	}
	p.servers["master"] = master
	if err := master.Start(); err != nil {
		return err
	}
	c, err := client.Dial(master.Addr(), 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic(topic, queues, 6, ""); err != nil {
		return err
	}
	if p.net, err = newNetwork(fmt.Sprintf("127.0.0.1:%d", master.Port+1), *seed); err != nil {
		return err
	}
	with := conf("SLAVE", 1)
	with["haMasterAddress"] = p.net.addr()
	slave, err := harness.NewBroker(harness.Go, dir, "slave", names.Addr(), with)
	if err != nil {
		return err
	}
	p.servers["slave"] = slave
	return slave.Start()
}

// kills kills one of the two again and again, in each weather in turn, and compares now and then.
func (p *pair) kills() error {
	for done := 0; done < *kills; {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range producers {
			wg.Go(func() { p.ledger.produce(p.servers["master"].Addr(), stop) })
		}
		var err error
		for i := 0; i < *checks && done < *kills && err == nil; i, done = i+1, done+1 {
			w := weathers[done%len(weathers)]
			p.net.change(w)
			err = p.kill([]string{"master", "slave"}[p.rnd.IntN(2)], w)
		}
		p.net.change(weathers[0])
		close(stop)
		wg.Wait()
		if err == nil {
			err = p.compare()
		}
		if err != nil {
			return fmt.Errorf("kill %d: %w", done, err)
		}
		fmt.Printf("replication: %d kills, %d messages acknowledged\n", done, p.ledger.count())
	}
	return nil
}

// kill waits for acknowledgements, kills a broker and starts it again.
func (p *pair) kill(name string, w weather) error {
	before, began := p.ledger.count(), time.Now()
	for p.ledger.count() < before+20 {
		if time.Since(began) > patience {
			return fmt.Errorf("network %s: no acknowledgements for %v", w.name, patience)
		}
		time.Sleep(time.Millisecond)
	}
	p.slowest[w.name] = max(p.slowest[w.name], time.Since(began))
	time.Sleep(time.Duration(p.rnd.Int64N(int64(*load))))
	p.servers[name].Kill()
	p.killed[name]++
	return p.servers[name].Launch()
}

// compare waits until the slave has everything, and checks both.
func (p *pair) compare() error {
	p.checked++
	master, slave := p.servers["master"], p.servers["slave"]
	if err := p.caughtUp(); err != nil {
		return err
	}
	held, err := p.ledger.check(master.Addr())
	if err != nil {
		return fmt.Errorf("master: %w", err)
	}
	theirs, err := p.ledger.check(slave.Addr())
	if err != nil {
		return fmt.Errorf("slave: %w", err)
	}
	for q := range held {
		if !slices.Equal(held[q], theirs[q]) {
			return fmt.Errorf("queue %d has %d messages on the master, others or %d on the slave", q, len(held[q]), len(theirs[q]))
		}
	}
	return p.sameFiles()
}

// caughtUp waits until both answer the same ends of all queues.
func (p *pair) caughtUp() error {
	var last error
	for began := time.Now(); time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
		var ends [2][queues]int64
		if last = p.ends(&ends); last == nil && ends[0] == ends[1] {
			return nil
		}
		if last == nil {
			last = fmt.Errorf("queues end at %v and %v", ends[0], ends[1])
		}
	}
	return fmt.Errorf("the slave does not catch up: %w", last)
}

func (p *pair) ends(ends *[2][queues]int64) error {
	for i, name := range []string{"master", "slave"} {
		c, err := client.Dial(p.servers[name].Addr(), 5*time.Second)
		if err != nil {
			return err
		}
		for q := range queues {
			if ends[i][q], err = c.MaxOffset(topic, q); err != nil {
				break
			}
		}
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// sameFiles compares the files of both logs byte by byte.
func (p *pair) sameFiles() error {
	master := p.servers["master"].Store() + "/commitlog/"
	names, err := filepath.Glob(p.servers["slave"].Store() + "/commitlog/*")
	if err != nil || len(names) == 0 {
		return fmt.Errorf("no commit log: %w", err)
	}
	for _, name := range names {
		mine, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		theirs, err := os.ReadFile(master + filepath.Base(name))
		if err == nil && !bytes.Equal(mine, theirs) { // else it was made ahead on one side
			return fmt.Errorf("%s differs from the master's", filepath.Base(name))
		}
	}
	return nil
}
