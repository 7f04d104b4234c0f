package controller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
	"gorocket/integration/netns"
)

// scene is what is started.
type scene struct {
	queues      int
	change      harness.Conf // of the brokers, what differs from BrokerConf
	controllers harness.Kind
	scan        string         // their scanNotActiveBrokerInterval; "": Java's default
	brokers     []harness.Kind // two, with spaces
	spaces      bool           // in network namespaces, so that a broker can be cut off
}

// brokerSet are brokers under a group of controllers, all of them in sync, with the topic T.
type brokerSet struct {
	*group
	brokers map[string]*harness.Server // by address
	kinds   map[string]harness.Kind
	addrs   []string // of the brokers
	count   int
	net     *network // nil without spaces
	cluster *harness.Cluster
}

// startSet starts them.
func startSet(t *testing.T, sc *scene) *brokerSet {
	t.Helper()
	s := &brokerSet{brokers: map[string]*harness.Server{}, kinds: map[string]harness.Kind{}, count: len(sc.brokers)}
	var space *netns.Namespace
	if sc.spaces {
		s.net = newNetwork(t)
		space = s.net.controllers
	}
	s.group = startGroup(t, sc.controllers, cmp.Or(sc.scan, "5000"), space)
	c := harness.New(t)
	s.cluster = c
	names := c.Namesrv(harness.Go, nil)
	for i, kind := range sc.brokers {
		cfg := s.BrokerConf(name)
		cfg["mappedFileSizeCommitLog"] = "4194304"
		maps.Copy(cfg, sc.change)
		b := s.startBroker(c, names, kind, i, cfg)
		s.brokers[b.Addr()], s.kinds[b.Addr()] = b, kind
		s.addrs = append(s.addrs, b.Addr())
	}
	eventually(t, "all are in sync", time.Minute, s.all)
	master, _ := s.set(name)
	m, err := client.Dial(master, time.Second)
	if err == nil {
		err = m.CreateTopic("T", sc.queues, 6, "")
	}
	if err == nil {
		err = m.CreateGroup("consumer", 3)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if slices.Contains(sc.brokers, harness.Java) {
		time.Sleep(15 * time.Second) // a slave of Java's asks for the topics every 10 s
	}
	return s
}

func (s *brokerSet) startBroker(c *harness.Cluster, names *harness.Server, kind harness.Kind, i int,
	cfg harness.Conf) *harness.Server {
	s.t.Helper()
	if s.net == nil {
		return c.Broker(kind, fmt.Sprint("broker", i), cfg)
	}
	space := s.net.brokers[i]
	cfg["brokerIP1"], cfg["brokerIP2"] = space.There, space.There
	b, err := harness.NewBroker(kind, c.Dir(), fmt.Sprint("broker", i), fmt.Sprintf("%s:%d", space.Here, names.Port), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	b.Host, b.Prefix, b.Seen = space.There, space.Prefix(), names.Addr()
	c.Start(b)
	return b
}

// all tells whether all of them are in the sync state set, and one is master.
func (s *brokerSet) all() bool {
	master, n := s.set(name)
	return master != "" && n == s.count
}

// network is that of a set in namespaces: two brokers and the controllers have a link to each other and to this process,
// where the clients and the NameServer are.
type network struct {
	t           *testing.T
	brokers     [2]*netns.Namespace
	controllers *netns.Namespace
	links       []*netns.Link // between brokers, then from each to the controllers
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	if why := netns.Missing(); why != nil {
		harness.Skip(t, "network namespaces: "+why.Error())
	}
	n := &network{t: t}
	for i, to := range []**netns.Namespace{&n.brokers[0], &n.brokers[1], &n.controllers} {
		space, err := netns.New(i)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(space.Close)
		*to = space
	}
	for i, ends := range [][2]*netns.Namespace{n.brokers, {n.brokers[0], n.controllers}, {n.brokers[1], n.controllers}} {
		l, err := netns.Join(i, fmt.Sprint("wire", i), ends[0], ends[1])
		if err == nil {
			err = l.Route()
		}
		if err != nil {
			t.Fatal(err)
		}
		n.links = append(n.links, l)
	}
	return n
}

// cut cuts broker i off from the other one and the controllers; clients reach it.
func (n *network) cut(i int) {
	n.t.Helper()
	for _, l := range []*netns.Link{n.links[0], n.links[1+i]} {
		if err := l.Cut(n.brokers[i]); err != nil {
			n.t.Fatal(err)
		}
	}
}

func (n *network) mend() {
	n.t.Helper()
	for _, l := range n.links {
		if err := l.Mend(); err != nil {
			n.t.Fatal(err)
		}
	}
}
