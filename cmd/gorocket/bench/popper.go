package bench

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gorocket/remoting/wire"
)

// maxPopped is how many messages one pop gives at most.
const maxPopped = 32

// popSpec is what the pops of a load have in common.
type popSpec struct {
	topic, group string
	broker       string // the broker's name, which handles carry
	max          int    // messages of an answer
	poll         int64  // ms that the broker may hold the pop
	batch        bool   // one request acknowledges all messages of an answer
	sign         *signing
	round        atomic.Int64 // behind the end of the queues a group of another name begins again; -1: never
}

// invisible is for how long what is popped is invisible, ms.
const invisible = 60_000

// groupOf is the group of a round.
func (s *popSpec) groupOf(round int64) string {
	if round <= 0 {
		return s.group
	}
	return s.group + "_" + strconv.FormatInt(round, 10)
}

// popJob pops on a connection, acknowledges what comes, and pops again. The worker's goroutine only.
type popJob struct {
	spec    *popSpec
	poppers []*popper
	owners  []*popper // by slot: whose request it is
	started bool
	found   findings
	acked   int64
	rounds  int64
	visit   func(c *conn, r *record, now int64) // nil: pops are what is counted
}

// popper has one pop under way, or its acknowledgements.
type popper struct {
	popping bool
	round   int64
	left    int // acknowledgements without an answer
}

// slots is how many requests may be in flight on a connection with so many poppers.
func (s *popSpec) slots(poppers int) int { return poppers * maxPopped }

func (s *popSpec) job(poppers int) *popJob {
	j := &popJob{spec: s, owners: make([]*popper, s.slots(poppers))}
	for range poppers {
		j.poppers = append(j.poppers, &popper{})
	}
	return j
}

func (j *popJob) more(c *conn, now int64) error {
	if !j.started {
		j.started, c.parser.full = true, true
		for _, p := range j.poppers {
			j.pop(c, p, now)
		}
	}
	return c.flushBatch()
}

// stage puts a request into the connection's batch, with a header in JSON: the codes of POP have more than the two
// bytes that the binary form gives them.
func stage[T any](j *popJob, c *conn, p *popper, code int32, t *wire.HeaderType[T], h *T, body []byte, begun int64) {
	frame := appendRequest(j.spec.sign, wire.SerializeJSON, code, t, h, body)
	slot := c.take(begun)
	j.owners[slot] = p
	opaque, binary, err := findOpaque(frame)
	if err == nil { // our own writer
		putOpaque(frame, opaque, binary, slot)
	}
	c.batch = append(c.batch, frame...)
}

func (j *popJob) pop(c *conn, p *popper, now int64) {
	s := j.spec
	p.popping, p.round = true, s.round.Load()
	h := wire.PopMessageRequestHeader{ConsumerGroup: s.groupOf(p.round), Topic: s.topic, QueueID: -1,
		MaxMsgNums: int32(s.max), InvisibleTime: invisible, PollTime: s.poll, BornTime: time.Now().UnixMilli(),
		InitMode: wire.PopInitMin, ExpType: "TAG", Exp: "*"}
	if s.round.Load() < 0 {
		h.InitMode = wire.PopInitMax
	}
	stage(j, c, p, wire.ReqPopMessage, wire.PopMessageRequest, &h, nil, now)
}

func (j *popJob) answer(c *conn, slot int32, a *answer, begun, now int64) error {
	p := j.owners[slot]
	if !p.popping {
		if a.code != wire.Success {
			c.w.rec.bad(a.code, a.remark)
		}
		if p.left--; p.left == 0 {
			j.pop(c, p, now)
		}
		return nil
	}
	switch a.code {
	case wire.Success:
		j.take(c, p, a, begun, now)
	case wire.PollingTimeout, wire.PollingFull, wire.PullNotFound:
		if r := j.spec.round.Load(); r == p.round && r >= 0 && j.spec.round.CompareAndSwap(r, r+1) {
			j.rounds++
		}
	default:
		return fmt.Errorf("%s refused a pop of %s: code %d %s: %s", c.addr, j.spec.topic, a.code, codeName(a.code),
			clip(a.remark))
	}
	if p.left == 0 {
		j.pop(c, p, now)
	}
	return nil
}

// take looks at popped messages, and acknowledges them.
func (j *popJob) take(c *conn, p *popper, a *answer, begun, now int64) {
	starts := map[string]string{}
	for e := range strings.SplitSeq(a.cmd.GetString("startOffsetInfo"), ";") {
		if f := strings.Split(e, " "); len(f) == 3 && f[0] == "0" {
			starts[f[1]] = f[2]
		}
	}
	var list []record
	for b := a.body; len(b) > 0; {
		var r record
		err := readRecord(b, &r)
		if err == nil && starts[strconv.Itoa(int(r.queueID))] == "" {
			err = fmt.Errorf("offset %d of queue %d came again, or startOffsetInfo %q lacks it", r.queueOffset, r.queueID,
				a.cmd.GetString("startOffsetInfo"))
		}
		if err != nil {
			j.found.note(&j.found.faulty, 1, "%s: %v", c.addr, err)
			break
		}
		list = append(list, r)
		b = b[r.size:]
	}
	if j.visit == nil {
		c.w.rec.good(begun, now, int64(len(list)), int64(len(a.body)))
	} else {
		for i := range list {
			j.visit(c, &list[i], now)
		}
	}
	p.popping = false
	j.acked += int64(len(list))
	if j.spec.batch {
		j.ackBatch(c, p, a, starts, list, now)
		return
	}
	for i := range list {
		r := &list[i]
		queue := strconv.Itoa(int(r.queueID))
		h := wire.AckMessageRequestHeader{ConsumerGroup: j.spec.groupOf(p.round), Topic: j.spec.topic, QueueID: r.queueID,
			Offset: r.queueOffset, ExtraInfo: strings.Join([]string{starts[queue], a.cmd.GetString("popTime"),
				a.cmd.GetString("invisibleTime"), a.cmd.GetString("reviveQid"), "0", j.spec.broker, queue,
				strconv.FormatInt(r.queueOffset, 10)}, " ")}
		p.left++
		stage(j, c, p, wire.ReqAckMessage, wire.AckMessageRequest, &h, nil, now)
	}
}

// popEntry is one entry of a batch of acknowledgements. Java: BatchAck.
type popEntry struct {
	Group     string `json:"c"`
	Topic     string `json:"t"`
	Retry     string `json:"r"`
	Start     int64  `json:"so"`
	Queue     int32  `json:"q"`
	Revive    int64  `json:"rq"`
	PopTime   int64  `json:"pt"`
	Invisible int64  `json:"it"`
	Bits      string `json:"b"`
}

// ackBatch acknowledges all messages of an answer by one request.
func (j *popJob) ackBatch(c *conn, p *popper, a *answer, starts map[string]string, list []record, now int64) {
	number := func(text string) int64 {
		n, _ := strconv.ParseInt(text, 10, 64) // a wrong one acknowledges nothing
		return n
	}
	entries, bits := map[int32]*popEntry{}, map[int32][]byte{}
	for i := range list {
		r := &list[i]
		e := entries[r.queueID]
		if e == nil {
			e = &popEntry{Group: j.spec.groupOf(p.round), Topic: j.spec.topic, Retry: "0",
				Start: number(starts[strconv.Itoa(int(r.queueID))]), Queue: r.queueID,
				Revive: number(a.cmd.GetString("reviveQid")), PopTime: number(a.cmd.GetString("popTime")),
				Invisible: number(a.cmd.GetString("invisibleTime"))}
			entries[r.queueID] = e
		}
		at := int(r.queueOffset - e.Start)
		for len(bits[r.queueID]) <= at/8 {
			bits[r.queueID] = append(bits[r.queueID], 0)
		}
		bits[r.queueID][at/8] |= 1 << (at % 8)
	}
	var all []*popEntry
	for queue, e := range entries {
		e.Bits = base64.StdEncoding.EncodeToString(bits[queue])
		all = append(all, e)
	}
	if len(all) == 0 {
		return
	}
	body, err := json.Marshal(map[string]any{"brokerName": j.spec.broker, "acks": all})
	if err != nil {
		j.found.note(&j.found.faulty, 1, "%v", err)
		return
	}
	p.left++
	stage(j, c, p, wire.ReqBatchAckMessage, wire.None, new(wire.NoHeader), body, now)
}
