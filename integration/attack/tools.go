package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

// crowd runs f for 0 to n-1, at most 64 at once, and joins at most ten errors.
func crowd(n int, f func(i int) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, 64)
	for i := range n {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			if err := f(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if len(errs) < 10 {
					errs = append(errs, err)
				}
			}
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// herd is many connections that are closed together.
type herd struct {
	mu    sync.Mutex
	conns []net.Conn
}

// grow dials n more; those that are refused do not count.
func (h *herd) grow(addr string, n int) {
	_ = crowd(n, func(int) error {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.conns = append(h.conns, c)
		h.mu.Unlock()
		return nil
	})
}

// write sends bytes on each connection, as much as the peer takes within limit; the peer may close.
func (h *herd) write(limit time.Duration, bytes func(i int) []byte) {
	_ = crowd(len(h.conns), func(i int) error {
		_ = h.conns[i].SetWriteDeadline(time.Now().Add(limit))
		_, err := h.conns[i].Write(bytes(i))
		return err
	})
}

func (h *herd) close() {
	for _, c := range h.conns {
		_ = c.Close()
	}
}

// frame is a request without an answer that anybody waits for.
func frame(code, opaque int, oneway bool, ext map[string]any, body []byte) []byte {
	flag := 0
	if oneway {
		flag = 2
	}
	f, err := wire.Encode(wire.Request{Code: code, Flag: flag, Ext: ext, Body: body}, int32(opaque))
	if err != nil {
		panic(err) // the attack itself is wrong
	}
	return f
}

// ask sends one request on a connection of its own. Only a missing answer is an error: which one it is, others judge.
func ask(addr string, code int, ext map[string]any, body []byte, wait time.Duration) (wire.Response, error) {
	r, err := wire.Call(addr, wire.Request{Code: code, Ext: ext, Body: body}, wait)
	if err != nil {
		err = fmt.Errorf("request %d: %w", code, err)
	}
	return r, err
}

// try is ask for requests whose peer may also close the connection.
func try(addr string, code int, ext map[string]any, body []byte, wait time.Duration) error {
	_, err := ask(addr, code, ext, body, wait)
	if errors.Is(err, wire.ErrClosed) {
		return nil
	}
	return err
}

// dial is a client with patience.
func (a *arena) dial() (*client.Client, error) { return client.Dial(a.broker.Addr(), 20*time.Second) }

// beat is the body of a heartbeat of one member of a group.
func beat(id, group string) []byte {
	return fmt.Appendf(nil, `{"clientID":%q,"consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY",`+
		`"groupName":%q,"messageModel":"CLUSTERING","subscriptionDataSet":[{"subString":"*","subVersion":1,"topic":%q,"tagsSet":[],"codeSet":[]}]}],`+
		`"producerDataSet":[]}`, id, group, victimTopic)
}

// longName is a topic name of the greatest length.
func longName(prefix string, i int) string {
	name := fmt.Sprintf("%s_%d_", prefix, i)
	return name + strings.Repeat("x", 127-len(name))
}

// rude sends to the victim's topic as another producer would, whatever the answer.
func rude(c *client.Client, n int, sysFlag int, props string) error {
	_, err := c.Send(&client.Message{Topic: victimTopic, Queue: n % victimQueues, SysFlag: sysFlag, Props: props,
		Body: []byte("rude")})
	return err
}

// sendTo sends one message with a tag to a topic.
func sendTo(c *client.Client, topic string) error {
	sent, err := c.Send(&client.Message{Topic: topic, Queue: int(time.Now().UnixMicro() % victimQueues),
		Props: client.Props("TAGS", "OTHER"), Body: []byte("x")})
	if err == nil && sent.Code != 0 {
		err = fmt.Errorf("send answered %d %s", sent.Code, sent.Remark)
	}
	return err
}
