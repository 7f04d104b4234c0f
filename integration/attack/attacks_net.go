package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"gorocket/integration/load/client"
)

// What attacks connections, memory and event loops.
var netAttacks = []*attack{
	{name: "descriptors", about: "more connections than the process may have descriptors", nofile: 1024, run: descriptors},
	{name: "unread", about: "200 connections that pull and do not read", run: unread},
	{name: "unfinished", about: "600 frames of 4 MiB that never end", run: unfinished},
	{name: "fields", about: "headers with 2.6 million fields", run: fields},
	{name: "batch", about: "batches of 190,000 empty messages", run: emptyBatches},
	{name: "oneway", about: "50,000 one-way commits in one read, again and again", run: oneway},
	{name: "refs", about: "heartbeats of 2 MB full of $ref", run: refs},
}

func descriptors(a *arena) error {
	var h herd
	defer h.close()
	for range 10 {
		h.grow(a.broker.Addr(), 150)
		h.grow(a.names.Addr(), 50)
		time.Sleep(300 * time.Millisecond)
	}
	return nil
}

func unread(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic("big", 1, 6, ""); err != nil {
		return err
	}
	for range 512 { // 32 MiB
		if _, err := c.Send(&client.Message{Topic: "big", Body: make([]byte, 64<<10)}); err != nil {
			return err
		}
	}
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 200)
	var pulls []byte
	for i := range 400 { // 100 MB for each connection
		pulls = append(pulls, frame(11, i, false, map[string]any{"consumerGroup": "reader", "topic": "big", "queueId": "0",
			"queueOffset": fmt.Sprint(i), "maxMsgNums": "32", "sysFlag": "4", "commitOffset": "0",
			"suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "0", "expressionType": "TAG"}, nil)...)
	}
	h.write(10*time.Second, func(int) []byte { return pulls })
	time.Sleep(5 * time.Second)
	return nil
}

func unfinished(a *arena) error {
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 600)
	body := make([]byte, 4<<20)
	whole := frame(310, 1, false, map[string]any{"a": "p", "b": victimTopic, "c": "none", "d": "8", "e": "0", "f": "0",
		"g": "1", "h": "0", "i": ""}, body)
	h.write(10*time.Second, func(int) []byte { return whole[:len(whole)-1] })
	time.Sleep(5 * time.Second)
	return nil
}

func fields(a *arena) error {
	head := []byte(`{"code":310,"flag":0,"opaque":1,"language":"JAVA","version":513,"extFields":{`)
	for i := range 2_600_000 {
		if head = fmt.Appendf(head, `"":"",`); i > 0 && len(head) > 15<<20 {
			break
		}
	}
	head = append(bytes.TrimSuffix(head, []byte(",")), "}}"...)
	out := make([]byte, 8, 8+len(head))
	binary.BigEndian.PutUint32(out, uint32(4+len(head)))
	binary.BigEndian.PutUint32(out[4:], uint32(len(head)))
	out = append(out, head...)
	for range 3 {
		var h herd
		h.grow(a.broker.Addr(), 16)
		h.write(10*time.Second, func(int) []byte { return out })
		time.Sleep(time.Second)
		h.close()
	}
	return nil
}

func emptyBatches(a *arena) error {
	items := make([]client.Message, 190_000)
	body := client.BatchBody(items)
	ext := map[string]any{"a": "p", "b": victimTopic, "c": "none", "d": "8", "e": "0", "f": "0", "g": "1", "h": "0",
		"i": "", "j": "0", "k": "false", "m": "true"}
	return crowd(8, func(i int) error {
		for range 10 {
			if err := try(a.broker.Addr(), 320, ext, body, 20*time.Second); err != nil {
				return err
			}
		}
		return nil
	})
}

func oneway(a *arena) error {
	var commits []byte
	for i := range 50_000 {
		ext := map[string]any{"consumerGroup": "reader", "topic": victimTopic, "queueId": fmt.Sprint(i % victimQueues),
			"commitOffset": fmt.Sprint(i)}
		commits = append(commits, frame(15, i, true, ext, nil)...)
	}
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 8)
	for range 4 {
		h.write(20*time.Second, func(int) []byte { return commits })
	}
	return nil
}

func refs(a *arena) error {
	var b bytes.Buffer
	b.WriteString(`{"clientID":"refs","x":{`)
	for i := range 40_000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	b.WriteString(`"z":0},"consumerDataSet":[`)
	for i := range 40_000 {
		fmt.Fprintf(&b, `{"$ref":"$.x.k%d"},`, 39_999-i)
	}
	b.WriteString(`null]}`)
	return crowd(8, func(i int) error {
		for range 5 {
			if err := try(a.broker.Addr(), 34, nil, b.Bytes(), 20*time.Second); err != nil {
				return err
			}
			if err := try(a.broker.Addr(), 34, nil, beat(fmt.Sprint("honest", i), "honest"), 2*time.Second); err != nil {
				return fmt.Errorf("an honest heartbeat: %w", err)
			}
		}
		return nil
	})
}
