// Package load drives a server hard and cheaply and reads what that costs the server's process. `compare` and
// `benchstore` measure with it.
package load

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"gorocket/integration/wire"
)

// Load keeps a number of requests in flight on several connections for a time and counts the answers. Each connection
// is one goroutine that writes as many requests as it has just read answers: cheap enough that the server is the
// bottleneck.
type Load struct {
	Addr     string
	Conns    int
	InFlight int            // per connection
	Requests []wire.Request // sent in turns; connection i of n starts at the i-th n-th of them
	OKCode   int            // code of a good answer
}

// Run keeps the load up for a time and returns the number of answers and how long it took. Answers are looked at once,
// before the load: an error answer ends the run.
func (l *Load) Run(d time.Duration) (answers int64, took time.Duration, err error) {
	return l.run(time.Now().Add(d), 0)
}

// Each sends every request about once, within limit.
func (l *Load) Each(limit time.Duration) error {
	n, took, err := l.run(time.Now().Add(limit), (len(l.Requests)+l.Conns-1)/l.Conns)
	if err == nil && n < int64(len(l.Requests)) {
		err = fmt.Errorf("load: only %d of %d requests were answered within %v", n, len(l.Requests), took)
	}
	return err
}

// run ends each connection at finish or, if count is not 0, after so many answers.
func (l *Load) run(finish time.Time, count int) (answers int64, took time.Duration, err error) {
	r, err := newRing(l.Requests)
	if err != nil {
		return 0, 0, err
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		begin = time.Now()
	)
	for i := range l.Conns {
		wg.Go(func() {
			n, err := l.connection(r, i*len(r.ends)/l.Conns, finish, count)
			mu.Lock()
			defer mu.Unlock()
			answers += n
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	return answers, time.Since(begin), first
}

// ring is the frames of all requests back to back. Read-only.
type ring struct {
	bytes []byte
	ends  []int // end of frame i in bytes
}

func newRing(requests []wire.Request) (*ring, error) {
	r := &ring{}
	for _, q := range requests {
		frame, err := wire.Encode(q, 1)
		if err != nil {
			return nil, err
		}
		r.bytes = append(r.bytes, frame...)
		r.ends = append(r.ends, len(r.bytes))
	}
	return r, nil
}

// next returns up to n frames from frame at on, as many as lie back to back, and where to go on.
func (r *ring) next(at, n int) (frames []byte, count, then int) {
	begin := 0
	if at > 0 {
		begin = r.ends[at-1]
	}
	last := min(at+n, len(r.ends))
	return r.bytes[begin:r.ends[last-1]], last - at, last % len(r.ends)
}

func (l *Load) connection(r *ring, at int, finish time.Time, count int) (answers int64, err error) {
	c, err := wire.Dial(l.Addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := l.probe(c); err != nil {
		return 0, err
	}
	buf := make([]byte, 1<<20)
	have, want, left := 0, l.InFlight, count
	var out []byte
	for time.Now().Before(finish) && (count == 0 || int(answers) < count) {
		if count != 0 {
			want = min(want, left)
			left -= want
		}
		out = out[:0]
		for want > 0 {
			frames, n, then := r.next(at, want)
			out, want, at = append(out, frames...), want-n, then
		}
		if _, err := c.Write(out); err != nil {
			return answers, err
		}
		for want == 0 {
			n, err := c.Read(buf[have:])
			if err != nil {
				return answers, err
			}
			have += n
			want, have = countFrames(buf, have)
		}
		answers += int64(want)
	}
	return answers, nil
}

// probe sends one request and looks at the answer, so that a load of errors is not taken for a result.
func (l *Load) probe(c *wire.Conn) error {
	r, err := c.Call(l.Requests[0], 10*time.Second)
	if err != nil {
		return err
	}
	if r.Code != l.OKCode {
		return fmt.Errorf("code %d: %s", r.Code, r.Remark)
	}
	return c.SetDeadline(time.Time{})
}

// countFrames returns how many whole frames buf[:have] begins with and moves the rest to its start.
func countFrames(buf []byte, have int) (frames, rest int) {
	at := 0
	for have-at >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(buf[at:]))
		if have-at < n {
			break
		}
		at += n
		frames++
	}
	copy(buf, buf[at:have])
	return frames, have - at
}

// JVMFlags are those of Apache's runbroker.sh and runserver.sh with a heap of 2 GiB; measurements put them into
// GOROCKET_JVM_FLAGS.
const JVMFlags = "-Xms2g -Xmx2g -Xmn1g -XX:+UseG1GC -XX:G1HeapRegionSize=16m -XX:G1ReservePercent=25 " +
	"-XX:InitiatingHeapOccupancyPercent=30 " +
	"-XX:SoftRefLRUPolicyMSPerMB=0 -XX:-OmitStackTraceInFastThrow -XX:+AlwaysPreTouch -XX:MaxDirectMemorySize=2g " +
	"-XX:-UseLargePages"

// SendRequest is a SEND_MESSAGE_V2 with a body of size bytes, with the properties of a usual message.
func SendRequest(topic string, queue, size int) wire.Request {
	return wire.Request{Code: 310, Ext: map[string]any{"a": "p", "b": topic, "c": "TBW102", "d": "4",
		"e": fmt.Sprint(queue), "f": "0", "g": "1700000000000", "h": "0",
		"i": "UNIQ_KEY\x01C0A8010100002A9F0000000000000001\x02WAIT\x01true\x02TAGS\x01TagA\x02"},
		Body: []byte(strings.Repeat("x", size))}
}

// FirstSend sends until the server acknowledges one message; the topic must exist or be made by itself.
func FirstSend(addr, topic string, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		r, err := wire.Call(addr, SendRequest(topic, 0, 100), 5*time.Second)
		if err == nil && r.Code == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no acknowledged send within %v: %v %+v", limit, err, r)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
