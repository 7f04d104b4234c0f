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
	heldTopics = 10
	heldGroups = 10 // of a topic; every second one wants another tag than comes
	heldConns  = 100
)

// holdPops holds pops that wait, says what each costs, and sends a message: it wakes one of each group that wants it.
func holdPops(b *harness.Server) ([]string, error) {
	c, err := client.Dial(b.Addr(), 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for i := range heldTopics {
		if err := c.CreateTopic(heldTopic(i), 8, 6, ""); err != nil {
			return nil, err
		}
	}
	var conns []*wire.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range heldConns {
		w, err := wire.Dial(b.Addr())
		if err != nil {
			return nil, err
		}
		conns = append(conns, w)
	}
	pid := b.Process().PID()
	time.Sleep(2 * time.Second)
	before := load.RssAnon(pid)
	for i := range *held {
		frame, err := wire.Encode(heldPop(i), int32(i))
		if err == nil {
			_, err = conns[i%heldConns].Write(frame)
		}
		if err != nil {
			return nil, err
		}
	}
	time.Sleep(3 * time.Second)
	each := float64(load.RssAnon(pid)-before) * 1024 / float64(*held)
	waiting, err := countHeld(c)
	if err != nil || waiting != *held {
		return nil, fmt.Errorf("%d of %d pops wait: %w", waiting, *held, err)
	}
	cpu := load.CPUTime(pid)
	time.Sleep(10 * time.Second)
	idle := (load.CPUTime(pid) - cpu).Seconds() * 10
	woken, err := wakeOne(c, conns)
	line := fmt.Sprintf("%d held pops: %.0f B each, %.2f %% of a core while nothing happens; a message woke %d, wanted by %d "+
		"groups of %d with %d pops each", *held, each, idle, woken, heldGroups/2, heldGroups, *held/heldTopics/heldGroups)
	if err == nil && (each > 4096 || woken != heldGroups/2) {
		err = fmt.Errorf("%.0f B each, %d woken", each, woken)
	}
	return []string{line}, err
}

func heldTopic(i int) string { return fmt.Sprintf("held_pop_%d", i) }

func heldPop(i int) wire.Request {
	group := i / heldTopics % heldGroups
	return wire.Request{Code: 200050, Ext: map[string]any{"consumerGroup": fmt.Sprintf("CG_held_%d", group),
		"topic": heldTopic(i % heldTopics), "queueId": "-1", "maxMsgNums": "32", "invisibleTime": "60000",
		"pollTime": "600000", "bornTime": fmt.Sprint(time.Now().UnixMilli()), "initMode": "0", "expType": "TAG",
		"exp": []string{"wanted", "other"}[group%2], "order": "false"}}
}

// countHeld is POLLING_INFO of all topics and groups.
func countHeld(c *client.Client) (all int, err error) {
	for t := range heldTopics {
		for g := range heldGroups {
			r, err := c.OK(200055, map[string]any{"consumerGroup": fmt.Sprintf("CG_held_%d", g), "topic": heldTopic(t),
				"queueId": "-1"}, nil)
			if err != nil {
				return all, err
			}
			var n int
			if _, err := fmt.Sscan(r.Ext["pollingNum"], &n); err != nil {
				return all, err
			}
			all += n
		}
	}
	return all, nil
}

// wakeOne sends a message with a tag, and counts the answers of a second.
func wakeOne(c *client.Client, conns []*wire.Conn) (int, error) {
	var answers atomic.Int64
	var wg sync.WaitGroup
	for _, w := range conns {
		wg.Go(func() {
			_ = w.SetReadDeadline(time.Now().Add(3 * time.Second))
			for {
				if _, err := wire.ReadRaw(w); err != nil {
					return
				}
				answers.Add(1)
			}
		})
	}
	_, err := c.Send(&client.Message{Topic: heldTopic(3), Queue: 5, Born: time.Now().UnixMilli(), Body: []byte("x"),
		Props: client.Props("TAGS", "wanted")})
	wg.Wait()
	return int(answers.Load()), err
}
