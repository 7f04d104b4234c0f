package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// slave is a second broker of the pair's group.
type slave struct {
	*harness.Server
	master *harness.Server
}

// addSlave prepares a slave in a folder beside the master's.
func (r *round) addSlave(p *harness.Pair) (*slave, error) {
	base := filepath.Dir(filepath.Dir(p.Broker.Store()))
	s, err := harness.NewBroker(r.kind, base, "slave", p.Names.Addr(), harness.BigFiles(masterOf("SLAVE", 1, nil)))
	return &slave{s, p.Broker}, err
}

// launchBeside starts the slave on the load tool's core, see above.
func (s *slave) launchBeside() error {
	if runtime.NumCPU() > 1 {
		if err := os.Setenv(harness.PinVariable, toolCore); err != nil {
			return err
		}
		defer os.Setenv(harness.PinVariable, serverCore)
	}
	return s.Launch()
}

// within asks until ok, or the limit, and returns how long it took.
func within(limit time.Duration, what string, ok func() bool) (time.Duration, error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if ok() {
			return time.Since(begin), nil
		}
		if time.Since(begin) > limit {
			return 0, fmt.Errorf("%s: not after %v", what, limit)
		}
	}
}

// benchTopic and its queues are those of `gorocket bench send`.
const (
	benchTopic  = "gorocket_bench"
	benchQueues = 8
)

// messages is how many the queues of the topic have; -1 when the broker does not answer.
func messages(s *harness.Server) (n int64) {
	c, err := client.Dial(s.Addr(), time.Second)
	if err != nil {
		return -1
	}
	defer c.Close()
	for q := range benchQueues {
		at, err := c.MaxOffset(benchTopic, q)
		if err != nil {
			return -1
		}
		n += at
	}
	return n
}

// takeover is how long a slave that has to take over a store may need: it goes at 10 MB/s at least.
func takeover() time.Duration { return replicaLimit + time.Duration(*catchUpBytes/10e6)*time.Second }

// caughtUp waits until the slave has what the master has.
func (s *slave) caughtUp() error {
	_, err := within(takeover(), "the slave at its master's end", func() bool {
		n := messages(s.master)
		return n > 0 && messages(s.Server) == n
	})
	return err
}

// hasTopic tells whether the slave knows the topic.
func (s *slave) hasTopic() bool {
	c, err := client.Dial(s.Addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	all, err := c.OK(21, nil, nil)
	return err == nil && bytes.Contains(all.Body, []byte(`"`+benchTopic+`"`))
}
