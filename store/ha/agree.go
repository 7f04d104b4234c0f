package ha

import (
	"fmt"
	"io"
	"time"

	"gorocket/store/epoch"
)

// SwitchSlave is what makes a slave that of a switching group. The slave's goroutine calls its functions.
type SwitchSlave struct {
	ID       int64 // of the broker
	Learner  bool  // it never becomes part of the sync state set (asyncLearner)
	LastFile bool  // an empty slave wants the last file only (syncFromLastFile)
	Epochs   EpochFile
	Min      func() int64 // offset of the oldest byte of the log
	// Confirmed is told the offset below which nothing can be truncated any more, as the master knows it; ConfirmedTo is
	// what this broker knows of it
	Confirmed   func(offset int64)
	ConfirmedTo func() int64
}

// EpochFile is who wrote the slave's log: epoch.File.
type EpochFile interface {
	List() epoch.List
	Begin(e epoch.Entry) error
}

// knows tells that the slave knows who wrote its log: then nothing has to be compared.
func (s *SwitchSlave) knows() bool { return s != nil && len(s.Epochs.List()) > 0 }

// TruncateError says that the end of the slave's log is of a master that was cut off: it has to be truncated before the
// log goes on. The store does that when it is opened.
type TruncateError struct {
	Master string // its haListenPort
	End    int64  // of the slave's log
	Common int64  // what both logs have for certain ends here
}

func (e *TruncateError) Error() string {
	return fmt.Sprintf("ha: the log of this broker ends at %d, but is that of its master %s up to %d only: the rest is "+
		"truncated", e.End, e.Master, e.Common)
}

// UnrelatedError says that two logs have no master in common.
type UnrelatedError struct {
	Master       string
	Ours, Theirs epoch.List
}

func (e *UnrelatedError) Error() string {
	return fmt.Sprintf("ha: the log of this broker and that of its master %s were never the same: their epochs are %s "+
		"here and %s there; nothing is taken over or deleted. With another storePathRootDir, or an empty one, this broker "+
		"becomes a new copy", e.Master, brief(e.Ours), brief(e.Theirs))
}

// brief is the end of a list, for a message.
func brief(l epoch.List) string {
	const most = 5
	if n := len(l); n > most {
		return fmt.Sprintf("(%d older) %v", n-most, l[n-most:])
	}
	return fmt.Sprint([]epoch.Entry(l))
}

// agree says hello to the master of a switching group, and finds out up to where both have the same log.
func (f *follower) agree() error {
	sw := f.s.opt.Switch
	if sw == nil {
		return nil
	}
	f.in.turn, f.in.from = f.turn, epoch.Entry{Epoch: -1}
	h := hello{sw.LastFile, sw.Learner, sw.ID}
	if err := f.write(h.encode()); err != nil {
		return err
	}
	theirs, end, err := f.answer()
	if err != nil {
		return err
	}
	ours, have := sw.Epochs.List(), f.s.store.MaxPhyOffset()
	switch {
	case have == 0:
		return nil
	case len(ours) == 0:
		return sw.adopt(theirs, have, end)
	}
	common, ok := epoch.Common(ours, have, theirs, end)
	switch {
	case ok && common >= have:
		return nil
	case ok && common > sw.Min(), !ok && sw.neverConfirmed(ours, theirs):
		return &TruncateError{f.addr, have, common}
	}
	return &UnrelatedError{f.addr, ours, theirs}
}

// adopt takes over who wrote a log of the time before the controllers, which was compared with its master's. Without it
// a master that dies before it has sent a byte would find another history here, and stay out.
func (s *SwitchSlave) adopt(theirs epoch.List, have, end int64) error {
	if have > end {
		return nil // the master does not take this log
	}
	for _, e := range theirs.Below(have).From(s.Min()) {
		if err := s.Epochs.Begin(e); err != nil {
			return err
		}
	}
	return nil
}

// EpochError says that a master sends a part of the log as another one's than it is.
type EpochError struct {
	Master string // its haListenPort
	At     int64  // where the part begins
	End    int64  // of the slave's log
	Epoch  epoch.Entry
	Ours   epoch.List
}

func (e *EpochError) Error() string {
	return fmt.Sprintf("ha: the master %s sends the log from %d on as that of epoch %d, which began at %d; here it ends "+
		"at %d, and its epochs are %s: nothing is taken over", e.Master, e.At, e.Epoch.Epoch, e.Epoch.Start, e.End,
		brief(e.Ours))
}

// turn notes who wrote what the master sends next: who wrote what is here already, or somebody who begins there. With
// anything else the list would tell what is not so, and the next master would have this log cut by it.
func (f *follower) turn(e epoch.Entry) error {
	at, end, list := f.in.at, f.s.store.MaxPhyOffset(), f.s.opt.Switch.Epochs.List()
	before := list.Below(at)
	n := len(before)
	if at < end || e.Start > at || n > 0 && before[n-1] != e && e.Start != at {
		return &EpochError{f.addr, at, end, e, list}
	}
	return f.s.opt.Switch.Epochs.Begin(e)
}

// neverConfirmed tells that nothing of this log was ever confirmed, and that the master's begins at 0 with a later
// epoch: the first master of a set died before another broker had the first bytes that it wrote; the set began anew.
func (s *SwitchSlave) neverConfirmed(ours, theirs epoch.List) bool {
	return s.ConfirmedTo() == 0 && s.Min() == 0 && ours[0].Start == 0 &&
		len(theirs) > 0 && theirs[0].Start == 0 && theirs[0].Epoch > ours.Last()
}

// answer reads what a master answers to hello: who wrote its log, and where that ends.
func (f *follower) answer() (list epoch.List, end int64, err error) {
	if err = f.sock.SetReadDeadline(time.Now().Add(f.s.opt.HousekeepingInterval)); err != nil {
		return nil, 0, err
	}
	var head [answerSize]byte
	if _, err = io.ReadFull(f.sock, head[:]); err != nil {
		return nil, 0, err
	}
	n, end, err := decodeAnswerHead(head[:])
	if err != nil {
		return nil, 0, err
	}
	body := make([]byte, n*entrySize)
	if _, err = io.ReadFull(f.sock, body); err != nil {
		return nil, 0, err
	}
	f.readAt = time.Now()
	f.s.lastRead.Store(f.readAt.UnixMilli())
	list, err = decodeEntries(body)
	return list, end, err
}
