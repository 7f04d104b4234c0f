package against

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/check"
	"gorocket/store/record"
)

// Limits of a comparison.
const (
	inFlight   = 64      // questions at once
	batchBytes = 8 << 20 // of records that wait for their answers, but for one that is larger
	maxQueues  = 1 << 20 // whose ends are compared
	askTimeout = 10 * time.Second
	busyPause  = 100 * time.Millisecond
)

// Report is what a comparison found.
type Report struct {
	Peer     string      `json:"peer"`
	From     int64       `json:"from"`     // the range of the log that both have
	To       int64       `json:"to"`       // offsets
	PeerFrom int64       `json:"peerFrom"` // what the peer has
	PeerTo   int64       `json:"peerTo"`
	Compared int64       `json:"compared"`        // records that are the same, byte by byte
	NotShown int64       `json:"notShown"`        // records of topics that the peer does not have any more: not compared
	Queues   int         `json:"queues"`          // whose ends were compared
	First    *Difference `json:"first,omitempty"` // nil: none
}

// Difference is the first one.
type Difference struct {
	File     string `json:"file"`     // of the directory
	Position int64  `json:"position"` // in the file
	Offset   int64  `json:"offset"`   // in the log
	Topic    string `json:"topic"`
	QueueID  int32  `json:"queueId"` // -1: what is here is no record
	Here     string `json:"here"`
	There    string `json:"there"`
}

func (d *Difference) String() string {
	if d.QueueID < 0 {
		return fmt.Sprintf("%s at %d, log offset %d: here %s", d.File, d.Position, d.Offset, d.Here)
	}
	return fmt.Sprintf("%s at %d, log offset %d, queue %d of %s: here %s; there %s", d.File, d.Position, d.Offset,
		d.QueueID, d.Topic, d.Here, d.There)
}

// held is a record that waits for the peer's.
type held struct {
	file  string
	at    int64
	m     record.View // of bytes of its own
	same  bool
	there string // what the peer has, if it is not the same
	err   error  // no record came
}

type queue struct {
	topic string
	id    int32
}

// comparison is one run; one goroutine.
type comparison struct {
	ctx    context.Context
	client *remoting.Client
	r      *Report
	batch  []held
	bytes  int
	damage *check.ExportDamage // the first one; nil: none so far
	ends   map[queue]held      // the last record of each queue, without its bytes
	// of the directory's log, as far as its records were looked at; from is -1 before the first one
	from, to int64
}

// errFound ends a walk at the first difference.
var errFound = errors.New("a difference")

// Compare compares the directory with the broker at peer, host:port, as a client with opts. What of the directory
// cannot be read is a difference if there are records behind it. The error is that the peer cannot be asked, that
// nothing could be compared, or those of check.Walk.
func Compare(ctx context.Context, dir store.Offline, peer string, opts remoting.Options) (*Report, error) {
	client, err := remoting.NewClient(&remoting.Table{}, opts)
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Stop() }()
	c := &comparison{ctx: ctx, client: client, r: &Report{Peer: peer, From: -1}, from: -1, ends: map[queue]held{}}
	if err := c.askRange(); err != nil {
		return c.r, err
	}
	err = dir.Walk(c.take, func(d check.ExportDamage) {
		if c.damage == nil {
			c.damage = &d
		}
	})
	if err == nil {
		err = c.settle()
	}
	if err == nil {
		err = c.compareEnds()
	}
	if errors.Is(err, errFound) {
		err = nil
	} else if err == nil {
		err = c.anything()
	}
	c.r.From = max(0, c.r.From)
	return c.r, err
}

// anything tells why nothing was compared, nil when something was, or when there is nothing to compare.
func (c *comparison) anything() error {
	switch {
	case c.r.Compared > 0, c.from < 0:
		return nil
	case c.r.NotShown > 0:
		return fmt.Errorf("nothing could be compared: it shows none of the %d records that both logs should have; are their "+
			"topics gone there, or is it another broker?", c.r.NotShown)
	}
	return fmt.Errorf("nothing could be compared: the log of the directory is %d..%d, and its is %d..%d", c.from, c.to,
		c.r.PeerFrom, c.r.PeerTo)
}

// take takes the next record of the directory.
func (c *comparison) take(file string, at int64, m *record.View) error {
	if c.from < 0 {
		c.from = m.PhysicalOffset
	}
	c.to = m.PhysicalOffset + int64(m.Size)
	if m.PhysicalOffset < c.r.PeerFrom {
		return nil
	}
	own, err := record.Decode(bytes.Clone(m.Record))
	if err != nil {
		return err
	}
	if c.damage != nil {
		return c.damaged(m.PhysicalOffset - at)
	}
	h := held{file: file, at: at, m: own}
	if own.PhysicalOffset+int64(own.Size) > c.r.PeerTo {
		if err := c.settle(); err != nil {
			return err
		}
		return c.differs(&h, fmt.Sprintf("the log ends at %d", c.r.PeerTo))
	}
	if c.r.From < 0 {
		c.r.From = own.PhysicalOffset
	}
	if c.batch, c.bytes = append(c.batch, h), c.bytes+int(own.Size); len(c.batch) >= inFlight || c.bytes >= batchBytes {
		return c.settle()
	}
	return nil
}

// damaged makes a part that could not be read the first difference, if there is none before it. base is the log offset
// at which the file of the next record begins.
func (c *comparison) damaged(base int64) error {
	if err := c.settle(); err != nil {
		return err
	}
	d := c.damage
	offset, err := strconv.ParseInt(path.Base(d.File), 10, 64)
	if err != nil {
		offset = base
	}
	c.r.First = &Difference{File: d.File, Position: d.From, Offset: offset + d.From, QueueID: -1,
		Here: "what cannot be read: " + d.Why, There: "not asked for"}
	return errFound
}

// settle asks for the peer's records at the offsets of the batch and compares them.
func (c *comparison) settle() error {
	var wg sync.WaitGroup
	for i := range c.batch {
		b := &c.batch[i]
		wg.Go(func() {
			reply, err := ask(c, wire.ReqViewMessageById, wire.ViewMessageRequest,
				&wire.ViewMessageRequestHeader{Offset: b.m.PhysicalOffset})
			if b.err = err; err != nil {
				return
			}
			if b.same = bytes.Equal(reply.Body, b.m.Record); !b.same { // the answer, of any size, goes at once
				b.there = record.Describe(reply.Body)
			}
		})
	}
	wg.Wait()
	for i := range c.batch {
		if err := c.judge(&c.batch[i]); err != nil {
			return err
		}
	}
	clear(c.batch)
	c.batch, c.bytes = c.batch[:0], 0
	return nil
}

// judge compares one record with the answer for its offset.
func (c *comparison) judge(h *held) error {
	switch {
	case refused(h.err):
		return c.missing(h)
	case h.err != nil:
		return h.err
	case !h.same:
		return c.differs(h, h.there)
	}
	c.r.Compared++
	c.r.To = h.m.PhysicalOffset + int64(h.m.Size)
	if record.HasQueueEntry(h.m.SysFlag) && len(c.ends) < maxQueues {
		end := held{file: h.file, at: h.at, m: h.m}
		end.m.Record, end.m.Body, end.m.Properties, end.m.Topic = nil, nil, nil, nil
		c.ends[queue{string(h.m.Topic), h.m.QueueID}] = end
	}
	return nil
}

// missing finds out why the peer shows no message at an offset: gorocket shows only what is in a queue, so not what has
// no queue, or whose topic is gone.
func (c *comparison) missing(h *held) error {
	least, most, err := c.queueRange(queue{string(h.m.Topic), h.m.QueueID})
	switch at := h.m.QueueOffset; {
	case err != nil:
		return err
	case !record.HasQueueEntry(h.m.SysFlag), most == 0, at < least:
		c.r.NotShown++
		return nil
	case at >= most:
		return c.differs(h, fmt.Sprintf("no message, and the queue ends at %d", most))
	}
	return c.differs(h, "no message at this offset of the log")
}

// compareEnds compares where the queues end: the peer's must reach as far as the records that were compared.
func (c *comparison) compareEnds() error {
	queues := make([]queue, 0, len(c.ends))
	for q := range c.ends {
		queues = append(queues, q)
	}
	slices.SortFunc(queues, func(a, b queue) int {
		return cmp.Compare(c.ends[a].m.PhysicalOffset, c.ends[b].m.PhysicalOffset)
	})
	for _, q := range queues {
		_, most, err := c.queueRange(q)
		if err != nil {
			return err
		}
		c.r.Queues++
		if h := c.ends[q]; most > 0 && most <= h.m.QueueOffset {
			h.m.Topic = []byte(q.topic)
			return c.differs(&h, fmt.Sprintf("the record is there, but the queue ends at %d", most))
		}
	}
	return nil
}

// differs notes the first difference.
func (c *comparison) differs(h *held, there string) error {
	c.r.First = &Difference{File: h.file, Position: h.at, Offset: h.m.PhysicalOffset, Topic: string(h.m.Topic),
		QueueID: h.m.QueueID, Here: h.m.String(), There: there}
	return errFound
}
