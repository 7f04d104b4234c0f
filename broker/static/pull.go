package static

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// PullStatus is what a pull came to. Java: PullStatus, ResponseCode.
type PullStatus uint8

// The statuses of a pull.
const (
	PullFound   PullStatus = iota // messages
	PullNothing                   // there is nothing to read yet
	PullRetry                     // nothing that matches; there may be more behind it
	PullMoved                     // the offset is not one of the queue's
	PullFailed                    // the messages cannot be read
)

// pullCodes are the response codes of the statuses.
var pullCodes = [...]int32{wire.Success, wire.PullNotFound, wire.PullRetryImmediately, wire.PullOffsetMoved,
	wire.SystemError}

// Code is the response code of a status.
func (s PullStatus) Code() int32 { return pullCodes[s] }

// Reading is where a pull reads, and what a mapping changes of it: a logic queue, or a physical one.
type Reading struct {
	QueueID  int32
	Offset   int64
	Commit   int64 // offset to commit for the group; negative: none
	MaxCount int32 // messages; 0 or less: as many as the limits allow
}

// Offsets are what the answer to a pull says about the queue.
type Offsets struct {
	Next, Min, Max int64
	Delta          int64 // what the client adds to the queue offsets in the records; NoDelta: the topic is not static
}

// NoDelta is the Delta of an ordinary topic.
const NoDelta = wire.NoOffsetDelta

// Pull is what a pull of a static topic keeps while its reading names the physical queue. Immutable. Java:
// TopicQueueMappingContext.
type Pull struct {
	queue   Queue
	current *protocol.LogicQueueMappingItem // the piece that is read
}

// ErrNotLeader says that this broker does not lead the logic queue.
var ErrNotLeader = errors.New("not the leader of the logic queue")

// notLeader is ErrNotLeader with Java's text for pulls.
type notLeader string

func (e notLeader) Error() string        { return string(e) }
func (e notLeader) Is(target error) bool { return target == ErrNotLeader }

// LocatePull points a pull of a static topic to the physical queue that holds its offset; here tells whether that lies
// on this broker. The error is ErrNotLeader or ErrNoItem. Java: PullMessageProcessor.rewriteRequestForStaticTopic.
//
// Better than Java: the offset to commit is turned into one of the physical queue too (Java stores the logical one),
// and is dropped when it lies in another piece; the client's own commit (code 15) finds that.
func LocatePull(d *protocol.TopicQueueMappingDetail, r *Reading) (p *Pull, here bool, err error) {
	q := QueueOf(d, r.QueueID)
	if !q.Leads() {
		return nil, false, notLeader(fmt.Sprintf("%s-%d cannot find mapping item in request process of current broker %s",
			d.Topic, q.ID, d.Bname))
	}
	it := protocol.ItemAt(q.Items, r.Offset)
	if it == nil {
		return nil, false, ErrNoItem
	}
	if r.Commit >= 0 {
		if protocol.ItemAt(q.Items, r.Commit) == it {
			r.Commit = it.Physical(r.Commit)
		} else {
			r.Commit = -1
		}
	}
	r.QueueID, r.Offset = int32(it.QueueID), it.Physical(r.Offset)
	if it.Ended() {
		r.MaxCount = min(r.MaxCount, int32(min(it.EndOffset-it.StartOffset, math.MaxInt32)))
	}
	return &Pull{q, it}, q.Local(it), nil
}

// PullElsewhere asks the broker that has the piece and passes its answer on; h names the physical queue. It is not held
// there: the client asks again. It waits for the other broker.
func (v *Service) PullElsewhere(r *remoting.Replier, s *Pull, h wire.PullMessageRequestHeader) {
	h.Lo = "false"
	h.SysFlag &^= wire.PullFlagSuspend | wire.PullFlagCommitOffset
	resp, err := cluster.Ask(v.d.Peers(), s.current.Bname, wire.ReqPullMessage, wire.PullMessageRequest, &h)
	if err != nil {
		r.Status(wire.SystemError, "org.apache.rocketmq.remoting.rpc.RpcException: "+err.Error())
		return
	}
	at := slices.Index(pullCodes[:PullFailed], resp.Code)
	if at < 0 {
		r.Status(wire.SystemError, "org.apache.rocketmq.remoting.rpc.RpcException: unexpected remote response code")
		return
	}
	var out wire.PullMessageResponseHeader
	if err := wire.PullMessageResponse.Decode(resp, nil, &out); err != nil {
		r.Status(wire.SystemError, err.Error())
		return
	}
	o := Offsets{Next: out.NextBeginOffset, Min: out.MinOffset, Max: out.MaxOffset, Delta: out.OffsetDelta}
	status := s.Revise(PullStatus(at), h.QueueOffset, &o)
	out.NextBeginOffset, out.MinOffset, out.MaxOffset, out.OffsetDelta = o.Next, o.Min, o.Max, o.Delta
	remoting.Respond(r, status.Code(), "", wire.PullMessageResponse, &out, remoting.Body{Bytes: resp.Body})
}

// Revise makes what a physical queue, asked at an offset of it, has answered the answer of the logic queue: at the end
// of a piece the next one follows. Java: PullMessageProcessor.rewriteResponseForStaticTopic.
func (s *Pull) Revise(status PullStatus, asked int64, o *Offsets) PullStatus {
	v := pieceView{status: status, asked: asked, cur: s.current, next: o.Next, min: o.Min, max: o.Max}
	if status != PullFound {
		v.missed(s.queue.Leader(), protocol.ItemAt(s.queue.Items, 0), s.queue.Items)
	}
	if v.cur.Ended() {
		v.next = min(v.next, v.cur.EndOffset)
	}
	s.logical(v, o)
	return v.status
}

// logical writes the offsets of the logic queue.
func (s *Pull) logical(v pieceView, o *Offsets) {
	o.Next = v.cur.Logical(v.next)
	o.Min = v.cur.Logical(max(v.cur.StartOffset, v.min))
	o.Max = max(v.cur.Logical(v.max), s.queue.Leader().MaxLogical())
	o.Delta = v.cur.Delta()
}

// pieceView is a pull's outcome on its way from one piece to the next. Offsets are those of cur's physical queue.
type pieceView struct {
	status                PullStatus
	asked, next, min, max int64
	cur                   *protocol.LogicQueueMappingItem
}

// missed decides how a pull goes on that found nothing. The piece that was read may be the newest and the oldest at
// once.
func (v *pieceView) missed(leader, earliest *protocol.LogicQueueMappingItem, items []protocol.LogicQueueMappingItem) {
	status, gen := v.status, v.cur.Gen
	if leader.Gen == gen {
		v.leaderMissed(status)
	}
	switch {
	case earliest.Gen == gen && v.asked < v.min:
		v.status, v.next = PullMoved, v.min
	case earliest.Gen == gen || leader.Gen != gen:
		if v.asked < v.min {
			v.status, v.next = PullRetry, v.min
		} else if v.asked >= v.max {
			v.goOn(protocol.ItemAfter(items, gen))
		} else {
			v.status = status
		}
	}
}

func (v *pieceView) leaderMissed(status PullStatus) {
	switch {
	case v.asked > v.max && status == PullMoved:
		v.next = v.max
	case v.asked < v.min:
		v.status, v.next = PullRetry, v.min
	}
}

// goOn moves to the piece behind the one that has been read to its end; without one there is nothing to read yet.
func (v *pieceView) goOn(next *protocol.LogicQueueMappingItem) {
	if next == nil {
		v.status = PullNothing
		return
	}
	v.status, v.cur = PullRetry, next
	v.next, v.min, v.max = next.StartOffset, next.StartOffset, next.StartOffset
}

// Reset writes the answer that tells a client about an offset that an administrator set for the physical queue.
func (s *Pull) Reset(offset int64, o *Offsets) {
	s.logical(pieceView{cur: s.current, next: offset, min: o.Min, max: o.Max}, o)
}
