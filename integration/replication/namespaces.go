package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// namespaces is a network of the kernel: master and slave each have a network namespace of their own, with a link
// between the two, and one from each to this process, by which clients and the NameServer are reached. The link between
// them is cut and throttled, and delayed where the kernel can (netem); where it cannot, a proxy at the master's end of
// the link does.
//
// A namespace is that of a process that sleeps and ends with this one, however that ends: nothing is left over.
type namespaces struct {
	ends   [2]namespace // master, slave
	netem  bool
	late   *proxy // nil with netem
	haPort int

	rnd  *rand.Rand
	stop chan struct{} // ends the cutting; nil while the link is not cut
	done sync.WaitGroup
}

type namespace struct {
	pid                int // of the process whose namespace it is
	here, there, wired string
	holder             *exec.Cmd
}

// link is the name of the link between master and slave, in both namespaces; away that of the link to this process.
const link, away = "wire", "away"

// newNamespaces makes them, or says why that is not possible here.
func newNamespaces(seed uint64) (n *namespaces, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("not root")
	}
	for _, tool := range []string{"ip", "tc", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, err
		}
	}
	n = &namespaces{rnd: rand.New(rand.NewPCG(seed, 4))}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	me := os.Getpid()
	for i := range n.ends {
		// 16 addresses of 198.18.0.0/15, which is for tests of networks, for each process
		at := func(k int) string { return fmt.Sprintf("198.18.%d.%d", me>>4&255, me&15<<4+k) }
		e := &n.ends[i]
		e.here, e.there, e.wired = at(4*i+1), at(4*i+2), at(9+i)
		if err := e.hold(); err != nil {
			return n, err
		}
		name := fmt.Sprintf("gr%d%c", me, "ms"[i])
		if err := run("ip", "link", "add", name, "type", "veth", "peer", "name", away, "netns", strconv.Itoa(e.pid)); err != nil {
			return n, err
		}
		if err := errors.Join(run("ip", "addr", "add", e.here+"/30", "dev", name), run("ip", "link", "set", name, "up"),
			e.run("ip", "addr", "add", e.there+"/30", "dev", away), e.run("ip", "link", "set", away, "up"),
			e.run("ip", "link", "set", "lo", "up")); err != nil {
			return n, err
		}
	}
	if err := n.join(); err != nil {
		return n, err
	}
	n.netem = n.ends[0].run("tc", "qdisc", "replace", "dev", link, "root", "netem", "delay", "1ms") == nil
	return n, n.calm()
}

// hold makes the namespace.
func (e *namespace) hold() error {
	e.holder = exec.Command("sleep", "infinity")
	e.holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := e.holder.Start()
	if err == nil {
		e.pid = e.holder.Process.Pid
	}
	return err
}

// join makes the link between master and slave.
func (n *namespaces) join() error {
	m, s := &n.ends[0], &n.ends[1]
	if err := run("ip", "link", "add", link, "netns", strconv.Itoa(m.pid), "type", "veth", "peer", "name", link, "netns",
		strconv.Itoa(s.pid)); err != nil {
		return err
	}
	var failed []error
	for i := range n.ends {
		e := &n.ends[i]
		failed = append(failed, e.run("ip", "addr", "add", e.wired+"/30", "dev", link), e.run("ip", "link", "set", link, "up"))
	}
	return errors.Join(failed...)
}

// prefix is what runs a command in the namespace.
func (e *namespace) prefix() []string { return []string{"nsenter", "-t", strconv.Itoa(e.pid), "-n"} }

func (e *namespace) run(argv ...string) error { return run(append(e.prefix(), argv...)...) }

func run(argv ...string) error {
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// listens tells where the master's haListenPort is; the network can be used from then on.
func (n *namespaces) listens(haPort int) error {
	if n.haPort = haPort; n.netem {
		return nil
	}
	m := &n.ends[0]
	l, err := m.listen(m.wired + ":0")
	if err == nil {
		n.late = newProxy(l, net.JoinHostPort(m.there, strconv.Itoa(haPort)), n.rnd.Uint64())
	}
	return err
}

// listen opens a listener in the namespace. The thread comes back: it may be the parent of processes that end with it.
func (e *namespace) listen(addr string) (net.Listener, error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", e.pid))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, back // the thread stays locked, and nobody else gets it
	}
	runtime.UnlockOSThread()
	return l, err
}

func (n *namespaces) addr() string {
	if n.late != nil {
		return n.late.addr()
	}
	return net.JoinHostPort(n.ends[0].wired, strconv.Itoa(n.haPort))
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
			err = n.ends[i].run("tc", "qdisc", "replace", "dev", link, "root", "netem", "delay", w.delay.String())
		case w.rate > 0:
			err = n.ends[i].run("tc", "qdisc", "replace", "dev", link, "root", "tbf", "rate",
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
		_ = n.ends[i].run("tc", "qdisc", "del", "dev", link, "root") // there may be none
		err = errors.Join(err, n.ends[i].run("ip", "link", "set", link, "up"))
	}
	return err
}

// long is how long one of eight cuts lasts: more than haHousekeepingInterval, after which both ends give up.
const long = 4 * time.Second

// cut takes the link down and up again and again: most times for so short that connections live on.
func (n *namespaces) cut(mean time.Duration, stop <-chan struct{}) {
	for i := 0; ; i++ {
		for _, state := range []string{"up", "down"} {
			if err := n.ends[i%2].run("ip", "link", "set", link, state); err != nil {
				fmt.Fprintln(os.Stderr, "replication:", err)
			}
			d := time.Duration(n.rnd.ExpFloat64() * float64(mean))
			if state == "down" && n.rnd.IntN(8) == 0 {
				d = long
			}
			select {
			case <-stop:
				_ = n.ends[i%2].run("ip", "link", "set", link, "up")
				return
			case <-time.After(d):
			}
		}
		_ = n.ends[i%2].run("ip", "link", "set", link, "up")
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
	for i := range n.ends { // with its last process a namespace goes, and its links with it
		if h := n.ends[i].holder; h != nil && h.Process != nil {
			_ = h.Process.Kill()
			_ = h.Wait()
		}
	}
}
