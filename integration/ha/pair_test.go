package ha

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const (
	fileSize = 4 << 20 // of a commit log file: small, so that files roll all the time
	queues   = 4
)

// pair is a master and its slave, of either kind, and what producers were told.
type pair struct {
	t      *testing.T
	c      *harness.Cluster
	master *harness.Server
	slave  *harness.Server

	mu    sync.Mutex
	acked [queues]map[int64]int // queue offset -> number of the message; guarded by mu
	n     int                   // messages sent
}

// conf is the configuration of one end.
func conf(role string, id int) harness.Conf {
	return harness.Conf{"brokerRole": role, "brokerId": fmt.Sprint(id), "brokerName": "broker-a", "slaveReadEnable": "true",
		"mappedFileSizeCommitLog": fmt.Sprint(fileSize), "haSendHeartbeatInterval": "1000"}
}

// startPair starts a master with a topic, but no slave.
func startPair(t *testing.T, master harness.Kind) *pair {
	t.Helper()
	p := &pair{t: t, c: harness.New(t)}
	for q := range p.acked {
		p.acked[q] = map[int64]int{}
	}
	p.c.Namesrv(harness.Go, nil)
	p.master = p.c.Broker(master, "first", conf("ASYNC_MASTER", 0))
	if err := p.dial(p.master).CreateTopic("T", queues, 6, ""); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) dial(s *harness.Server) *client.Client {
	p.t.Helper()
	c, err := client.Dial(s.Addr(), 20*time.Second)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close)
	return c
}

// body makes the body of message i: 0 to 2000 bytes, now and then up to 300 KiB, always the same.
func body(i int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(i), 18))
	n := rnd.IntN(2000)
	if i%100 == 0 {
		n = rnd.IntN(300 << 10)
	}
	return bytes.Repeat(fmt.Appendf(nil, "%08d|", i), n/9+1)
}

// send sends n messages to the master from two producers; between calls between of them, if there is one.
func (p *pair) send(n int, between func()) {
	p.t.Helper()
	var wg sync.WaitGroup
	half := make(chan struct{})
	for w := range 2 {
		c := p.dial(p.master)
		wg.Go(func() {
			for i := p.n + w; i < p.n+n; i += 2 {
				if w == 0 && i >= p.n+n/2 && half != nil {
					close(half)
					half = nil
				}
				r, err := c.Send(&client.Message{Topic: "T", Queue: i % queues, Born: 1, Body: body(i),
					Props: client.Props("KEYS", fmt.Sprint("k", i), "TAGS", "a")})
				if err != nil || r.Code != 0 {
					p.t.Errorf("message %d: %d %s %v", i, r.Code, r.Remark, err)
					return
				}
				p.mu.Lock()
				p.acked[i%queues][r.QueueOffset] = i
				p.mu.Unlock()
			}
		})
	}
	if between != nil {
		<-half
		between()
	}
	wg.Wait()
	p.n += n
}

// eventually waits for something to become true.
func (p *pair) eventually(what string, is func() bool) {
	p.t.Helper()
	for end := time.Now().Add(90 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never: %s", what)
		}
	}
}

// caughtUp waits until the queues of both end behind the last message; Java's follow its log.
func (p *pair) caughtUp() {
	p.t.Helper()
	for _, s := range []*harness.Server{p.master, p.slave} {
		c := p.dial(s)
		for q := range queues {
			want := int64(len(p.acked[q]))
			p.eventually(fmt.Sprintf("queue %d of %s ends at %d", q, s.Name, want), func() bool {
				got, err := c.MaxOffset("T", q)
				return err == nil && got == want
			})
		}
	}
}

// sameFiles compares the commit logs byte by byte, from the slave's first file on.
func (p *pair) sameFiles() {
	p.t.Helper()
	names, err := filepath.Glob(p.slave.Store() + "/commitlog/*")
	if err != nil || len(names) == 0 {
		p.t.Fatalf("no commit log: %v", err)
	}
	compared := 0
	for _, name := range names {
		mine, err := os.ReadFile(name)
		if err != nil {
			p.t.Fatal(err)
		}
		theirs, err := os.ReadFile(p.master.Store() + "/commitlog/" + filepath.Base(name))
		if err != nil { // made ahead
			continue
		}
		if compared++; !bytes.Equal(mine, theirs) {
			p.t.Errorf("%s differs from the master's", name)
		}
	}
	if compared < 2 {
		p.t.Errorf("only %d of %d files were compared", compared, len(names))
	}
}

// view reads the newest message of a queue by its place in the log (VIEW_MESSAGE_BY_ID), which master and slave share.
func (p *pair) view(slave *client.Client, q int) error {
	m := p.dial(p.master)
	max, err := m.MaxOffset("T", q)
	if err != nil {
		return err
	}
	pulled, err := m.Pull("T", q, max-1, 1)
	if err != nil {
		return err
	}
	return client.EachRecord(pulled.Body, func(want *client.Record) error {
		got, err := slave.View(want.Offset)
		if err == nil && (got.QueueOffset != want.QueueOffset || !bytes.Equal(got.Body, want.Body)) {
			err = fmt.Errorf("message %d of queue %d differs", want.QueueOffset, q)
		}
		return err
	})
}

// read reads all queues of a broker from their first messages on: what producers were told is there, where they were
// told. Ours only, or a master: a Java slave does not know the topic in its first minute.
func (p *pair) read(s *harness.Server) {
	p.t.Helper()
	c := p.dial(s)
	p.eventually(s.Name+" knows the topic", func() bool { // a slave that has just started asks its master
		r, err := c.Pull("T", 0, 0, 1)
		return err == nil && r.Code != 17
	})
	for q := range queues {
		from, err := c.MinOffset("T", q)
		if err != nil {
			p.t.Fatal(err)
		}
		at := from
		end, err := c.ReadQueue("T", q, from, func(r *client.Record) error {
			i, ok := p.acked[q][r.QueueOffset]
			if r.QueueOffset != at || !ok || !bytes.Equal(r.Body, body(i)) {
				return fmt.Errorf("message %d where %d should be, acknowledged %v, or its body differs", r.QueueOffset, at, ok)
			}
			at++
			return nil
		})
		if err != nil || end-from != at-from || int(end) != len(p.acked[q]) {
			p.t.Errorf("queue %d of %s: %d..%d, want %d: %v", q, s.Name, from, end, len(p.acked[q]), err)
		}
	}
}
