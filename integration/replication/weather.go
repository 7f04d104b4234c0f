package main

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// weather is what the network between the pair does.
type weather struct {
	name  string
	delay time.Duration // of every byte, each way
	rate  int           // bytes a second; 0: as fast as it goes
	cut   time.Duration // mean life of a connection; 0: it lives
}

var weathers = []weather{
	{name: "clear"},
	{name: "cut", cut: 300 * time.Millisecond},
	{name: "delayed", delay: 200 * time.Millisecond},
	{name: "throttled", rate: 128 << 10},
}

// network is what the slave reaches its master through.
type network interface {
	addr() string // of the master's haListenPort, for the slave
	change(w weather) error
	// means says of whom the weather is: the kernel's, or a proxy's.
	means(w weather) string
	close()
}

// proxy is a network of two TCP connections in this process whose weather changes. mu guards what follows it.
type proxy struct {
	l  net.Listener
	to string
	wg sync.WaitGroup

	mu    sync.Mutex
	now   weather
	rnd   *rand.Rand
	conns map[net.Conn]bool
}

// newProxy passes on what comes to l.
func newProxy(l net.Listener, to string, seed uint64) *proxy {
	n := &proxy{l: l, to: to, rnd: rand.New(rand.NewPCG(seed, 2)), conns: map[net.Conn]bool{}}
	n.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			n.wg.Go(func() { n.pass(in) })
		}
	})
	return n
}

func (n *proxy) addr() string { return n.l.Addr().String() }

func (n *proxy) means(weather) string { return "a proxy" }

// change sets the weather; connections of the old one end.
func (n *proxy) change(w weather) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = w
	for c := range n.conns {
		_ = c.Close()
	}
	return nil
}

func (n *proxy) close() {
	_ = n.l.Close()
	_ = n.change(weather{})
	n.wg.Wait()
}

// pass joins two connections in the weather of their beginning.
func (n *proxy) pass(in net.Conn) {
	defer in.Close()
	out, err := net.DialTimeout("tcp", n.to, 5*time.Second)
	if err != nil {
		return
	}
	defer out.Close()
	n.mu.Lock()
	w, life := n.now, time.Hour
	if w.cut > 0 {
		life = time.Duration(n.rnd.ExpFloat64() * float64(w.cut))
	}
	n.conns[in], n.conns[out] = true, true
	n.mu.Unlock()
	end := time.AfterFunc(life, func() { _, _ = in.Close(), out.Close() })
	defer end.Stop()
	var wg sync.WaitGroup
	wg.Go(func() { w.copy(out, in); _ = out.Close() })
	w.copy(in, out)
	_ = in.Close()
	wg.Wait()
	n.mu.Lock()
	delete(n.conns, in)
	delete(n.conns, out)
	n.mu.Unlock()
}

// parcel is what was read at once, and when it may arrive.
type parcel struct {
	b  []byte
	at time.Time
}

// copy brings bytes from one side to the other.
func (w weather) copy(to io.Writer, from io.Reader) {
	way := make(chan parcel, 1024) // what is under way
	go func() {
		defer close(way)
		for buf := make([]byte, 16<<10); ; {
			n, err := from.Read(buf)
			if n > 0 {
				way <- parcel{append([]byte(nil), buf[:n]...), time.Now().Add(w.delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	broken := false
	for p := range way { // to its end, so that the reader ends
		if broken {
			continue
		}
		time.Sleep(time.Until(p.at))
		if w.rate > 0 {
			time.Sleep(time.Duration(len(p.b)) * time.Second / time.Duration(w.rate))
		}
		_, err := to.Write(p.b)
		broken = err != nil
	}
}
