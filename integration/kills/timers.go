package kills

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const timerTopic = "kill_timers"

// Timers sends timer messages and delay levels, a quarter of them these.
type Timers struct {
	mu   sync.Mutex
	next int              // guarded by mu
	due  map[string]int64 // guarded by mu; the time before which an acknowledged message must not come, ms, by its body
	cut  int              // guarded by mu; sends without an answer
}

// Prepare implements Workload.
func (l *Timers) Prepare(c *client.Client) error {
	l.due = map[string]int64{}
	return c.CreateTopic(timerTopic, 1, 6, "")
}

// Workers implements Workload.
func (l *Timers) Workers() []func(addr string) {
	return []func(string){l.produce, l.produce, l.produce}
}

func (l *Timers) produce(addr string) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for ; l.sendOne(c) == nil; time.Sleep(2 * time.Millisecond) {
	}
}

// levelDelay is the delay of the first level of the harness's brokers, ms.
const levelDelay = 1000

// isLevel tells from its body whether a message goes through a delay level.
func isLevel(body string) bool { return (body[len(body)-1]-'0')%4 == 0 }

func (l *Timers) sendOne(c *client.Client) error {
	l.mu.Lock()
	l.next++
	body := fmt.Sprintf("%016d", l.next)
	l.mu.Unlock()
	now := time.Now().UnixMilli()
	due := now + rand.Int64N(8000)
	delay := []string{"TIMER_DELIVER_MS", strconv.FormatInt(due, 10)}
	if isLevel(body) {
		due, delay = now+levelDelay, []string{"DELAY", "1"}
	}
	sent, err := c.Send(&client.Message{Topic: timerTopic, Born: now, Body: []byte(body),
		Props: client.Props(append(delay, "UNIQ_KEY", "C0A8010100002A9F"+body)...)})
	l.mu.Lock()
	defer l.mu.Unlock()
	if code := new(client.CodeError); err != nil && !errors.As(err, &code) {
		l.cut++
		return err
	}
	if err == nil && sent.Code == 0 {
		l.due[body] = due
	}
	return nil
}

// Check implements Workload.
func (l *Timers) Check(b Brokers) (string, error) {
	var found arrivals
	err := found.collect(b, timerTopic, l.due)
	again, excused := map[bool]int{}, 0
	for body, d := range found.came {
		again[isLevel(body)] += d.again()
		excused += d.excused()
	}
	if n := again[false] + again[true]; n > 0 && err == nil {
		err = fmt.Errorf("%s: %d messages were delivered again", timerTopic, n)
	}
	return fmt.Sprintf("%d acknowledged timer messages and delay levels, %d sends cut off, %d lost, %d early; delivered "+
		"again: %d timer messages, %d delay levels%s", len(l.due), l.cut,
		found.lost, found.early, again[false], again[true], unseen(excused)), err
}
