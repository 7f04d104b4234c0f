package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
)

const (
	flightTopic  = "in_flight"
	flightGroup  = "CG_in_flight"
	flightQueues = 8
	flightBatch  = 1000
	poppersAtOne = 4
)

// inFlight pops many messages that nobody acknowledges, and says what the broker needs for them, and for a start with
// them.
func inFlight(b *harness.Server) ([]string, error) {
	begin := time.Now()
	if err := fillFlight(b); err != nil {
		return nil, err
	}
	sent := time.Since(begin)
	pid := b.Process().PID()
	cpu := load.CPUTime(pid)
	begin = time.Now()
	var most atomic.Int64
	if err := popFlight(b, &most); err != nil {
		return nil, err
	}
	took, used := time.Since(begin), load.CPUTime(pid)-cpu
	time.Sleep(12 * time.Second) // what is in memory is stored behind popCkStayBufferTime
	rss := load.RssAnon(pid)
	report := []string{fmt.Sprintf("%d messages in flight: sent in %v, popped in %v (%.2f us of CPU each), RssAnon %d MB, at "+
		"most %d MB", *flight, sent.Round(time.Second), took.Round(time.Second),
		float64(used.Microseconds())/float64(*flight), rss>>10, most.Load()>>10)}
	for _, how := range []string{"SIGTERM", "kill -9"} {
		begin := time.Now()
		if how == "kill -9" {
			b.Kill()
		} else if _, err := b.Process().Terminate(time.Minute); err != nil {
			return report, err
		}
		stopped := time.Now()
		if err := b.Start(); err != nil {
			return report, err
		}
		up := time.Since(stopped)
		report = append(report, fmt.Sprintf("%s: stopped in %v, serves after %v, RssAnon %d MB", how,
			stopped.Sub(begin).Round(time.Millisecond), up.Round(time.Millisecond), load.RssAnon(b.Process().PID())>>10))
		if up > 5*time.Second {
			return report, fmt.Errorf("a start takes %v", up)
		}
		if err := nothingLeft(b); err != nil {
			return report, fmt.Errorf("after %s: %w", how, err)
		}
	}
	if most.Load()>>10 >= 300 {
		return report, fmt.Errorf("RssAnon %d MB", most.Load()>>10)
	}
	return report, nil
}

func fillFlight(b *harness.Server) error {
	c, err := client.Dial(b.Addr(), 30*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic(flightTopic, flightQueues, 6, ""); err != nil {
		return err
	}
	items := make([]client.Message, flightBatch)
	for i := range items {
		items[i] = client.Message{Topic: flightTopic, Body: []byte("0123456789")}
	}
	for n := 0; n < *flight; n += flightBatch {
		r, err := c.SendBatch(&client.Message{Topic: flightTopic, Queue: n / flightBatch % flightQueues,
			Born: time.Now().UnixMilli()}, items)
		if err != nil || r.Code != 0 {
			return fmt.Errorf("batch %d: %+v: %w", n, r, err)
		}
	}
	return nil
}

// popFlight pops all of them, and notes the most memory that the broker had.
func popFlight(b *harness.Server, most *atomic.Int64) error {
	var popped atomic.Int64
	var wg sync.WaitGroup
	fail := make(chan error, poppersAtOne)
	for range poppersAtOne {
		wg.Go(func() {
			c, err := client.Dial(b.Addr(), 30*time.Second)
			if err != nil {
				fail <- err
				return
			}
			defer c.Close()
			for quiet := time.Now(); popped.Load() < int64(*flight); {
				list, _, err := c.Pop(flightPop())
				if err == nil && time.Since(quiet) > time.Minute {
					err = fmt.Errorf("%d messages were popped, then none for a minute", popped.Load())
				}
				if err != nil {
					fail <- err
					return
				}
				if len(list) > 0 {
					quiet = time.Now()
				}
				popped.Add(int64(len(list)))
				most.Store(max(most.Load(), int64(load.RssAnon(b.Process().PID()))))
			}
		})
	}
	wg.Wait()
	select {
	case err := <-fail:
		return err
	default:
		return nil
	}
}

func flightPop() *client.Popping {
	return &client.Popping{Group: flightGroup, Topic: flightTopic, Queue: -1, Count: 32, Invisible: 3_600_000, Poll: 0,
		Born: time.Now().UnixMilli()}
}

// nothingLeft pops: everything is invisible.
func nothingLeft(b *harness.Server) error {
	c, err := client.Dial(b.Addr(), 30*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	for range 3 {
		list, _, err := c.Pop(flightPop())
		if err != nil || len(list) > 0 {
			return fmt.Errorf("%d messages that are out are popped again: %w", len(list), err)
		}
	}
	return nil
}
