package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

const topic = "bench_timers"

// precision is Java's slot: a message may come at the end of the slot that its time lies in, ms.
const precision = 1000

func decode(b []byte, v any) error { return json.Unmarshal(b, v) }

func makeTopic(b *harness.Server) error {
	c, err := client.Dial(b.Addr(), 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.CreateTopic(topic, 1, 6, "")
}

func request(born, due int64, body []byte) wire.Request {
	return wire.Request{Code: 310, Ext: map[string]any{"a": "P", "b": topic, "c": "TBW102", "d": "1", "e": "0", "f": "0",
		"g": strconv.FormatInt(born, 10), "h": "0",
		"i": client.Props("TIMER_DELIVER_MS", strconv.FormatInt(due, 10), "UNIQ_KEY",
			"C0A8010100002A9F"+string(body[len(body)-16:])), "j": "0", "k": "false", "m": "false"}, Body: body}
}

// accuracy sends at a steady rate with random delays, holds a pull, and reports how late each message came beside the
// end of its slot.
func accuracy(b *harness.Server) error {
	in, err := wire.Dial(b.Addr())
	if err != nil {
		return err
	}
	defer in.Close()
	total := int(measure.Seconds() * float64(*rate))
	sent := make(chan error, 1)
	go func() { sent <- steady(b.Addr(), total) }()
	var late []time.Duration
	cpu := load.CPUTime(b.Process().PID())
	for next, limit := int64(0), time.Now().Add(*measure+30*time.Second); len(late) < total && time.Now().Before(limit); {
		r, err := in.Call(wire.Request{Code: 11, Ext: map[string]any{"consumerGroup": "G", "topic": topic, "queueId": "0",
			"queueOffset": fmt.Sprint(next), "maxMsgNums": "32", "sysFlag": "6",
			"commitOffset": "0", "suspendTimeoutMillis": "5000", "subscription": "*", "subVersion": "1",
			"expressionType": "TAG"}}, 30*time.Second)
		if err != nil {
			return err
		}
		now := time.Now()
		if r.Code != client.PullFound {
			continue
		}
		err = client.EachRecord(r.Body, func(m *client.Record) error {
			due, err := strconv.ParseInt(m.Property("TIMER_DELIVER_MS"), 10, 64)
			if m.Stored < due {
				return fmt.Errorf("a message came %d ms early", due-m.Stored)
			}
			end := (due-1)/precision*precision + precision
			late, next = append(late, now.Sub(time.UnixMilli(end))), m.QueueOffset+1
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := <-sent; err != nil {
		return err
	}
	if len(late) < total {
		return fmt.Errorf("only %d of %d messages came", len(late), total)
	}
	slices.Sort(late)
	at := func(q float64) time.Duration { return late[int(q*float64(len(late)-1))].Round(100 * time.Microsecond) }
	fmt.Printf("%d messages, %d/s, received late beside their slot: p50 %v p99 %v max %v, first %v; %.1f %% of a CPU\n",
		total, *rate, at(0.5), at(0.99), at(1), at(0),
		(load.CPUTime(b.Process().PID())-cpu).Seconds()/measure.Seconds()*100)
	return nil
}

// steady sends messages that are due in one to five seconds, one after the other.
func steady(addr string, total int) error {
	out, err := wire.Dial(addr)
	if err != nil {
		return err
	}
	defer out.Close()
	begin := time.Now()
	for i := range total {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(*rate))))
		now := time.Now().UnixMilli()
		r, err := out.Call(request(now, now+1000+rand.Int64N(4000), fmt.Appendf(nil, "%0100d", i)), 10*time.Second)
		if err != nil {
			return err
		}
		if r.Code != 0 {
			return fmt.Errorf("send: %d %s", r.Code, r.Remark)
		}
	}
	return nil
}
