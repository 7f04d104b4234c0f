package kills

import (
	"fmt"
	"time"

	"gorocket/integration/load/client"
)

// arrivals is what stands in a topic's queue 0 in the end.
type arrivals struct {
	came        map[string]int // deliveries, by body
	lost, early int
}

// patience is how long a message may be late, beside the delays that the workloads ask for.
const patience = 40 * time.Second

// collect reads the queue until all bodies are there that are due, each not before its time (ms), and says which are
// missing or early.
func (a *arrivals) collect(c *client.Client, topic string, due map[string]int64) (err error) {
	a.came, a.lost = map[string]int{}, len(due)
	first := ""
	for at, limit := int64(0), time.Now().Add(patience); a.lost > 0 &&
		time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		if at, err = c.ReadQueue(topic, 0, at, func(r *client.Record) error {
			body := string(r.Body)
			t, known := due[body]
			if a.came[body]++; known && a.came[body] == 1 {
				a.lost--
			}
			if known && r.Stored < t {
				a.early++
				first = fmt.Sprintf("; %q came %d ms early", body, t-r.Stored)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for body := range due {
		if a.came[body] == 0 {
			first += fmt.Sprintf("; %q did not come", body)
			break
		}
	}
	if a.lost > 0 || a.early > 0 {
		return fmt.Errorf("%s: %d of %d messages lost, %d early%s", topic, a.lost, len(due), a.early, first)
	}
	return nil
}
