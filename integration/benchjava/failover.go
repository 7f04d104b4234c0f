package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// Failover: controllers and two brokers of one kind, with all time-outs at their defaults; a master is killed, and one
// is suspended.

var (
	killedMaster = figure{name: "master killed (-9): until the next acknowledged send", unit: "ms", ratio: 1}
	heldMaster   = figure{name: "master suspended (SIGSTOP): until the next acknowledged send", unit: "s", atMost: 11}
)

const (
	kills    = 3
	heldFor  = 20 * time.Second // longer than controllerHeartBeatTimeoutMills
	groupSet = "broker-f"
)

// trio is two brokers and their controllers.
type trio struct {
	*harness.Controllers
	brokers map[string]*harness.Server // by address
}

func (r *round) startTrio(p *harness.Pair) (t *trio, err error) {
	base := filepath.Join(filepath.Dir(filepath.Dir(p.Broker.Store())), "failover")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, err
	}
	t = &trio{brokers: map[string]*harness.Server{}}
	if t.Controllers, err = harness.StartControllers(harness.ControllersOptions{Kind: r.kind, Dir: base}); err != nil {
		return nil, err
	}
	for i := range 2 {
		b, err := harness.NewBroker(r.kind, base, fmt.Sprint("broker", i), p.Names.Addr(), t.BrokerConf(groupSet))
		if err == nil {
			err = b.Start()
		}
		if err != nil {
			return t, err
		}
		t.brokers[b.Addr()] = b
	}
	return t, nil
}

func (t *trio) end() {
	if t == nil {
		return
	}
	for _, b := range t.brokers {
		b.Kill()
	}
	t.Kill()
}

// whole waits until both are in sync, and returns the master.
func (t *trio) whole() (*harness.Server, error) {
	var master string
	_, err := within(replicaLimit, "both brokers in sync", func() bool {
		s := t.Sets(groupSet)[groupSet]
		master = s.MasterAddress
		return master != "" && len(s.InSync) == len(t.brokers)
	})
	return t.brokers[master], err
}

// acknowledged waits until another broker than old has acknowledged a send, of a topic that is there.
func (t *trio) acknowledged(old string) (time.Duration, error) {
	return within(replicaLimit, "an acknowledged send", func() bool {
		master := t.Sets(groupSet)[groupSet].MasterAddress
		if master == "" || master == old {
			return false
		}
		c, err := client.Dial(master, time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		sent, err := c.Send(&client.Message{Topic: benchTopic, Born: 1, Body: []byte("f")})
		return err == nil && sent.Code == 0
	})
}

// failover measures both.
func (r *round) failover(p *harness.Pair, _ []figure) error {
	t, err := r.startTrio(p)
	defer t.end()
	if err != nil {
		return err
	}
	master, err := t.whole()
	if err != nil {
		return err
	}
	c, err := client.Dial(master.Addr(), 5*time.Second)
	if err != nil {
		return err
	}
	err = c.CreateTopic(benchTopic, benchQueues, 6, "")
	c.Close()
	if err == nil {
		_, err = t.acknowledged("")
	}
	if err != nil {
		return err
	}
	if r.kind == harness.Java {
		time.Sleep(15 * time.Second) // its slave asks for topics every 10 s
	}
	var took []time.Duration
	for range kills {
		master.Kill()
		d, err := t.acknowledged(master.Addr())
		if err == nil {
			err = master.Start()
		}
		if err == nil {
			master, err = t.whole()
		}
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	r.set(killedMaster.name, float64(took[kills/2].Microseconds())/1000)
	if err := master.Process().Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	began := time.Now()
	d, err := t.acknowledged(master.Addr())
	r.set(heldMaster.name, d.Seconds())
	time.Sleep(time.Until(began.Add(heldFor)))
	_ = master.Process().Signal(syscall.SIGCONT)
	return err
}
