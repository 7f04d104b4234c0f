package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
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

// victim sends at a fixed rate, whatever the answers do: a late answer counts from the time the send was due.
type victim struct {
	addr      string
	impatient bool // its messages have WAIT=false
	quit      chan struct{}
	wg        sync.WaitGroup

	mu      sync.Mutex
	sends   []send           // by number; guarded by mu
	acked   map[uint64]place // by number; guarded by mu
	failure error            // the last; guarded by mu
}

// newVictim makes the topic and starts the victim in a process of its own: a client on another machine does not share
// the attacker's processors, and here it must not wait behind the attacker's goroutines.
func newVictim(addr string, impatient bool) (*victimProcess, error) {
	c, err := client.Dial(addr, victimWait)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.CreateTopic(victimTopic, victimQueues, 6, ""); err != nil {
		return nil, err
	}
	return startVictim(addr, impatient)
}

// beVictim sends until standard input ends, and prints what came of it.
func beVictim(addr string, impatient bool) error {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, victimNice) // only root may
	v := &victim{addr: addr, impatient: impatient, quit: make(chan struct{}), acked: map[uint64]place{}}
	v.wg.Add(1)
	go v.run()
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(v.quit)
	v.wg.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	r := victimResult{Sends: v.sends, Acked: v.acked}
	if v.failure != nil {
		r.Failure = v.failure.Error()
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// victimNice is the victim's priority: as if it had a processor of its own.
const victimNice = -10

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
		v.sends = append(v.sends, send{Due: next, Took: victimWait})
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
	v.sends[n].Took = now.Sub(v.sends[n].Due)
	v.mu.Unlock()
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
	props := ""
	if l.v.impatient {
		props = client.Props("WAIT", "false")
	}
	ext := map[string]any{"a": "victim", "b": victimTopic, "c": "none", "d": "8", "e": fmt.Sprint(n % victimQueues),
		"f": "0", "g": "1", "h": "0", "i": props, "j": "0", "k": "false", "m": "false"}
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
