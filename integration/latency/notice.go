package main

import (
	"fmt"
	"time"

	"gorocket/integration/wire"
)

// notices lets a second member of a group come and go, and returns how long the first one waits for
// NOTIFY_CONSUMER_IDS_CHANGED. Every second leave is a closed connection, the others are UNREGISTER_CLIENT.
func notices(addr string, times int) (joins, leaves []time.Duration, err error) {
	stays, err := wire.Dial(addr)
	if err != nil {
		return nil, nil, err
	}
	defer stays.Close()
	if err := beat(stays, "stays"); err != nil {
		return nil, nil, err
	}
	for told(stays, 300*time.Millisecond) == nil { // what the first heartbeat itself causes
	}
	for i := range times {
		join, leave, err := comeAndGo(addr, stays, fmt.Sprintf("guest-%d", i), i%2 == 0)
		if err != nil {
			return nil, nil, err
		}
		joins, leaves = append(joins, join), append(leaves, leave)
	}
	return joins, leaves, nil
}

func comeAndGo(addr string, stays *wire.Conn, id string, politely bool) (join, leave time.Duration, err error) {
	guest, err := wire.Dial(addr)
	if err != nil {
		return 0, 0, err
	}
	defer guest.Close()
	begin := time.Now()
	sent := make(chan error, 1)
	go func() { sent <- beat(guest, id) }()
	if err := told(stays, 10*time.Second); err != nil {
		return 0, 0, fmt.Errorf("after a join: %w", err)
	}
	join = time.Since(begin)
	if err := <-sent; err != nil {
		return 0, 0, err
	}
	begin = time.Now()
	if politely {
		bye, err := wire.Encode(wire.Request{Code: 35, Ext: map[string]any{"clientID": id, "consumerGroup": "CG_notice"}}, 9)
		if err != nil {
			return 0, 0, err
		}
		if _, err := guest.Write(bye); err != nil {
			return 0, 0, err
		}
	} else {
		guest.Close()
	}
	if err := told(stays, 10*time.Second); err != nil {
		return 0, 0, fmt.Errorf("after a leave (unregistered: %v): %w", politely, err)
	}
	return join, time.Since(begin), nil
}

// told waits for code 40.
func told(c *wire.Conn, limit time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	for {
		frame, err := wire.ReadRaw(c)
		if err != nil {
			return err
		}
		r, err := wire.Decode(frame)
		if err != nil {
			return err
		}
		if r.Code == 40 && !r.IsResponse() {
			return nil
		}
	}
}

// beat is the heartbeat of a consumer of one group.
func beat(c *wire.Conn, id string) error {
	body := fmt.Sprintf(`{"clientID":%q,"producerDataSet":[],"consumerDataSet":[{"groupName":"CG_notice","consumeType":"CONSUME_PASSIVELY",`+
		`"messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","unitMode":false,"subscriptionDataSet":[{"classFilterMode":false,`+
		`"codeSet":[],"expressionType":"TAG","subString":"*","subVersion":1,"tagsSet":[],"topic":"latency"}]}]}`, id)
	r, err := c.Call(wire.Request{Code: 34, Body: []byte(body)}, 5*time.Second)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("heartbeat: code %d %s", r.Code, r.Remark)
	}
	return err
}
