package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

const (
	topic    = "latency"
	queues   = 4
	bodySize = 1024
)

// endToEnd sends at a steady rate on one connection and receives on another one that holds a pull for each queue. It
// returns the times of the messages sent after the warm-up, from before the write of the send to after the read of the
// pull's answer.
func endToEnd(addr string, rate int, warm, count time.Duration) ([]time.Duration, error) {
	admin, err := client.Dial(addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if err := admin.CreateTopic(topic, queues, 6, ""); err != nil {
		return nil, err
	}
	in, err := wire.Dial(addr)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	total := int((warm + count).Seconds() * float64(rate))
	c := &consumer{conn: in, begin: time.Now(), sent: make([]atomic.Int64, total), got: make([]int64, total),
		missing: total}
	received := make(chan error, 1)
	go func() { received <- c.receive() }()
	if err := c.send(addr, rate); err != nil {
		return nil, err
	}
	if err := <-received; err != nil {
		return nil, err
	}
	var took []time.Duration
	for i := int(warm.Seconds() * float64(rate)); i < total; i++ {
		took = append(took, time.Duration(c.got[i]-c.sent[i].Load()))
	}
	return took, nil
}

// consumer is one run. The message with number i carries i in its body.
type consumer struct {
	conn    *wire.Conn
	begin   time.Time
	sent    []atomic.Int64 // ns since begin; written by send
	got     []int64        // ns since begin; receive only
	missing int            // receive only
	next    [queues]int64  // offsets; receive only
}

func (c *consumer) send(addr string, rate int) error {
	out, err := wire.Dial(addr)
	if err != nil {
		return err
	}
	defer out.Close()
	go func() { _, _ = io.Copy(io.Discard, out) }() // the acknowledgements
	var frames [queues][]byte
	for q := range frames {
		if frames[q], err = wire.Encode(load.SendRequest(topic, q, bodySize), 1); err != nil {
			return err
		}
	}
	gap := time.Second / time.Duration(rate)
	time.Sleep(200 * time.Millisecond) // the first pulls are held by now
	start := time.Now()
	for i := range c.sent {
		time.Sleep(time.Until(start.Add(time.Duration(i) * gap)))
		f := frames[i%queues]
		binary.BigEndian.PutUint64(f[len(f)-bodySize:], uint64(i))
		c.sent[i].Store(int64(time.Since(c.begin)))
		if _, err := out.Write(f); err != nil {
			return err
		}
	}
	return c.conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // the last ones are on their way
}

func (c *consumer) receive() error {
	for q := range c.next {
		if err := c.pull(q); err != nil {
			return err
		}
	}
	for c.missing > 0 {
		frame, err := wire.ReadRaw(c.conn)
		now := int64(time.Since(c.begin))
		if err != nil {
			return fmt.Errorf("%d messages did not come: %w", c.missing, err)
		}
		r, err := wire.Decode(frame)
		if err != nil {
			return err
		}
		if err := c.take(r, now); err != nil {
			return err
		}
	}
	return nil
}

// take notes the messages of one answer and pulls again; the opaque is the queue.
func (c *consumer) take(r wire.Response, now int64) error {
	q := int(r.Opaque)
	if r.Code == client.PullFound {
		err := client.EachRecord(r.Body, func(m *client.Record) error {
			i := int(binary.BigEndian.Uint64(m.Body))
			if i >= len(c.got) || c.got[i] != 0 || m.QueueOffset != c.next[q] {
				return fmt.Errorf("queue %d: message %d at offset %d, awaited offset %d", q, i, m.QueueOffset, c.next[q])
			}
			c.got[i], c.next[q] = now, m.QueueOffset+1
			c.missing--
			return nil
		})
		if err != nil {
			return err
		}
	} else if r.Code != client.PullNotFound && r.Code != client.PullRetry {
		return fmt.Errorf("pull of queue %d: code %d %s", q, r.Code, r.Remark)
	}
	return c.pull(q)
}

func (c *consumer) pull(q int) error {
	frame, err := wire.Encode(heldPull(topic, q, c.next[q], 15*time.Second), int32(q))
	if err != nil {
		return err
	}
	_, err = c.conn.Write(frame)
	return err
}

// heldPull is a PULL_MESSAGE as a push consumer sends it: with its subscription, and to be held when there is nothing.
func heldPull(topic string, queue int, offset int64, hold time.Duration) wire.Request {
	return wire.Request{Code: 11, Ext: map[string]any{"consumerGroup": "CG_latency", "topic": topic,
		"queueId": fmt.Sprint(queue), "queueOffset": fmt.Sprint(offset),
		"maxMsgNums": "32", "sysFlag": "6", "commitOffset": "0", "suspendTimeoutMillis": fmt.Sprint(hold.Milliseconds()),
		"subscription": "*", "subVersion": "1",
		"expressionType": "TAG"}}
}
