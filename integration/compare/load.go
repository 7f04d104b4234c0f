package main

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"gorocket/integration/wire"
)

// load keeps a number of requests in flight on several connections for a time and counts the answers. Each connection is one goroutine
// that writes as many requests as it has just read answers: cheap enough that the server is the bottleneck.
type load struct {
	addr     string
	conns    int
	inFlight int // per connection
	request  wire.Request
	okCode   int
}

// run returns the number of answers and how long it took.
func (l *load) run(d time.Duration) (answers int64, took time.Duration, err error) {
	frame, err := wire.Encode(l.request, 1)
	if err != nil {
		return 0, 0, err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		first  error
		begin  = time.Now()
		finish = begin.Add(d)
	)
	for range l.conns {
		wg.Go(func() {
			n, err := l.connection(frame, finish)
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

func (l *load) connection(frame []byte, finish time.Time) (answers int64, err error) {
	c, err := wire.Dial(l.addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := l.probe(c); err != nil {
		return 0, err
	}
	many := make([]byte, 0, len(frame)*l.inFlight)
	for range l.inFlight {
		many = append(many, frame...)
	}
	buf := make([]byte, 1<<20)
	have := 0
	want := l.inFlight
	for time.Now().Before(finish) {
		if _, err := c.Write(many[:want*len(frame)]); err != nil {
			return answers, err
		}
		want = 0
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
func (l *load) probe(c *wire.Conn) error {
	r, err := c.Call(l.request, 10*time.Second)
	if err != nil {
		return err
	}
	if r.Code != l.okCode {
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
