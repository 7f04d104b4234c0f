package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

const (
	victimTopic  = "victim"
	victimQueues = 8
	victimRate   = 500 // sends/s
	victimWait   = 5 * time.Second
)

// send is one message of the victim: when it was due, how long its good answer took (victimWait: none came).
type send struct {
	due  time.Time
	took time.Duration
}

// place is where the broker said that a message is.
type place struct {
	queue  int
	offset int64
}

// victim sends at a fixed rate, whatever the answers do: a late answer counts from the time the send was due.
type victim struct {
	addr string
	quit chan struct{}
	once sync.Once
	wg   sync.WaitGroup

	mu      sync.Mutex
	sends   []send           // by number; guarded by mu
	acked   map[uint64]place // by number; guarded by mu
	failure error            // the last; guarded by mu
}

func newVictim(addr string) (*victim, error) {
	c, err := client.Dial(addr, victimWait)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.CreateTopic(victimTopic, victimQueues, 6, ""); err != nil {
		return nil, err
	}
	v := &victim{addr: addr, quit: make(chan struct{}), acked: map[uint64]place{}}
	v.wg.Add(1)
	go v.run()
	return v, nil
}

// stop ends the sends and waits for the answers on their way.
func (v *victim) stop() {
	v.once.Do(func() { close(v.quit) })
	v.wg.Wait()
}

func (v *victim) run() {
	defer v.wg.Done()
	var l *line
	next := time.Now()
	for n := uint64(0); ; n++ {
		select {
		case <-v.quit:
			if l != nil {
				l.drain()
			}
			return
		case <-time.After(time.Until(next)):
		}
		v.mu.Lock()
		v.sends = append(v.sends, send{due: next, took: victimWait})
		v.mu.Unlock()
		next = next.Add(time.Second / victimRate)
		if l == nil || l.dead() {
			if l = v.dial(); l == nil {
				continue
			}
		}
		l.write(n)
	}
}

func (v *victim) dial() *line {
	c, err := net.DialTimeout("tcp", v.addr, time.Second)
	if err != nil {
		v.fail(err)
		return nil
	}
	l := &line{v: v, conn: c, done: make(chan struct{})}
	go l.read()
	return l
}

func (v *victim) fail(err error) {
	v.mu.Lock()
	v.failure = err
	v.mu.Unlock()
}

func (v *victim) lastError() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failure
}

// answered notes one answer.
func (v *victim) answered(r wire.Response) {
	now := time.Now()
	n := uint64(uint32(r.Opaque))
	queue, err1 := strconv.Atoi(r.Ext["queueId"])
	offset, err2 := strconv.ParseInt(r.Ext["queueOffset"], 10, 64)
	if r.Code != 0 || err1 != nil || err2 != nil {
		v.fail(fmt.Errorf("send %d answered %d %s", n, r.Code, r.Remark))
		return
	}
	v.mu.Lock()
	v.acked[n] = place{queue, offset}
	v.sends[n].took = now.Sub(v.sends[n].due)
	v.mu.Unlock()
}

// p99 is that of the sends that were due between two moments, and how many of them had no good answer.
func (v *victim) p99(from, to time.Time) (time.Duration, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []time.Duration
	bad := 0
	for _, s := range v.sends {
		if s.due.Before(from) || !s.due.Before(to) {
			continue
		}
		if all = append(all, s.took); s.took >= victimWait {
			bad++
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[(len(all)*99)/100], bad
}

// readBack pulls the topic and compares it with the ledger: each acknowledged message where the broker said, once.
func (v *victim) readBack(addr string) error {
	c, err := client.Dial(addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	found := map[uint64]place{}
	for q := range victimQueues {
		_, err := c.ReadQueue(victimTopic, q, 0, func(r *client.Record) error {
			if len(r.Body) != 64 {
				return nil
			}
			n := binary.BigEndian.Uint64(r.Body)
			if _, twice := found[n]; twice {
				return fmt.Errorf("message %d is there twice: %s", n, r)
			}
			found[n] = place{q, r.QueueOffset}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var errs []error
	for n, p := range v.acked {
		if found[n] != p && len(errs) < 5 {
			errs = append(errs, fmt.Errorf("message %d was acknowledged at %v and is at %v", n, p, found[n]))
		}
	}
	return errors.Join(errs...)
}

// line is one connection of the victim.
type line struct {
	v    *victim
	conn net.Conn
	done chan struct{} // closed when the reader has ended
}

func (l *line) dead() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *line) write(n uint64) {
	body := binary.BigEndian.AppendUint64(nil, n)
	body = append(body, make([]byte, 56)...)
	ext := map[string]any{"a": "victim", "b": victimTopic, "c": "none", "d": "8", "e": fmt.Sprint(n % victimQueues), "f": "0", "g": "1", "h": "0", "i": "", "j": "0", "k": "false", "m": "false"}
	frame, err := wire.Encode(wire.Request{Code: 310, Ext: ext, Body: body}, int32(n))
	if err == nil {
		_ = l.conn.SetWriteDeadline(time.Now().Add(victimWait))
		_, err = l.conn.Write(frame)
	}
	if err != nil {
		l.v.fail(err)
		_ = l.conn.Close()
	}
}

func (l *line) read() {
	defer close(l.done)
	for {
		frame, err := wire.ReadRaw(l.conn)
		if err != nil {
			l.v.fail(err)
			return
		}
		if r, err := wire.Decode(frame); err == nil && r.IsResponse() {
			l.v.answered(r)
		}
	}
}

// drain waits for the answers that are on their way and closes.
func (l *line) drain() {
	_ = l.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	<-l.done
	_ = l.conn.Close()
}
