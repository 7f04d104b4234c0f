package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/wire"
)

// What attacks tables that grow, groups, routes and the NameServer.
var tableAttacks = []*attack{
	{name: "members", about: "2,000 members of one group that join and end together", run: members},
	{name: "groups", about: "one connection with 600,000 groups", run: manyGroups},
	{name: "holds", about: "100,000 held pulls for a tag that never comes", run: holds},
	{name: "searches", about: "100,000 pulls for that tag in queues full of other messages", run: searches},
	{name: "numbers", about: "queue numbers to 2^31, offsets and locks of queues that do not exist, huge KV values",
		run: numbers},
	{name: "hangs", about: "a NameServer that stands still while topics are made and 100 clients beat", run: hangs},
	{name: "announce", about: "60,000 topics with long names: more than one registration can hold",
		conf: harness.Conf{"registerNameServerPeriod": "10000"}, run: announce},
	{name: "route", about: "a forged registration with a higher version",
		conf: harness.Conf{"registerNameServerPeriod": "10000"}, run: route},
}

func members(a *arena) error {
	var h herd
	h.grow(a.broker.Addr(), 2000)
	h.write(5*time.Second, func(i int) []byte { return frame(34, 1, false, nil, beat(fmt.Sprintf("m%d", i), "crowd")) })
	time.Sleep(2 * time.Second)
	h.close()
	time.Sleep(2 * time.Second)
	return nil
}

func manyGroups(a *arena) error {
	c, err := wire.Dial(a.broker.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range 60 {
		var b bytes.Buffer
		b.WriteString(`{"clientID":"greedy","consumerDataSet":[],"producerDataSet":[`)
		for i := range 10_000 {
			fmt.Fprintf(&b, `{"groupName":"g%d_%d"},`, n, i)
		}
		text := strings.TrimSuffix(b.String(), ",") + "]}"
		if _, err := c.Call(wire.Request{Code: 34, Body: []byte(text)}, 20*time.Second); err != nil &&
			!errors.Is(err, wire.ErrClosed) {
			return err
		}
	}
	return nil
}

func holds(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic("held", victimQueues, 6, ""); err != nil {
		return err
	}
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 100)
	h.write(20*time.Second, func(c int) []byte { return neverPulls("held", c) })
	// they expire meanwhile
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if err := sendTo(c, "held"); err != nil {
			return err
		}
	}
	return nil
}

// searches pulls for the same tag in queues that are full of other messages: each of them looks at hundreds of entries.
func searches(a *arena) error {
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 100)
	h.write(20*time.Second, func(c int) []byte { return neverPulls(victimTopic, c) })
	time.Sleep(5 * time.Second)
	return nil
}

// neverPulls are 1,000 pulls of one group for a tag that no message has.
func neverPulls(topic string, group int) (pulls []byte) {
	for i := range 1000 {
		ext := map[string]any{"consumerGroup": fmt.Sprint("holder", group), "topic": topic,
			"queueId":     fmt.Sprint(i % victimQueues),
			"queueOffset": "0", "maxMsgNums": "32", "sysFlag": "6", "commitOffset": "0", "suspendTimeoutMillis": "15000",
			"subscription": "NEVER", "subVersion": "0", "expressionType": "TAG"}
		pulls = append(pulls, frame(11, i, false, ext, nil)...)
	}
	return pulls
}

func numbers(a *arena) error {
	addr := a.broker.Addr()
	var errs []error
	for _, n := range []string{"2147483647", "2147483648", "9223372036854775807", "-1", "100000000"} {
		topic := "wide" + strings.Trim(n, "-")
		ext := map[string]any{"topic": topic, "defaultTopic": "TBW102", "readQueueNums": n, "writeQueueNums": n, "perm": "6",
			"topicFilterType": "SINGLE_TAG"}
		table := fmt.Appendf(nil, `{"topicConfigList":[{"topicName":%q,"readQueueNums":%s,"writeQueueNums":%[2]s,"perm":6}]}`,
			topic+"l", n)
		group := fmt.Appendf(nil, `{"groupName":%q,"retryQueueNums":%s,"retryMaxTimes":%[2]s}`, topic, n)
		errs = append(errs, try(addr, 17, ext, nil, 5*time.Second), try(addr, 18, nil, table, 5*time.Second),
			try(addr, 200, nil, group, 5*time.Second))
		for _, t := range []string{topic, topic + "l", "%RETRY%" + topic} {
			all := map[string]any{"topic": t, "group": topic, "consumerGroup": topic, "timestamp": "0", "isForce": "true",
				"isOrder": "false"}
			for _, code := range []int{202, 208, 222, 303, 317} {
				errs = append(errs, try(addr, code, all, nil, 5*time.Second))
			}
		}
	}
	errs = append(errs, crowd(4, func(c int) error { return flood(addr, c) }))
	big := strings.Repeat("v", 4<<20)
	for i := range 100 {
		errs = append(errs, try(a.names.Addr(), 100, map[string]any{"namespace": "n", "key": fmt.Sprint(i), "value": big},
			nil, 5*time.Second))
	}
	return errors.Join(errs...)
}

// flood commits offsets of queues that do not exist and locks queues for groups that nobody has.
func flood(addr string, c int) error {
	var h herd
	defer h.close()
	h.grow(addr, 1)
	for n := range 250 {
		var out []byte
		for i := range 1000 {
			ext := map[string]any{"consumerGroup": fmt.Sprintf("f%d_%d", c, n), "topic": fmt.Sprintf("none%d", i),
				"queueId": fmt.Sprint(i), "commitOffset": "5"}
			out = append(out, frame(15, i, true, ext, nil)...)
		}
		var q bytes.Buffer
		for i := range 1000 {
			fmt.Fprintf(&q, `{"topic":"none%d_%d","brokerName":"broker-a","queueId":%d},`, n, i, i)
		}
		body := fmt.Sprintf(`{"consumerGroup":"lock%d_%d","clientId":"c","mqSet":[%s]}`, c, n,
			strings.TrimSuffix(q.String(), ","))
		out = append(out, frame(41, n, true, nil, []byte(body))...)
		h.write(20*time.Second, func(int) []byte { return out })
	}
	return nil
}

func hangs(a *arena) error {
	names := a.names.Process()
	if err := names.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	defer func() { _ = names.Signal(syscall.SIGCONT) }()
	go func() {
		for i := range 20 {
			_ = try(a.broker.Addr(), 310, map[string]any{"a": "p", "b": fmt.Sprintf("while_it_hangs_%d", i), "c": "TBW102",
				"d": "4", "e": "0", "f": "0", "g": "1", "h": "0", "i": ""}, []byte("x"), 15*time.Second)
		}
	}()
	time.Sleep(200 * time.Millisecond)
	return crowd(100, func(i int) error {
		for range 5 {
			if _, err := ask(a.broker.Addr(), 34, nil, beat(fmt.Sprintf("h%d", i), fmt.Sprintf("hang%d", i)),
				2*time.Second); err != nil {
				return fmt.Errorf("heartbeat while the NameServer hangs: %w", err)
			}
			time.Sleep(300 * time.Millisecond)
		}
		return nil
	})
}

func announce(a *arena) error {
	for part := range 2 {
		var b bytes.Buffer
		b.WriteString(`{"topicConfigList":[`)
		for i := range 30_000 {
			fmt.Fprintf(&b, `{"topicName":%q,"readQueueNums":4,"writeQueueNums":4,"perm":6},`,
				longName("announce", part*30_000+i))
		}
		if err := try(a.broker.Addr(), 18, nil, []byte(strings.TrimSuffix(b.String(), ",")+"]}"),
			60*time.Second); err != nil {
			return err
		}
	}
	return a.routed(25 * time.Second)
}

// routed says whether the broker's route is at the NameServer during all of a time.
func (a *arena) routed(limit time.Duration) error {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		r, err := ask(a.names.Addr(), 105, map[string]any{"topic": victimTopic}, nil, 5*time.Second)
		if err != nil {
			return err
		}
		if r.Code != 0 || !bytes.Contains(r.Body, []byte(a.broker.Addr())) {
			return fmt.Errorf("the route of the broker is gone: %d %s %.200s", r.Code, r.Remark, r.Body)
		}
	}
	return nil
}

func route(a *arena) error {
	body := fmt.Sprintf(`{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":%d,"stateVersion":0,"timestamp":%d},"topicConfigTable":{}}}`, int64(1)<<40, time.Now().Add(240*time.Hour).UnixMilli())
	ext := map[string]any{"brokerName": "broker-a", "brokerAddr": "127.0.0.1:1", "clusterName": "DefaultCluster",
		"haServerAddr": "127.0.0.1:2", "brokerId": "0", "compressed": "false", "bodyCrc32": "0"}
	c, err := wire.Dial(a.names.Addr()) // stays open: its end would take the forged route away
	if err != nil {
		return err
	}
	defer c.Close()
	for _, addr := range []string{"127.0.0.1:1", a.broker.Addr()} {
		ext["brokerAddr"] = addr
		if _, err := c.Call(wire.Request{Code: 103, Ext: ext, Body: []byte(body)}, 5*time.Second); err != nil {
			return err
		}
	}
	for end := time.Now().Add(25 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if err := a.routed(time.Millisecond); err == nil {
			return a.routed(12 * time.Second)
		} else if time.Now().After(end) {
			return fmt.Errorf("25 s later: %w", err)
		}
	}
}
