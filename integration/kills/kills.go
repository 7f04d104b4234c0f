// Package kills kills a broker again and again while clients send messages whose time comes later, and compares in the
// end what was delivered with what was acknowledged: timer messages, delay levels, and transactions between half
// message, op message and commit.
package kills

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// wait bounds one call to the broker.
const wait = 20 * time.Second

// Workload is the traffic of one sort of clients and the ledger of what they were told.
type Workload interface {
	// Prepare makes the topic.
	Prepare(c *client.Client) error
	// Workers run beside each other, each until its broker is gone.
	Workers() []func(addr string)
	// Check waits for what is due, reports in one line, and says what was lost, came early or came though it must not.
	Check(b Brokers) (report string, err error)
}

// Run kills the broker so often under all workloads, and returns a line of each about what was found.
func Run(b *harness.Server, kills int, loads ...Workload) (report []string, err error) {
	for _, l := range loads {
		if err := with(b, l.Prepare); err != nil {
			return nil, err
		}
	}
	for k := range kills {
		if err := life(b, loads); err != nil {
			return nil, fmt.Errorf("after kill %d: %w", k+1, err)
		}
	}
	return check(loads, nil, b)
}

// Calm lets all workloads run for so long, and kills nobody.
func Calm(b *harness.Server, long time.Duration, loads ...Workload) (report []string, err error) {
	var wg sync.WaitGroup
	for _, l := range loads {
		if err := with(b, l.Prepare); err != nil {
			return nil, err
		}
	}
	front, err := newFront(b.Addr())
	if err != nil {
		return nil, err
	}
	for _, l := range loads {
		for _, work := range l.Workers() {
			wg.Go(func() { work(front.addr()) })
		}
	}
	time.Sleep(long)
	front.close()
	wg.Wait()
	return check(loads, nil, b)
}

// check has every workload compare what the brokers have with what was acknowledged.
func check(loads []Workload, unshared []Range, servers ...*harness.Server) (report []string, err error) {
	b := Brokers{Unshared: unshared}
	for _, s := range servers {
		c, err := client.Dial(s.Addr(), wait)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		b.Clients = append(b.Clients, c)
	}
	var failed []error
	for _, l := range loads {
		line, err := l.Check(b)
		report, failed = append(report, line), append(failed, err)
	}
	return report, errors.Join(failed...)
}

func with(b *harness.Server, do func(*client.Client) error) error {
	c, err := client.Dial(b.Addr(), wait)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}

// life lets the broker work for a moment, kills it, and starts it again when all workers have noticed.
func life(b *harness.Server, loads []Workload) error {
	killUnder(b, loads)
	return b.Start()
}

// killUnder lets the broker work for a moment and kills it; it returns when all workers have noticed.
func killUnder(b *harness.Server, loads []Workload) {
	var wg sync.WaitGroup
	for _, l := range loads {
		for _, work := range l.Workers() {
			wg.Go(func() { work(b.Addr()) })
		}
	}
	time.Sleep(200*time.Millisecond + rand.N(1300*time.Millisecond))
	b.Kill()
	wg.Wait()
}
