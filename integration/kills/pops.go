package kills

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const (
	popTopic  = "kill_pop"
	popGroup  = "CG_kill_pop"
	popQueues = 4
	poppers   = 6
)

// Pops sends messages, and pops them by several consumers that acknowledge at once, late, in batches or never, that ask
// for more time, leave in the middle, and join again. It knows of each message who has it and until when: nobody else
// may get it before, and nobody at all once its acknowledgement was answered in time.
type Pops struct {
	mu       sync.Mutex
	next     int                // guarded by mu, as all below
	sent     map[string]*popped // by body; those whose send was answered, and those that came
	first    string             // the first message that came when it must not
	acks     int                // that were answered in time
	tooLate  int                // that were answered when the time was over
	pops     int                // answered with messages
	cut      int                // that were cut off, by a kill or by a consumer that left
	again    int                // messages that came again when their time was over
	early    int                // ... before
	settled  int                // ... though an acknowledgement was answered in time
	slowest  time.Duration      // by how much the latest of them was late, beside the broker's own two seconds
	rejected map[string]int     // by remark: what the broker refused
}

// popped is one message.
type popped struct {
	answered bool  // its send was
	until    int64 // it is out until then, ms since 1970; 0: it was not popped
	acked    bool  // in time, and the broker said so
	maybe    bool  // an acknowledgement was sent, and nobody knows what became of it
	came     int
}

// Prepare implements Workload.
func (l *Pops) Prepare(c *client.Client) error {
	l.sent, l.rejected = map[string]*popped{}, map[string]int{}
	return errors.Join(c.CreateTopic(popTopic, popQueues, 6, ""), c.CreateGroup(popGroup, 16))
}

// Workers implements Workload.
func (l *Pops) Workers() []func(addr string) {
	list := []func(string){l.produce, l.produce}
	for range poppers {
		list = append(list, func(addr string) { l.consume(addr, func() bool { return true }) })
	}
	return list
}

func (l *Pops) of(body string) *popped {
	m := l.sent[body]
	if m == nil {
		m = &popped{}
		l.sent[body] = m
	}
	return m
}

func (l *Pops) produce(addr string) {
	sendEvery(addr, 2*time.Millisecond, func() (*client.Message, func(client.Sent)) {
		l.mu.Lock()
		l.next++
		n := l.next
		l.mu.Unlock()
		body := fmt.Sprintf("pop %d", n)
		return &client.Message{Topic: popTopic, Queue: n % popQueues, Body: []byte(body)}, func(client.Sent) {
			l.mu.Lock()
			l.of(body).answered = true
			l.mu.Unlock()
		}
	})
}

// sendEvery sends what next says, with a pause between, until the broker is gone, and tells taken what it has stored.
func sendEvery(addr string, pause time.Duration, next func() (m *client.Message, taken func(client.Sent))) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for ; err == nil; time.Sleep(pause) {
		m, taken := next()
		m.Born = time.Now().UnixMilli()
		var sent client.Sent
		if sent, err = c.Send(m); err == nil && sent.Code == 0 {
			taken(sent)
		}
	}
}

// popInvisible is for how long what is popped is invisible, ms: six to twelve seconds.
func popInvisible() int64 { return 6000 + rand.Int64N(6000) }

// consume pops and acknowledges until the broker is gone, or goOn says no. Now and then the consumer is another one.
func (l *Pops) consume(addr string, goOn func() bool) {
	for goOn() {
		c, err := client.Dial(addr, wait)
		if err != nil {
			return
		}
		for range 20 + rand.IntN(80) {
			if err = l.popOnce(c); err != nil || !goOn() {
				break
			}
		}
		if rand.IntN(4) == 0 && err == nil { // it leaves with a request under way
			err = l.leave(addr)
		}
		c.Close()
		var refused *client.CodeError
		if errors.As(err, &refused) {
			l.mu.Lock()
			l.rejected[refused.Remark]++
			l.mu.Unlock()
			time.Sleep(50 * time.Millisecond)
		} else if err != nil {
			return
		}
	}
}

// leave pops and goes without reading the answer.
func (l *Pops) leave(addr string) error {
	c, err := client.Dial(addr, time.Millisecond)
	if err != nil {
		return err
	}
	defer c.Close()
	_, _, err = c.Pop(l.popping())
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.cut++
	}
	return nil
}

func (l *Pops) popping() *client.Popping {
	return &client.Popping{Group: popGroup, Topic: popTopic, Queue: -1, Count: 1 + rand.IntN(32),
		Invisible: popInvisible(), Poll: 500, Born: time.Now().UnixMilli()}
}

// popOnce pops once, and does with what comes what consumers do.
func (l *Pops) popOnce(c *client.Client) error {
	list, _, err := c.Pop(l.popping())
	if err != nil {
		l.mu.Lock()
		l.cut++
		l.mu.Unlock()
		return err
	}
	l.note(list)
	var batch []*client.Popped
	for _, m := range list {
		switch dice := rand.IntN(100); {
		case dice < 8: // never
		case dice < 10:
			err = l.more(c, m)
		case dice < 40 && !strings.HasPrefix(m.Topic, "%RETRY%"):
			batch = append(batch, m)
		default:
			err = l.ack([]*client.Popped{m}, func() error { return c.Ack(popGroup, m) })
		}
		if err != nil {
			return err
		}
	}
	if len(batch) > 0 {
		if rand.IntN(50) == 0 {
			time.Sleep(time.Duration(rand.IntN(4000)) * time.Millisecond)
		}
		return l.ack(batch, func() error { return c.AckBatch(popGroup, popTopic, batch) })
	}
	return nil
}

// note looks at what was popped.
func (l *Pops) note(list []*client.Popped) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(list) > 0 {
		l.pops++
	}
	for _, p := range list {
		m := l.of(string(p.Body))
		m.came++
		what := ""
		switch {
		case m.acked:
			l.settled++
			what = "although it was acknowledged in time"
		case m.until > p.Pop:
			l.early++
			what = fmt.Sprintf("%d ms before its time was over", m.until-p.Pop)
		case m.came > 1 && m.until == 0: // its time was being changed when its broker was killed
			l.again++
		case m.came > 1:
			l.again++
			l.slowest = max(l.slowest, time.Duration(p.Pop-m.until-2000)*time.Millisecond)
		}
		if what != "" && l.first == "" {
			l.first = fmt.Sprintf("%q came again from %s %d at %d, %s: %s", p.Body, p.Topic, p.Queue, p.QueueOffset, what,
				p.Handle)
		}
		m.until = max(m.until, p.Until)
	}
}

// ack sends an acknowledgement by do, and notes what it means.
func (l *Pops) ack(list []*client.Popped, do func() error) error {
	l.mu.Lock()
	for _, p := range list {
		l.of(string(p.Body)).maybe = true
	}
	l.mu.Unlock()
	err := do()
	now := time.Now().UnixMilli()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		return err
	}
	for _, p := range list {
		m := l.of(string(p.Body))
		switch {
		case now < p.Until && m.until == p.Until:
			m.acked = true
			l.acks++
		default:
			l.tooLate++
		}
	}
	return nil
}

// more asks for more time for a message, or less.
func (l *Pops) more(c *client.Client, p *client.Popped) error {
	l.mu.Lock()
	m := l.of(string(p.Body))
	old := m.until
	m.until = 0 // nobody knows, until the broker has answered
	l.mu.Unlock()
	until, err := c.ChangeInvisible(popGroup, p, popInvisible())
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
	case until > 0:
		m.until = max(m.until, until)
	default:
		m.until = max(m.until, old)
	}
	return err
}

// Check implements Workload: it consumes until all that was sent is acknowledged, and then looks whether anything comes
// again.
func (l *Pops) Check(b Brokers) (string, error) {
	c := b.Clients[0]
	begin := time.Now()
	for quiet := begin; time.Since(quiet) < 16*time.Second && time.Since(begin) < 5*time.Minute; {
		list, _, err := c.Pop(&client.Popping{Group: popGroup, Topic: popTopic, Queue: -1, Count: 32, Invisible: 15_000,
			Poll: 500, Born: time.Now().UnixMilli()})
		if err != nil {
			return "", err
		}
		l.note(list)
		for _, m := range list {
			quiet = time.Now()
			if err := l.ack([]*client.Popped{m}, func() error { return c.Ack(popGroup, m) }); err != nil {
				return "", err
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, lost, unknown, example := 0, 0, 0, ""
	for body, m := range l.sent {
		if m.answered {
			sent++
		}
		switch {
		case m.answered && !m.acked && !m.maybe:
			lost++
			example = body
		case m.maybe && !m.acked:
			unknown++
		}
	}
	var err error
	if lost > 0 || l.early > 0 || l.settled > 0 {
		err = fmt.Errorf("%s: %d messages lost (as %q), %d came before their time was over, %d although they were "+
			"acknowledged: %s", popTopic, lost, example, l.early, l.settled, l.first)
	} else if l.acks < 100 || l.again == 0 {
		err = fmt.Errorf("%s: %d acknowledgements, %d messages that came again: nothing was tested", popTopic, l.acks, l.again)
	}
	return fmt.Sprintf("%d messages, %d pops, %d cut off, %d acknowledged in time, %d too late, %d whose acknowledgement "+
		"was cut off; %d lost, %d came again when their time was over (the latest %v later), %d before, %d although acknowledged; "+
		"refused: %v", sent, l.pops, l.cut, l.acks, l.tooLate, unknown, lost, l.again,
		l.slowest.Round(time.Millisecond), l.early, l.settled, l.rejected), err
}
