package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

// ledger is what was acknowledged: the time before which each message must not come, ms, by its body.
type ledger struct {
	mu     sync.Mutex
	due    map[string]int64
	broken int // sends without an answer
}

// killLoop kills the broker again and again under traffic of timer messages and delay levels, and checks that everything acknowledged comes, nothing early.
func killLoop(b *harness.Server, kills int) error {
	if err := makeTopic(b); err != nil {
		return err
	}
	l := &ledger{due: map[string]int64{}}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for p := range 3 {
		wg.Go(func() { l.produce(b.Addr(), p, stop) })
	}
	for k := range kills {
		time.Sleep(200*time.Millisecond + time.Duration(rand.Int64N(int64(1500*time.Millisecond))))
		b.Kill()
		if err := b.Start(); err != nil {
			return fmt.Errorf("after kill %d: %w", k+1, err)
		}
	}
	close(stop)
	wg.Wait()
	return l.check(b, kills)
}

// produce sends one message after the other until stop; after a broken connection it dials again.
func (l *ledger) produce(addr string, p int, stop chan struct{}) {
	var c *wire.Conn
	for i := 0; ; i++ {
		select {
		case <-stop:
			if c != nil {
				c.Close()
			}
			return
		default:
		}
		if c == nil {
			var err error
			if c, err = wire.Dial(addr); err != nil {
				c = nil
				time.Sleep(20 * time.Millisecond)
				continue
			}
		}
		if !l.sendOne(c, fmt.Sprintf("p%d-%016d", p, i)) {
			c.Close()
			c = nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// levels are the delays of the harness's brokers, ms: one second each.
const levelDelay = 1000

// isLevel tells from its body whether a message goes through a delay level: every fourth one.
func isLevel(body string) bool { return (body[len(body)-1]-'0')%4 == 0 }

func (l *ledger) sendOne(c *wire.Conn, body string) bool {
	now := time.Now().UnixMilli()
	due := now + rand.Int64N(8000)
	r := request(now, due, []byte(body))
	if isLevel(body) {
		due = now + levelDelay
		r.Ext["i"] = client.Props("DELAY", "1", "UNIQ_KEY", body)
	}
	resp, err := c.Call(r, 5*time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.broken++
		return false
	}
	if resp.Code == 0 {
		l.due[body] = due
	}
	return true
}

func (l *ledger) check(b *harness.Server, kills int) error {
	c, err := client.Dial(b.Addr(), 20*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	came, early := map[string]int{}, 0
	left := len(l.due)
	for at, limit := int64(0), time.Now().Add(40*time.Second); left > 0 && time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		if at, err = c.ReadQueue(topic, 0, at, func(r *client.Record) error {
			key := string(r.Body)
			due, known := l.due[key]
			if came[key]++; known && came[key] == 1 {
				left--
			}
			if known && r.Stored < due {
				early++
				fmt.Fprintf(os.Stderr, "%s came %d ms early\n", key, due-r.Stored)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	again := map[bool]int{}
	for key, n := range came {
		again[isLevel(key)] += n - 1
	}
	fmt.Printf("%d kills: %d acknowledged messages, %d sends cut off, %d lost, %d early, %d timer messages and %d delay levels delivered again\n", kills, len(l.due), l.broken, left, early, again[false], again[true])
	if left > 0 || early > 0 {
		return fmt.Errorf("%d messages lost, %d early", left, early)
	}
	return nil
}
