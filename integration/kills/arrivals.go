package kills

import (
	"fmt"
	"slices"
	"time"

	"gorocket/integration/load/client"
)

// Brokers is where deliveries are looked for: first the broker that is killed, then others that stand in for it.
type Brokers struct {
	Clients []*client.Client
	// Unshared are ranges of the first one's log that its slave did not have when it took over: nobody could know of
	// what stands there, and it may have been delivered elsewhere, too.
	Unshared []Range
}

// Range is a part of a log: from <= offset < to.
type Range struct{ From, To int64 }

// arrivals is what stands in a topic's queue 0 in the end.
type arrivals struct {
	came        map[string]*deliveries // by body
	lost, early int
	first       string // the first message that came early
}

// deliveries is where one message came.
type deliveries struct {
	n         int
	unshared  int // on the first broker, where its slave could not see it, or from what it could not see
	elsewhere int // on others
}

// again is how often a message came for no reason.
func (d *deliveries) again() int { return d.n - 1 - d.excused() }

// excused is how often it came twice as its delivery was not known to the broker that took over.
func (d *deliveries) excused() int { return min(d.n-1, d.unshared, d.elsewhere) }

// patience is how long a message may be late, beside the delays that the workloads ask for.
const patience = 40 * time.Second

// collect reads the queue until all bodies are there that are due, each not before its time (ms), and says which are
// missing or early.
func (a *arrivals) collect(b Brokers, topic string, due map[string]int64) (err error) {
	a.came, a.lost = map[string]*deliveries{}, len(due)
	at := make([]int64, len(b.Clients))
	for limit := time.Now().Add(patience); a.lost > 0 && time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		for i, c := range b.Clients {
			if at[i], err = c.ReadQueue(topic, 0, at[i], func(r *client.Record) error {
				a.note(b, i, r, due)
				return nil
			}); err != nil {
				return err
			}
		}
	}
	if err := a.parked(b); err != nil {
		return err
	}
	for body := range due {
		if a.came[body] == nil {
			a.first += fmt.Sprintf("; %q did not come", body)
			break
		}
	}
	if a.lost > 0 || a.early > 0 {
		return fmt.Errorf("%s: %d of %d messages lost, %d early%s", topic, a.lost, len(due), a.early, a.first)
	}
	return nil
}

// parked looks for committed messages with a timer that the slave could not see: they are delivered later, elsewhere in
// the log.
func (a *arrivals) parked(b Brokers) error {
	if len(b.Unshared) == 0 {
		return nil
	}
	_, err := b.Clients[0].ReadQueue("rmq_sys_wheel_timer", 0, 0, func(r *client.Record) error {
		if d := a.came[string(r.Body)]; d != nil && b.unseen(r) {
			d.unshared++
		}
		return nil
	})
	return err
}

// unseen tells whether the slave could not see a record of the first broker.
func (b *Brokers) unseen(r *client.Record) bool {
	return slices.ContainsFunc(b.Unshared, func(u Range) bool { return r.Offset >= u.From && r.Offset < u.To })
}

// note counts the delivery r on broker i.
func (a *arrivals) note(b Brokers, i int, r *client.Record, due map[string]int64) {
	body := string(r.Body)
	d := a.came[body]
	if d == nil {
		d = &deliveries{}
		a.came[body] = d
	}
	t, known := due[body]
	if d.n++; known && d.n == 1 {
		a.lost--
	}
	if known && r.Stored < t {
		a.early++
		a.first = fmt.Sprintf("; %q came %d ms early", body, t-r.Stored)
	}
	if i > 0 {
		d.elsewhere++
		return
	}
	if b.unseen(r) {
		d.unshared++
	}
}

// unseen is the end of a report about messages that came twice for a reason.
func unseen(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d whose first delivery the slave had not got when it took over", n)
}
