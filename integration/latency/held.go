package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

const (
	queuesPerTopic = 1000
	idleTime       = 10 * time.Second
	clientHold     = 15 * time.Second // what Apache's push consumers ask for
)

// holdPulls holds many pulls on idle queues and prints what that costs: once with a hold so long that nothing happens,
// once as Apache's clients do it, 15 s each and again.
func holdPulls(b *harness.Server) error {
	if err := idleTopics(b.Addr(), (*held+queuesPerTopic-1)/queuesPerTopic); err != nil {
		return err
	}
	pid := b.Process().PID()
	fmt.Printf("\n%d held pulls on idle queues, %d connections:\n\n| | %s |\n|---|---|\n", *held, *clients, b.Kind)
	if err := holdStill(b.Addr(), pid); err != nil {
		return err
	}
	h, err := connect(b.Addr())
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.hold(clientHold, true); err != nil {
		return err
	}
	time.Sleep(clientHold + 5*time.Second)
	fmt.Printf("| CPU, each held %v and then again (%d pulls/s) | %.2f %% of one core |\n", clientHold,
		*held/int(clientHold.Seconds()), share(pid))
	if h.answers.Load() == 0 {
		return fmt.Errorf("no pull was answered after %v", clientHold)
	}
	return nil
}

// holdStill measures pulls that nothing happens to.
func holdStill(addr string, pid int) error {
	// connections alone are the measure for what a pull adds
	h, err := connect(addr)
	if err != nil {
		return err
	}
	defer h.close()
	time.Sleep(2 * time.Second)
	before := load.RssAnon(pid)
	if err := h.hold(10*time.Minute, false); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	after := load.RssAnon(pid)
	fmt.Printf("| memory per held pull (RssAnon %d KiB before, %d KiB after) | %.0f B |\n", before, after,
		float64(after-before)*1024/float64(*held))
	fmt.Printf("| CPU, nothing happens | %.2f %% of one core |\n", share(pid))
	if n := h.answers.Load(); n != 0 {
		return fmt.Errorf("%d pulls were answered before anything was sent", n)
	}
	return h.wake(addr)
}

func share(pid int) float64 {
	before, begin := load.CPUTime(pid), time.Now()
	time.Sleep(idleTime)
	return 100 * (load.CPUTime(pid) - before).Seconds() / time.Since(begin).Seconds()
}

func idleTopics(addr string, n int) error {
	c, err := client.Dial(addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range n {
		if err := c.CreateTopic(idleTopic(i), queuesPerTopic, 6, ""); err != nil {
			return err
		}
	}
	return nil
}

func idleTopic(i int) string { return fmt.Sprintf("idle-%d", i) }

// holder is the connections of the pulling clients.
type holder struct {
	conns   []*wire.Conn
	answers atomic.Int64
	readers sync.WaitGroup
}

func (h *holder) close() {
	for _, c := range h.conns {
		c.Close()
	}
	h.readers.Wait()
}

func connect(addr string) (*holder, error) {
	h := &holder{}
	for range *clients {
		c, err := wire.Dial(addr)
		if err != nil {
			h.close()
			return nil, err
		}
		h.conns = append(h.conns, c)
	}
	return h, nil
}

// hold sends all pulls, spread over the connections, and starts counting answers; with again, each answer is followed
// by the same pull.
func (h *holder) hold(limit time.Duration, again bool) error {
	for i := range *held {
		if err := pullIdle(h.conns[i%len(h.conns)], i, limit); err != nil {
			return err
		}
	}
	for _, c := range h.conns {
		h.readers.Go(func() {
			for {
				frame, err := wire.ReadRaw(c)
				if err != nil {
					return
				}
				h.answers.Add(1)
				if r, err := wire.Decode(frame); again && err == nil && r.IsResponse() {
					_ = pullIdle(c, int(r.Opaque), limit) // a closed connection ends the next read
				}
			}
		})
	}
	return nil
}

// pullIdle sends the pull of idle queue i, with i as its opaque.
func pullIdle(c *wire.Conn, i int, limit time.Duration) error {
	frame, err := wire.Encode(heldPull(idleTopic(i/queuesPerTopic), i%queuesPerTopic, 0, limit), int32(i))
	if err != nil {
		return err
	}
	_, err = c.Write(frame)
	return err
}

// wake sends one message to a queue in the middle and counts what comes.
func (h *holder) wake(addr string) error {
	begin := time.Now()
	r, err := wire.Call(addr, load.SendRequest(idleTopic(*held/queuesPerTopic/2), 7, 1024), 5*time.Second)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if r.Code != 0 {
		return fmt.Errorf("send: code %d %s", r.Code, r.Remark)
	}
	for h.answers.Load() == 0 {
		if time.Since(begin) > 5*time.Second {
			return fmt.Errorf("no pull was woken")
		}
		time.Sleep(100 * time.Microsecond)
	}
	first := time.Since(begin)
	time.Sleep(time.Second)
	fmt.Printf("| a message to one queue: pulls woken, time to the first | %d, %.1f ms |\n", h.answers.Load(),
		float64(first.Microseconds())/1000)
	if n := h.answers.Load(); n != 1 {
		return fmt.Errorf("one message woke %d pulls", n)
	}
	return nil
}
