// Package client is a small broker client for tests that must see everything: whole stored records, offsets, tables.
// One connection, one request at a time, no retry, no hidden state: what a call returns is what the broker answered. It
// shares no code with the product.
package client

import (
	"fmt"
	"strconv"
	"time"

	"gorocket/integration/wire"
)

// CodeError is an answer with another code than 0.
type CodeError struct {
	Request int
	Code    int
	Remark  string
}

func (e *CodeError) Error() string {
	return fmt.Sprintf("client: request %d answered %d: %s", e.Request, e.Code, e.Remark)
}

// Client is one connection to one broker. One goroutine at a time.
type Client struct {
	conn *wire.Conn
	wait time.Duration
}

// Dial connects; each call then waits at most wait for its answer.
func Dial(addr string, wait time.Duration) (*Client, error) {
	c, err := wire.Dial(addr)
	if err != nil {
		return nil, err
	}
	return &Client{c, wait}, nil
}

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// Call sends a request and returns the answer, whatever its code. The error is one of wire's: afterwards nobody knows
// what the broker did.
func (c *Client) Call(code int, ext map[string]any, body []byte) (wire.Response, error) {
	r, err := c.conn.Call(wire.Request{Code: code, Ext: ext, Body: body}, c.wait)
	if err != nil {
		return r, fmt.Errorf("client: request %d: %w", code, err)
	}
	return r, nil
}

// OK is Call that also makes an error (*CodeError) of each code but 0.
func (c *Client) OK(code int, ext map[string]any, body []byte) (wire.Response, error) {
	r, err := c.Call(code, ext, body)
	if err == nil && r.Code != 0 {
		err = &CodeError{code, r.Code, r.Remark}
	}
	return r, err
}

// number reads an integer field of an answer.
func number(r wire.Response, field string) (int64, error) {
	n, err := strconv.ParseInt(r.Ext[field], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("client: field %s of an answer is %q", field, r.Ext[field])
	}
	return n, nil
}

func (c *Client) offset(code int, ext map[string]any) (int64, error) {
	r, err := c.OK(code, ext, nil)
	if err != nil {
		return 0, err
	}
	return number(r, "offset")
}

func queueOf(topic string, queue int) map[string]any {
	return map[string]any{"topic": topic, "queueId": fmt.Sprint(queue)}
}

// MinOffset is GET_MIN_OFFSET.
func (c *Client) MinOffset(topic string, queue int) (int64, error) {
	return c.offset(31, queueOf(topic, queue))
}

// MaxOffset is GET_MAX_OFFSET.
func (c *Client) MaxOffset(topic string, queue int) (int64, error) {
	return c.offset(30, queueOf(topic, queue))
}

// SearchOffset is SEARCH_OFFSET_BY_TIMESTAMP, ms since 1970.
func (c *Client) SearchOffset(topic string, queue int, timestamp int64) (int64, error) {
	ext := queueOf(topic, queue)
	ext["timestamp"] = fmt.Sprint(timestamp)
	return c.offset(29, ext)
}

// Commit is UPDATE_CONSUMER_OFFSET.
func (c *Client) Commit(group, topic string, queue int, offset int64) error {
	ext := queueOf(topic, queue)
	ext["consumerGroup"], ext["commitOffset"] = group, fmt.Sprint(offset)
	_, err := c.OK(15, ext, nil)
	return err
}

// Committed is QUERY_CONSUMER_OFFSET; -1 when the broker knows none (code 22).
func (c *Client) Committed(group, topic string, queue int) (int64, error) {
	ext := queueOf(topic, queue)
	ext["consumerGroup"], ext["setZeroIfNotFound"] = group, "false"
	r, err := c.Call(14, ext, nil)
	switch {
	case err != nil:
		return 0, err
	case r.Code == 22:
		return -1, nil
	case r.Code != 0:
		return 0, &CodeError{14, r.Code, r.Remark}
	}
	return number(r, "offset")
}

// CreateTopic is UPDATE_AND_CREATE_TOPIC. Attributes are Java's text form ("+queue.type=BatchCQ"), or "".
func (c *Client) CreateTopic(topic string, queues, perm int, attributes string) error {
	ext := map[string]any{"topic": topic, "defaultTopic": "TBW102", "readQueueNums": fmt.Sprint(queues),
		"writeQueueNums": fmt.Sprint(queues),
		"perm":           fmt.Sprint(perm), "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}
	if attributes != "" {
		ext["attributes"] = attributes
	}
	_, err := c.OK(17, ext, nil)
	return err
}

// CreateGroup is UPDATE_AND_CREATE_SUBSCRIPTIONGROUP.
func (c *Client) CreateGroup(group string, retryMax int) error {
	body := fmt.Appendf(nil, `{"groupName":%q,"consumeEnable":true,"consumeFromMinEnable":true,"consumeBroadcastEnable":true,"retryQueueNums":1,"retryMaxTimes":%d,"brokerId":0,"whichBrokerWhenConsumeSlowly":1,"notifyConsumerIdsChangedEnable":true}`, group, retryMax)
	_, err := c.OK(200, nil, body)
	return err
}

// TakePushed returns the requests that the broker sent while calls waited for their answers, and forgets them.
func (c *Client) TakePushed() []wire.Response {
	all := c.conn.Pushed
	c.conn.Pushed = nil
	return all
}
