package sim

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/store/vfs"
)

// sim is one run.
type sim struct {
	seed        uint64
	rnd         *rand.Rand // of the goroutine of the run
	net         *network
	controllers []*node
	brokers     []*node
	peers       string // controllerDLegerPeers
	out         io.Writer
	zombies     sync.WaitGroup
	mems        []*vfs.Mem
}

func (s *sim) logger(name string) zerolog.Logger {
	if s.out == nil {
		return zerolog.Nop()
	}
	return zerolog.New(s.out).With().Timestamp().Str("node", name).Logger()
}

func newSim(seed uint64, controllers, brokers int, out io.Writer) *sim {
	s := &sim{seed: seed, rnd: rand.New(rand.NewPCG(seed, 2)), net: newNetwork(seed), out: out}
	var peers []string
	for i := range controllers {
		n := &node{s: s, name: fmt.Sprint("c", i), host: fmt.Sprintf("10.0.1.%d", i+1), raft: newRaftDisk()}
		s.controllers = append(s.controllers, n)
		peers = append(peers, fmt.Sprintf("n%d-%s", i, n.addr()))
	}
	s.peers = strings.Join(peers, ";")
	for i := range brokers {
		n := &node{s: s, name: fmt.Sprint("b", i), host: fmt.Sprintf("10.0.0.%d", i+1), mem: vfs.NewMem()}
		s.mems = append(s.mems, n.mem)
		s.brokers = append(s.brokers, n)
	}
	return s
}

func (s *sim) client(host string) (*remoting.Client, error) {
	table, err := remoting.NewTable()
	if err != nil {
		return nil, err
	}
	c, err := remoting.NewClient(table, remoting.Options{Network: s.net.attach(host), Workers: 1})
	if err != nil {
		return nil, err
	}
	return c, c.Start()
}

var _ = context.Background
