package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gorocket/remoting/wire"
)

const connectionsLong = `Open connections, send a producer's heartbeat on each and keep them idle for --duration, with a heartbeat every --heartbeat as Apache's clients
send it. With --pid it reports what a connection costs the server in memory and what all of them cost in CPU time.

  gorocket bench connections -b 127.0.0.1:10911 --count 10000 --pid $(pidof -s gorocket)

One machine has about 28,000 local ports for one server address, and needs an open file for each connection (ulimit -n).`

// connectionsBench is `bench connections`.
type connectionsBench struct {
	count, parallel int
	heartbeat       time.Duration
	codec           string
}

func (b *connectionsBench) flags(c *cobra.Command, k *common) {
	k.duration, k.durationHelp, k.noWarmup, k.oneThread = 30*time.Second, "time that the connections are idle", true, true
	c.Flags().IntVar(&b.count, "count", 1000, "connections")
	c.Flags().IntVar(&b.parallel, "parallel", 16, "connections that are opened at the same time")
	c.Flags().DurationVar(&b.heartbeat, "heartbeat", 30*time.Second, "time between two heartbeats of a connection")
	codecFlag(c, &b.codec)
}

func (b *connectionsBench) check(*common) error {
	switch {
	case b.count < 1 || b.count > maxConnections:
		return usage("--count must be 1 to %d, not %d", maxConnections, b.count)
	case b.parallel < 1 || b.parallel > 1024:
		return usage("--parallel must be 1 to 1024, not %d", b.parallel)
	case b.heartbeat < time.Second:
		return usage("--heartbeat must be 1s or more")
	}
	_, err := form(b.codec)
	return err
}

func (b *connectionsBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := e.brokers(ctx)
	if err != nil {
		return nil, err
	}
	l, err := newLoad(1)
	if err != nil {
		return nil, err
	}
	l.pid, l.unit = e.pid, "heartbeats"
	before, err := l.sample()
	if err != nil {
		l.close()
		return nil, err
	}
	k := &crowd{b: b, e: e, load: l, targets: targets, tally: newTally()}
	begin := time.Now()
	if err := k.open(ctx); err != nil {
		l.close()
		return nil, err
	}
	took := time.Since(begin)
	if e.progress != nil {
		fmt.Fprintf(e.progress, "%s open after %v, idle for %v\n", plural(b.count, "connection"),
			took.Round(time.Millisecond), e.duration)
	}
	l.workers[0].tolerant, l.workers[0].beats = true, true
	o, err := l.run(ctx, settleTime, e.duration)
	if err != nil {
		return nil, err
	}
	return b.report(targets, k, o, before, took), nil
}

// settleTime is how long the server may tidy up after the connects before its memory is read.
const settleTime = time.Second

func (b *connectionsBench) report(targets []target, k *crowd, o *outcome, before sample, took time.Duration) *report {
	r := newReport("connections", fmt.Sprintf("bench connections at %s: %s, a heartbeat every %v", addresses(targets),
		plural(b.count, "connection"), b.heartbeat))
	r.row("connections", fmt.Sprintf("%s open and registered after %.2f s", grouped(int64(b.count)), took.Seconds()),
		"connections", b.count)
	r.set("connectSeconds", took.Seconds())
	r.row("connects/s", grouped(int64(float64(b.count)/took.Seconds())), "connectsPerSecond",
		float64(b.count)/took.Seconds())
	r.set("heartbeats", o.inWindow)
	if k.load.pid != 0 {
		each := float64(o.rssFrom-before.rssAnon) / float64(b.count)
		r.row("server RssAnon", fmt.Sprintf("%s before, %s with all of them, %s after %.0f s", size(before.rssAnon),
			size(o.rssFrom), size(o.rssTo), o.took.Seconds()), "serverRssAnonBefore", before.rssAnon)
		r.set("serverRssAnon", o.rssFrom)
		r.row("a connection", fmt.Sprintf("%.1f KiB", each/1024), "bytesPerConnection", each)
		share := 100 * o.server.total().Seconds() / o.took.Seconds()
		r.row("server CPU while idle", fmt.Sprintf("%.2f %% of one core, %s heartbeats answered", share, grouped(o.inWindow)),
			"serverIdleCPUPercent", share)
	}
	r.row("lost meanwhile", grouped(o.tally.lost), "lost", o.tally.lost)
	r.latency("connect and register", "connect", k.tally.hist)
	if o.tally.lost > 0 {
		r.failed = fmt.Errorf("%s connections were ended by the server", grouped(o.tally.lost))
	}
	return r
}

// crowd opens connections, several at the same time.
type crowd struct {
	b       *connectionsBench
	e       *env
	load    *load
	targets []target

	mu    sync.Mutex
	next  int    // guarded by mu; number of the next connection
	tally *tally // guarded by mu
	err   error  // guarded by mu; the first
}

func (k *crowd) open(ctx context.Context) error {
	var wg sync.WaitGroup
	for range k.b.parallel {
		wg.Go(func() {
			for i, ok := k.claim(ctx); ok; i, ok = k.claim(ctx) {
				c, took, err := k.one(i)
				k.done(c, took, err)
			}
		})
	}
	wg.Wait()
	if k.err == nil && ctx.Err() != nil {
		return errInterrupted
	}
	return k.err
}

func (k *crowd) claim(ctx context.Context) (int, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next == k.b.count || k.err != nil || ctx.Err() != nil {
		return 0, false
	}
	k.next++
	return k.next - 1, true
}

func (k *crowd) done(c *conn, took time.Duration, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		recordIn(k.tally.hist, int64(took))
		if err = k.load.add(0, c); err != nil {
			c.close()
		}
	}
	if err != nil && k.err == nil {
		k.err = err
	}
}

// one opens connection i and waits for the answer to its first heartbeat.
func (k *crowd) one(i int) (*conn, time.Duration, error) {
	t, begin := &k.targets[i%len(k.targets)], time.Now()
	d := net.Dialer{Timeout: k.e.timeout}
	nc, err := d.Dial("tcp", t.addr)
	if err != nil {
		return nil, 0, fmt.Errorf("connection %d: %w", i+1, explainDial(err))
	}
	defer nc.Close()
	j, err := k.b.heart(i, k.e.sign)
	if err != nil {
		return nil, 0, err
	}
	s, err := encrypt(nc, k.e.tls, k.e.timeout)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: connection %d: %w", t.addr, i+1, err)
	}
	speaks := nc
	if s != nil {
		speaks = s.tls
	}
	if err := firstBeat(speaks, j.frame, k.e.timeout); err != nil {
		return nil, 0, fmt.Errorf("%s: heartbeat of connection %d: %w", t.addr, i+1, err)
	}
	took := time.Since(begin)
	fd, err := ownSocket(nc.(*net.TCPConn))
	if err != nil {
		return nil, 0, fmt.Errorf("connection %d: %w", i+1, explainDial(err))
	}
	if s != nil {
		s.fd = fd
	}
	return &conn{addr: t.addr, fd: fd, secured: s, in: make([]byte, idleBuffer), slots: make([]int64, 1),
		free: []int32{0}, job: j}, took, nil
}

// idleBuffer is the inbound buffer of an idle connection, in bytes; it grows with what comes.
const idleBuffer = 512

func firstBeat(nc net.Conn, frame []byte, limit time.Duration) error {
	if err := nc.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := nc.Write(frame); err != nil {
		return err
	}
	head := make([]byte, lengthWord)
	if _, err := io.ReadFull(nc, head); err != nil {
		return err
	}
	n, err := frameSize(head)
	if err != nil {
		return err
	}
	frame = append(head, make([]byte, n-lengthWord)...)
	if _, err := io.ReadFull(nc, frame[lengthWord:]); err != nil {
		return err
	}
	var p parser
	var a answer
	if _, err := p.parse(frame, &a); err != nil {
		return err
	}
	if a.code != wire.Success {
		return fmt.Errorf("code %d %s: %s", a.code, codeName(a.code), clip(a.remark))
	}
	return nil
}

// heart makes the job of connection i. The first beats come spread over --heartbeat.
func (b *connectionsBench) heart(i int, sign *signing) (*heartJob, error) {
	f, err := form(b.codec)
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, `{"clientID":"gorocket-bench@%s-%d","producerDataSet":[{"groupName":%q}],"consumerDataSet":[]}`, newKeyPrefix(), i, producerGroup)
	j := &heartJob{every: int64(b.heartbeat), due: int64(b.heartbeat) * int64(i) / int64(b.count)}
	j.frame = appendRequest(sign, f, wire.ReqHeartBeat, wire.HeartbeatRequest,
		&wire.HeartbeatRequestHeader{}, body)
	return j, nil
}

// heartJob sends a heartbeat now and then. The worker looks at all of them now and then: see beat.
type heartJob struct {
	frame []byte // with opaqueBase: there is one slot
	every int64  // ns
	due   int64  // ns on the run's clock
}

func (j *heartJob) more(*conn, int64) error { return nil }

func (j *heartJob) answer(c *conn, _ int32, a *answer, begun, now int64) error {
	if a.code == wire.Success {
		c.w.rec.good(begun, now, 1, 0)
	} else {
		c.w.rec.bad(a.code, a.remark)
	}
	return nil
}

// beat sends the next heartbeat if it is due.
func (j *heartJob) beat(c *conn, now int64) error {
	if now < j.due || !c.room() {
		return nil
	}
	j.due = now + j.every
	c.take(now)
	return c.send(j.frame)
}
