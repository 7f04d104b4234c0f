package client

import (
	"encoding/json"
	"fmt"
	"time"

	"gorocket/integration/wire"
)

// Codes of a pull's answer.
const (
	PullFound    = 0
	PullNotFound = 19
	PullRetry    = 20 // nothing matched: go on at Next
	PullMoved    = 21 // the offset is outside the queue: go on at Next
)

// Pulled is the answer to one pull.
type Pulled struct {
	Code           int
	Remark         string
	Next, Min, Max int64
	Body           []byte // stored records back to back
}

// Pull is PULL_MESSAGE for all tags, without waiting for new messages.
func (c *Client) Pull(topic string, queue int, offset int64, count int) (p Pulled, err error) {
	ext := queueOf(topic, queue)
	for k, v := range map[string]any{"consumerGroup": "reader", "queueOffset": fmt.Sprint(offset),
		"maxMsgNums": fmt.Sprint(count), "sysFlag": "4", "commitOffset": "0",
		"suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "0", "expressionType": "TAG"} {
		ext[k] = v
	}
	r, err := c.Call(11, ext, nil)
	if err != nil {
		return p, err
	}
	p = Pulled{Code: r.Code, Remark: r.Remark, Body: r.Body}
	if r.Code != PullFound && (r.Code < PullNotFound || r.Code > PullMoved) {
		return p, &CodeError{11, r.Code, r.Remark}
	}
	for field, to := range map[string]*int64{"nextBeginOffset": &p.Next, "minOffset": &p.Min, "maxOffset": &p.Max} {
		if *to, err = number(r, field); err != nil {
			return p, err
		}
	}
	return p, nil
}

// pullPatience is how long ReadQueue waits for a queue's end to stay: a busy broker may not have dispatched yet.
const pullPatience = 5 * time.Second

// ReadQueue calls visit for each record of a queue from offset at up to its max offset. It returns where it ended.
func (c *Client) ReadQueue(topic string, queue int, at int64, visit func(*Record) error) (int64, error) {
	stuck := time.Now()
	for {
		p, err := c.Pull(topic, queue, at, 32)
		if err != nil {
			return at, err
		}
		switch {
		case p.Code == PullFound:
			err = EachRecord(p.Body, visit)
		case at >= p.Max:
			return at, nil
		case time.Since(stuck) > pullPatience:
			return at, fmt.Errorf("client: %s queue %d: pull at %d answers %d %s, next %d, queue %d..%d", topic, queue, at,
				p.Code, p.Remark, p.Next, p.Min, p.Max)
		default:
			time.Sleep(5 * time.Millisecond)
		}
		if err != nil {
			return at, err
		}
		if p.Next > at {
			at, stuck = p.Next, time.Now()
		}
	}
}

// QueryKey is QUERY_MESSAGE: the records with a key, newest first as the broker returns them.
func (c *Client) QueryKey(topic, key string, unique bool, max int) ([]*Record, error) {
	ext := map[string]any{"topic": topic, "key": key, "maxNum": fmt.Sprint(max), "beginTimestamp": "0",
		"endTimestamp": fmt.Sprint(time.Now().Add(time.Hour).UnixMilli())}
	if unique {
		ext["_UNIQUE_KEY_QUERY"] = "true"
	}
	r, err := c.Call(12, ext, nil)
	if err != nil || r.Code == 22 {
		return nil, err
	}
	if r.Code != 0 {
		return nil, &CodeError{12, r.Code, r.Remark}
	}
	return Records(r.Body)
}

// View is VIEW_MESSAGE_BY_ID: the record at a commit log offset.
func (c *Client) View(offset int64) (*Record, error) {
	r, err := c.OK(33, map[string]any{"offset": fmt.Sprint(offset)}, nil)
	if err != nil {
		return nil, err
	}
	return Decode(r.Body)
}

// Table is the JSON text of one of the broker's tables: 21 topics, 43 consumer offsets, 45 delay offsets, 201 groups.
func (c *Client) Table(code int) (any, error) {
	r, err := c.OK(code, nil, nil)
	if err != nil {
		return nil, err
	}
	return ParseJSON(r)
}

// ParseJSON reads a body in fastjson's dialect: map keys that are numbers stand without quotes.
func ParseJSON(r wire.Response) (v any, err error) {
	if err := json.Unmarshal(quoteKeys(r.Body), &v); err != nil {
		return nil, fmt.Errorf("client: body %.200q: %w", r.Body, err)
	}
	return v, nil
}

// quoteKeys puts the unquoted integer keys of fastjson's maps in quotes.
func quoteKeys(in []byte) (out []byte) {
	text, key := false, false // inside a string; a key may begin here
	for i := 0; i < len(in); i++ {
		b := in[i]
		if text {
			out = append(out, b)
			if b == '\\' && i+1 < len(in) {
				i++
				out = append(out, in[i])
			}
			text = b != '"'
			continue
		}
		if end := integerKey(in, i); key && end > i {
			out = append(append(append(out, '"'), in[i:end]...), '"')
			i, key = end-1, false
			continue
		}
		switch b {
		case '"':
			text, key = true, false
		case '{', ',':
			key = true
		case ' ', '\t', '\n', '\r':
		default:
			key = false
		}
		out = append(out, b)
	}
	return out
}

// integerKey returns the end of "digits:" at i without the colon, or i.
func integerKey(in []byte, i int) int {
	end := i
	for end < len(in) && (in[end] >= '0' && in[end] <= '9' || end == i && in[end] == '-') {
		end++
	}
	if end > i && end < len(in) && in[end] == ':' {
		return end
	}
	return i
}
