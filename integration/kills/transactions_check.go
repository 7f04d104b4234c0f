package kills

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorocket/integration/load/client"
)

// answer is the producer that is asked, until the broker is gone.
func (l *Transactions) answer(addr string) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for ; err == nil; time.Sleep(10 * time.Millisecond) {
		_, err = l.answerSome(c)
	}
}

// Turned implements Substitute: producers answer the slave.
func (l *Transactions) Turned(ctx context.Context, addr string) error {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return err
	}
	defer c.Close()
	for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		n, err := l.answerSome(c)
		if code := new(client.CodeError); err != nil && !errors.As(err, &code) { // one that does not act yet refuses
			return err
		}
		l.mu.Lock()
		l.inPlace += n
		l.mu.Unlock()
	}
	return nil
}

// Returned implements Substitute.
func (l *Transactions) Returned(*client.Client) error { return nil }

// answerSome answers the questions that wait, and says how many they were.
func (l *Transactions) answerSome(c *client.Client) (n int, err error) {
	n, err = Answer(c, transGroup, func(body string) int { return planOf(body).end })
	l.mu.Lock()
	l.asked += n
	l.mu.Unlock()
	return n, err
}

// Answer is a producer of a group that answers the questions that wait, with 8 for commit or 12 for rollback, and says
// how many they were.
func Answer(c *client.Client, group string, end func(body string) int) (n int, err error) {
	beat := []byte(`{"clientID":"kill","producerDataSet":[{"groupName":"` + group + `"}],"consumerDataSet":[]}`)
	if _, err = c.OK(34, nil, beat); err != nil {
		return 0, err
	}
	for _, q := range c.TakePushed() {
		if q.Code != 39 {
			continue
		}
		r, err := client.Decode(q.Body)
		if err != nil {
			return n, err
		}
		if err := endTransaction(c, group, q.Ext["tranStateTableOffset"], q.Ext["commitLogOffset"], q.Ext["msgId"],
			end(string(r.Body)), true); err != nil {
			return n, err
		}
		if n++; n%1000 == 0 { // a client that is silent for long is forgotten
			if _, err := c.OK(34, nil, beat); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// Check implements Workload: it answers until nobody asks any more.
func (l *Transactions) Check(b Brokers) (string, error) {
	for quiet := time.Now(); time.Since(quiet) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		n, err := l.answerSome(b.Clients[0])
		if err != nil {
			return "", err
		}
		if n > 0 {
			quiet = time.Now()
		}
	}
	due, timed := map[string]int64{}, 0
	for body, p := range l.stored {
		if p.end == 8 {
			due[body] = p.due
			if p.due > 0 {
				timed++
			}
		}
	}
	var found arrivals
	failed := []error{found.collect(b, transTopic, due)}
	again, rolledBack, excused, which := 0, 0, 0, ""
	for body, d := range found.came {
		if again += d.again(); d.again() > 0 {
			which = fmt.Sprintf("%q: %+v", body, *d)
		}
		excused += d.excused()
		if planOf(body).end != 8 {
			rolledBack++
			failed = append(failed, fmt.Errorf("rolled back, but delivered %d times: %s", d.n, body))
		}
	}
	if again > 0 {
		failed = append(failed, fmt.Errorf("%d committed messages were delivered again, as %s", again, which))
	}
	if len(l.stored) < 100 || l.asked == 0 || timed == 0 {
		failed = append(failed, fmt.Errorf("only %d half messages, %d questions, %d with a timer: nothing was tested",
			len(l.stored), l.asked, timed))
	}
	return fmt.Sprintf("%d acknowledged half messages, %d of them to commit (%d with a timer), %d ends acknowledged, %d "+
		"questions answered, %d of them a slave's; %d lost, %d early, %d rolled back ones delivered; delivered again: %d%s",
		len(l.stored), len(due), timed, l.ended, l.asked, l.inPlace, found.lost, found.early, rolledBack, again,
		unseen(excused)), errors.Join(failed...)
}
