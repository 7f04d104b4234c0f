package kills

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// Group is a master, the slave that stands in for it while it is away (enableSlaveActingMaster), and a master of another
// name that the slave writes to. Its workloads that are Substitutes go on at the slave.
type Group struct {
	Master, Slave, Other *harness.Server

	unshared []Range
	stoodIn  int
}

// Substitute is a Workload whose clients turn to the slave while the master is away.
type Substitute interface {
	// Turned works with the slave until ctx ends.
	Turned(ctx context.Context, addr string) error
	// Returned looks at a master that is back.
	Returned(master *client.Client) error
}

// Run kills the master so often under all workloads, and returns a line of each about what was found. Now and then the
// master is back before its slave stands in for it.
func (g *Group) Run(kills int, loads ...Workload) (report []string, err error) {
	for _, b := range []*harness.Server{g.Master, g.Other} {
		for _, l := range loads {
			if err := with(b, l.Prepare); err != nil {
				return nil, err
			}
		}
	}
	if err := g.shared(); err != nil {
		return nil, err
	}
	for k := range kills {
		killUnder(g.Master, loads)
		if err := g.away(k%3 != 2, loads); err != nil {
			return nil, fmt.Errorf("after kill %d: %w", k+1, err)
		}
	}
	report, err = check(loads, g.unshared, g.Master, g.Other)
	return append(report, fmt.Sprintf("the slave stood in for its master after %d of %d kills", g.stoodIn, kills)), err
}

// shared waits until the slave has all that the master has; topics, too.
func (g *Group) shared() error {
	var master, slave int64
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		err := errors.Join(with(g.Master, logEnd(&master)), with(g.Slave, logEnd(&slave)))
		if err != nil {
			return err
		}
		if master == slave {
			time.Sleep(time.Second) // the tables follow
			return nil
		}
	}
	return fmt.Errorf("the slave's log ends at %d, its master's at %d", slave, master)
}

// logEnd asks where the log of a broker ends.
func logEnd(end *int64) func(*client.Client) error {
	return func(c *client.Client) error {
		r, err := c.OK(28, nil, nil)
		if err != nil {
			return err
		}
		v, err := client.ParseJSON(r)
		if err != nil {
			return err
		}
		text, _ := v.(map[string]any)["table"].(map[string]any)["commitLogMaxOffset"].(string)
		*end, err = strconv.ParseInt(text, 10, 64)
		return err
	}
}

// away is the time from a kill of the master to its return, long enough for its slave to stand in for it, or not.
func (g *Group) away(long bool, loads []Workload) error {
	var had int64
	if long {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		failed := make(chan error, len(loads))
		for _, l := range loads {
			if s, ok := l.(Substitute); ok {
				wg.Go(func() { failed <- s.Turned(ctx, g.Slave.Addr()) })
			}
		}
		acts := g.acts()
		time.Sleep(500*time.Millisecond + rand.N(4*time.Second))
		cancel()
		wg.Wait()
		close(failed)
		for err := range failed {
			if err != nil {
				return fmt.Errorf("at the slave: %w", err)
			}
		}
		if acts != nil {
			return acts
		}
		g.stoodIn++
	}
	if err := with(g.Slave, logEnd(&had)); err != nil {
		return err
	}
	if err := g.Master.Start(); err != nil {
		return err
	}
	end, err := recoveredEnd(g.Master)
	if err != nil {
		return err
	}
	g.unshared = append(g.unshared, Range{had, end})
	for _, l := range loads {
		if s, ok := l.(Substitute); ok {
			if err := with(g.Master, s.Returned); err != nil {
				return fmt.Errorf("the master is back: %w", err)
			}
		}
	}
	return nil
}

// acts waits until the slave stands in for its master: it serves pulls then, and only then (slaveReadEnable=false).
func (g *Group) acts() error {
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		err := with(g.Slave, func(c *client.Client) error { _, err := c.Pull(plainTopic, 0, 0, 1); return err })
		if err == nil {
			return nil
		}
	}
	return errors.New("the slave does not stand in for its master")
}

var recovered = regexp.MustCompile(`store recovered .*\bto=(\d+)`)

// recoveredEnd is where a broker's log ended at its last start.
func recoveredEnd(s *harness.Server) (int64, error) {
	found := recovered.FindAllStringSubmatch(s.Process().Tail(200), -1)
	if len(found) == 0 {
		return 0, fmt.Errorf("%s does not say where its log ended", s.Name)
	}
	return strconv.ParseInt(found[len(found)-1][1], 10, 64)
}
