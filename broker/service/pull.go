package service

import (
	"errors"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/static"
	"gorocket/remoting/protocol"
	"gorocket/store"
)

// ErrElsewhere says that another broker has the messages: Pull.Static tells which, and the request's Reading names the
// queue there.
var ErrElsewhere = errors.New("service: another broker has the messages")

// PullRequest is what a consumer asks for.
type PullRequest struct {
	Group string
	Topic string
	static.Reading
	Lo             string // "false": another broker has turned a logic queue into this physical one
	Carried        bool   // Expression is the subscription; else the group's of its last heartbeat is
	Expression     string
	ExpressionType string
	SubVersion     int64  // of the subscription that the consumer goes by
	Lite           bool   // a lite pull consumer asks
	NoWait         bool   // on an event loop: ErrWouldWait instead of reading files
	Peer           string // ip:port, for texts
}

// Pull is one pull, and what it found. The caller owns it; it may be used again after Release.
type Pull struct {
	PullRequest

	Status static.PullStatus
	static.Offsets
	Text          string // for people: the store's word, or why it failed
	TopicSysFlag  int32
	GroupSysFlag  int32
	SuggestBroker int64                 // the broker id to ask next time
	Found         store.GetResult       // the records, of status PullFound only and until Release
	Sub           *clients.Subscription // by which it was read
	Static        *static.Pull          // nil for an ordinary topic

	query store.GetQuery
	reset bool // the outcome is an offset that an administrator set
}

// Release gives back what Found holds of the log.
func (p *Pull) Release() { p.Found.Release() }

// Puller reads messages. Java: PullMessageProcessor, DefaultPullMessageResultHandler.
type Puller struct{ *base }

// Pull checks a pull and reads. Without an error the outcome is in p; a caller that does not let the pull wait calls
// Answered, and Release in either case. Errors are ErrWouldWait, ErrElsewhere and *Refusal.
func (s *Puller) Pull(p *Pull) error {
	if err := s.check(p); err != nil {
		return err
	}
	if p.Sub.Expr != nil && p.NoWait {
		return ErrWouldWait // evaluating expressions on thousands of messages takes milliseconds
	}
	if pending, err := s.resetPending(p); pending || err != nil {
		return err
	}
	s.Read(p)
	if p.Found.Cold {
		p.Release()
		return ErrWouldWait
	}
	if p.Commit >= 0 {
		s.tableFull(s.Committed.Commit(p.Group, p.Topic, p.QueueID, p.Commit))
	}
	return nil
}

// Read reads once more what a pull that was let in asked for. With NoWait Found.Cold says that files have to be read.
func (s *Puller) Read(p *Pull) {
	s.ask(p)
	p.Status, p.reset = statusOf(&p.Found, p.Offset), false
	p.Offsets = static.Offsets{Next: p.Found.NextBeginOffset, Min: p.Found.MinOffset, Max: p.Found.MaxOffset,
		Delta: static.NoDelta}
	p.Text = p.Found.Status.String()
	if p.Found.Err != nil {
		p.Text = p.Found.Err.Error()
	} else if p.Static != nil {
		if p.Status = p.Static.Revise(p.Status, p.Offset, &p.Offsets); p.Status != static.PullFound {
			p.Text = ""
		}
	}
}

// ask asks the store. A message count of 0 or less is Java's "as many as the limits allow".
func (s *Puller) ask(p *Pull) {
	p.query = store.GetQuery{Topic: p.Topic, QueueID: p.QueueID, Offset: p.Offset, MaxCount: int(p.MaxCount),
		HotOnly: p.NoWait}
	if !p.Sub.All || p.Sub.Expr != nil {
		p.query.Filter = p.Sub
	}
	if p.NoWait { // it takes no time worth telling
		s.store.Get(&p.query, &p.Found)
		return
	}
	began := time.Now()
	s.store.Get(&p.query, &p.Found)
	s.Stats.Times.Read(time.Since(began).Milliseconds())
}

// statusOf maps the store's status. Java: composeResponseHeader.
func statusOf(found *store.GetResult, asked int64) static.PullStatus {
	switch found.Status {
	case store.Found:
		return static.PullFound
	case store.NoMatchedMessage, store.MessageWasRemoving:
		return static.PullRetry
	case store.NoMatchedLogicQueue, store.NoMessageInQueue:
		if asked != 0 {
			return static.PullMoved
		}
		return static.PullNothing
	case store.OffsetFoundNull, store.OffsetOverflowOne:
		return static.PullNothing
	case store.NotReadable:
		return static.PullFailed
	}
	return static.PullMoved
}

// Relocate reads for a pull of a static topic that has waited, as if it came again: the queue may have moved meanwhile.
// Errors are ErrElsewhere and *Refusal.
func (s *Puller) Relocate(p *Pull) error {
	p.Static = nil
	if err := s.locate(p); err != nil {
		return err
	}
	s.Read(p)
	return nil
}

// Answered counts a pull that is answered now, notes where the group goes on, and fills what the answer tells beside
// the messages.
func (s *Puller) Answered(p *Pull) {
	p.TopicSysFlag, p.GroupSysFlag, p.SuggestBroker = 0, 0, 0
	if p.reset {
		return
	}
	messages, bytes := int64(0), int64(0)
	if p.Found.Status == store.Found {
		messages, bytes = int64(p.Found.Count), int64(p.Found.Bytes)
		s.Stats.Found.Add(1)
		s.Stats.Gets.Add(messages)
		s.Stats.GetBytes.Add(bytes)
	} else {
		s.Stats.Missed.Add(1)
	}
	s.tableFull(s.Pulled.Pulled(p.Group, p.Topic, p.QueueID, p.Found.NextBeginOffset, messages, bytes))
	if t := s.Topics.Get(p.Topic); t != nil {
		p.TopicSysFlag = int32(t.TopicSysFlag)
	}
	if g := s.Groups.Get(p.Group); g != nil {
		p.GroupSysFlag = int32(g.GroupSysFlag)
		if s.cfg().SlaveReadEnable {
			p.SuggestBroker = g.BrokerID
			if p.Found.SuggestSlave {
				p.SuggestBroker = g.WhichBrokerWhenConsumeSlowly
			}
		}
	}
}

// resetPending takes the offset that an administrator set for the queue for an answer, once.
func (s *Puller) resetPending(p *Pull) (pending bool, err error) {
	if !s.cfg().UseServerSideResetOffset || !s.Committed.HasReset(p.Group, p.Topic, p.QueueID) {
		return false, nil
	}
	if p.NoWait {
		return true, ErrWouldWait // the queue's smallest offset may have to be read from a file
	}
	offset, ok := s.Committed.TakeReset(p.Group, p.Topic, p.QueueID)
	if !ok {
		return false, nil
	}
	p.Status, p.Text, p.reset = static.PullMoved, store.OffsetReset.String(), true
	p.Offsets = static.Offsets{Next: offset, Min: s.store.MinOffset(p.Topic, p.QueueID),
		Max: s.store.MaxOffset(p.Topic, p.QueueID), Delta: static.NoDelta}
	if p.Static != nil {
		p.Static.Reset(offset, &p.Offsets)
	}
	return true, nil
}

// maxSuspendMillis is how long a pull waits at most; clients ask for 15 to 30 s.
const maxSuspendMillis = 3_600_000

// Patience is how long a pull may wait, ms, whose consumer asks for some. Java: DefaultPullMessageResultHandler, case
// PULL_NOT_FOUND.
func (s *Puller) Patience(asked int64) int64 {
	if !s.cfg().LongPollingEnable {
		return int64(s.cfg().ShortPollingTimeMills)
	}
	return min(asked, maxSuspendMillis)
}

// mayRead is the permission to read of a topic or of the broker.
func mayRead(perm int) bool { return perm&protocol.PermRead != 0 }

// Bounds are the smallest offset of a queue and the one behind its newest message.
func (s *Puller) Bounds(topic string, queue int32) (low, high int64) {
	return s.store.MinOffset(topic, queue), s.store.MaxOffset(topic, queue)
}
