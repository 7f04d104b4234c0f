package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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
	net     network
	spaces  *namespaces    // nil: the network is a proxy
	means   map[string]int // kills by weather and whose it was
	servers map[string]*harness.Server
	killed  map[string]int
	checked int
	slowest map[string]time.Duration // by weather: longest time without an acknowledgement
}

func newPair() *pair {
	return &pair{rnd: rand.New(rand.NewPCG(*seed, 1)), ledger: newLedger(), servers: map[string]*harness.Server{},
		killed: map[string]int{}, slowest: map[string]time.Duration{}, means: map[string]int{}}
}

// enter makes network namespaces for the two, or says why a proxy stands in for them.
func (p *pair) enter() {
	spaces, err := newNamespaces(*seed)
	if err != nil {
		fmt.Println("replication: no network namespaces, a proxy stands in:", err)
		return
	}
	p.spaces = spaces
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
	} else if p.spaces != nil {
		p.spaces.close()
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
	master, err := p.broker(dir, "master", "SYNC_MASTER", 0, "")
	if err != nil {
		return err
	}
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
	if err := p.connect(master); err != nil {
		return err
	}
	slave, err := p.broker(dir, "slave", "SLAVE", 1, p.net.addr())
	if err != nil {
		return err
	}
	return slave.Start()
}

// connect makes the network that a slave reaches its master through.
func (p *pair) connect(master *harness.Server) error {
	if p.spaces != nil {
		p.net = p.spaces
		return p.spaces.listens(master.Port + 1)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		p.net = newProxy(l, fmt.Sprintf("127.0.0.1:%d", master.Port+1), *seed)
	}
	return err
}

// broker prepares one of the two, in its network namespace if it has one.
func (p *pair) broker(dir, name, role string, id int, haMaster string) (*harness.Server, error) {
	conf := harness.Conf{"brokerRole": role, "brokerId": fmt.Sprint(id), "brokerName": "broker-a", "slaveReadEnable": "true",
		"mappedFileSizeCommitLog": fmt.Sprint(8 << 20), "inSyncReplicas": "2", "slaveTimeout": "1000",
		"haSendHeartbeatInterval": "500", "haHousekeepingInterval": "3000"}
	if haMaster != "" {
		conf["haMasterAddress"] = haMaster
	}
	names := p.servers["names"]
	at := names.Addr()
	if p.spaces != nil {
		e := p.spaces.ends[id]
		wired := p.spaces.wire.Addrs[id]
		conf["brokerIP1"], conf["brokerIP2"] = wired, wired
		at = net.JoinHostPort(e.Here, fmt.Sprint(names.Port))
	}
	s, err := harness.NewBroker(harness.Go, dir, name, at, conf)
	if err != nil {
		return nil, err
	}
	if p.spaces != nil {
		e := p.spaces.ends[id]
		s.Host, s.Prefix, s.Advertised = e.There, e.Prefix(), net.JoinHostPort(p.spaces.wire.Addrs[id], fmt.Sprint(s.Port))
	}
	p.servers[name] = s
	return s, nil
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
			if *calm {
				w = weathers[0]
			}
			if err = p.net.change(w); err != nil {
				break
			}
			p.means[w.name+" by "+p.net.means(w)]++
			err = p.kill([]string{"master", "slave"}[p.rnd.IntN(2)], w)
		}
		err = errors.Join(err, p.net.change(weathers[0]))
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
