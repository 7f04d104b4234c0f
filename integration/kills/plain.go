package kills

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const (
	plainTopic = "kill_plain"
	plainGroup = "CG_kill_plain"
)

// Plain sends messages that wait for nothing, and consumes them: from the master, or from the slave that stands in for
// it.
type Plain struct {
	mu    sync.Mutex
	next  int              // guarded by mu
	acked map[int64]string // guarded by mu; bodies by their offset
	at    int64            // guarded by mu; what is consumed next
	seen  int              // guarded by mu; messages consumed from the slave
	held  int64            // what was committed to the slave
}

// Prepare implements Workload.
func (l *Plain) Prepare(c *client.Client) error {
	l.acked = map[int64]string{}
	return errors.Join(c.CreateTopic(plainTopic, 1, 6, ""), c.CreateGroup(plainGroup, 16))
}

// Workers implements Workload.
func (l *Plain) Workers() []func(addr string) {
	return []func(string){l.produce, l.produce, func(addr string) { _ = l.consume(context.Background(), addr) }}
}

func (l *Plain) produce(addr string) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for ; err == nil; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		l.next++
		body := fmt.Sprintf("plain %d", l.next)
		l.mu.Unlock()
		var sent client.Sent
		sent, err = c.Send(&client.Message{Topic: plainTopic, Born: time.Now().UnixMilli(), Body: []byte(body)})
		if err == nil && sent.Code == 0 {
			l.mu.Lock()
			l.acked[sent.QueueOffset] = body
			l.mu.Unlock()
		}
	}
}

// consume reads on and commits, until the broker is gone or ctx ends. What comes has to be next.
func (l *Plain) consume(ctx context.Context, addr string) error {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return err
	}
	defer c.Close()
	for ctx.Err() == nil {
		p, err := c.Pull(plainTopic, 0, l.at, 32)
		if err != nil {
			return err
		}
		if p.Code != client.PullFound { // a slave may have less than was consumed from its master
			time.Sleep(5 * time.Millisecond)
			continue
		}
		err = client.EachRecord(p.Body, l.take)
		if err == nil {
			err = c.Commit(plainGroup, plainTopic, 0, l.at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take consumes one message.
func (l *Plain) take(r *client.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if want, acked := l.acked[r.QueueOffset]; r.QueueOffset != l.at || acked && want != string(r.Body) {
		return fmt.Errorf("%s: %q at %d, %q was to be at %d", plainTopic, r.Body, r.QueueOffset, l.acked[l.at], l.at)
	}
	l.at++
	l.seen++
	return nil
}

// Turned implements Substitute: a slave that does not stand in for its master yet is asked again.
func (l *Plain) Turned(ctx context.Context, addr string) error {
	for {
		err := l.consume(ctx, addr)
		var refused *client.CodeError
		if !errors.As(err, &refused) || !strings.Contains(refused.Remark, "REJECTREQUEST") || ctx.Err() != nil {
			return errors.Join(err, l.commit(addr))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// commit notes at the slave what has been consumed.
func (l *Plain) commit(addr string) error {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return err
	}
	defer c.Close()
	l.held = l.at
	return c.Commit(plainGroup, plainTopic, 0, l.at)
}

// Returned implements Substitute: what was committed to the slave its master knows.
func (l *Plain) Returned(master *client.Client) error {
	if at, err := master.Committed(plainGroup, plainTopic, 0); err != nil || at < l.held {
		return fmt.Errorf("consumers are at %d, they were at %d: %w", at, l.held, err)
	}
	return nil
}

// Check implements Workload.
func (l *Plain) Check(b Brokers) (string, error) {
	wrong := 0
	end, err := b.Clients[0].ReadQueue(plainTopic, 0, 0, func(r *client.Record) error {
		if want, acked := l.acked[r.QueueOffset]; acked && want != string(r.Body) {
			wrong++
		}
		delete(l.acked, r.QueueOffset)
		return nil
	})
	if lost := len(l.acked); err == nil && (lost > 0 || wrong > 0) {
		err = fmt.Errorf("%s: %d messages lost, %d in other places", plainTopic, lost, wrong)
	}
	return fmt.Sprintf("%d plain messages, %d consumed, up to %d; %d lost, %d elsewhere", end, l.seen, l.at, len(l.acked),
		wrong), err
}
