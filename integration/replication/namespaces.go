package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/netns"
)

// namespaces is a network of the kernel: master and slave each have a network namespace of their own, with a link
// between the two, and one from each to this process, by which clients and the NameServer are reached. The link between
// them is cut and throttled, and delayed where the kernel can (netem); where it cannot, a proxy at the master's end of
// the link does.
type namespaces struct {
	ends   [2]*netns.Namespace // master, slave
	wire   *netns.Link
	netem  bool
	late   *proxy // nil with netem
	haPort int

	rnd  *rand.Rand
	stop chan struct{} // ends the cutting; nil while the link is not cut
	done sync.WaitGroup
}

// link is the name of the link between master and slave, in both namespaces.
const link = "wire"

// newNamespaces makes them, or says why that is not possible here.
func newNamespaces(seed uint64) (n *namespaces, err error) {
	if err := netns.Missing("tc"); err != nil {
		return nil, err
	}
	n = &namespaces{rnd: rand.New(rand.NewPCG(seed, 4))}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	for i := range n.ends {
		if n.ends[i], err = netns.New(i); err != nil {
			return n, err
		}
	}
	if n.wire, err = netns.Join(0, link, n.ends[0], n.ends[1]); err != nil {
		return n, err
	}
	n.netem = n.ends[0].Run("tc", "qdisc", "replace", "dev", link, "root", "netem", "delay", "1ms") == nil
	return n, n.calm()
}

// listens tells where the master's haListenPort is; the network can be used from then on.
func (n *namespaces) listens(haPort int) error {
	if n.haPort = haPort; n.netem {
		return nil
	}
	m := n.ends[0]
	l, err := m.Listen(n.wire.Addrs[0] + ":0")
	if err == nil {
		n.late = newProxy(l, net.JoinHostPort(m.There, strconv.Itoa(haPort)), n.rnd.Uint64())
	}
	return err
}

func (n *namespaces) addr() string {
	if n.late != nil {
		return n.late.addr()
	}
	return net.JoinHostPort(n.wire.Addrs[0], strconv.Itoa(n.haPort))
}

func (n *namespaces) means(w weather) string {
	if w.delay > 0 && !n.netem {
		return "a proxy, as this kernel has no netem"
	}
	return "the kernel"
}

// change makes the weather that of w.
func (n *namespaces) change(w weather) error {
	if err := n.calm(); err != nil {
		return err
	}
	if n.late != nil {
		if err := n.late.change(weather{name: w.name, delay: w.delay}); err != nil {
			return err
		}
	}
	for i := range n.ends {
		var err error
		switch {
		case w.delay > 0 && n.netem:
			err = n.ends[i].Run("tc", "qdisc", "replace", "dev", link, "root", "netem", "delay", w.delay.String())
		case w.rate > 0:
			err = n.ends[i].Run("tc", "qdisc", "replace", "dev", link, "root", "tbf", "rate",
				fmt.Sprint(w.rate*8), "burst", "32kb", "latency", "400ms")
		}
		if err != nil {
			return err
		}
	}
	if w.cut > 0 {
		n.stop = make(chan struct{})
		n.done.Go(func() { n.cut(w.cut, n.stop) })
	}
	return nil
}

// calm ends all weather.
func (n *namespaces) calm() (err error) {
	if n.stop != nil {
		close(n.stop)
		n.done.Wait()
		n.stop = nil
	}
	for i := range n.ends {
		_ = n.ends[i].Run("tc", "qdisc", "del", "dev", link, "root") // there may be none
		err = errors.Join(err, n.ends[i].Run("ip", "link", "set", link, "up"))
	}
	return err
}

// long is how long one of eight cuts lasts: more than haHousekeepingInterval, after which both ends give up.
const long = 4 * time.Second

// cut takes the link down and up again and again: most times for so short that connections live on.
func (n *namespaces) cut(mean time.Duration, stop <-chan struct{}) {
	for i := 0; ; i++ {
		for _, state := range []string{"up", "down"} {
			if err := n.ends[i%2].Run("ip", "link", "set", link, state); err != nil {
				fmt.Fprintln(os.Stderr, "replication:", err)
			}
			d := time.Duration(n.rnd.ExpFloat64() * float64(mean))
			if state == "down" && n.rnd.IntN(8) == 0 {
				d = long
			}
			select {
			case <-stop:
				_ = n.ends[i%2].Run("ip", "link", "set", link, "up")
				return
			case <-time.After(d):
			}
		}
		_ = n.ends[i%2].Run("ip", "link", "set", link, "up")
	}
}

func (n *namespaces) close() {
	if n.stop != nil {
		close(n.stop)
		n.done.Wait()
		n.stop = nil
	}
	if n.late != nil {
		n.late.close()
	}
	for _, e := range n.ends {
		e.Close()
	}
}
