package replication

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"gorocket/broker/slave"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// DivergedError says that a slave's log and its master's went different ways: nothing is taken from this master, and
// nothing is deleted.
type DivergedError struct {
	Master string // host:port of its remoting port
	Offset int64  // of the record that this log ends with
	Ours   string // what stands there here
	Theirs string // and there
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("this slave's log and that of its master %s went different ways: at offset %d there is %s here "+
		"and %s "+
		"there; nothing is taken over. To drop what only this broker has, stop it, find where they part with "+
		"`gorocket verify DIR --against %s -c FILE`, and run `gorocket repair DIR --truncate-to OFFSET -c FILE` with "+
		"the log offset of that first difference", e.Master, e.Offset, e.Ours, e.Theirs, e.Master)
}

// compare asks the master for the last record of our log (VIEW_MESSAGE_BY_ID, which Java's masters serve too): every
// byte must be the same. Ours do not show messages of topics that they do not have any more: then it is the last one
// before these. Without a record there is nothing to compare. An error: *DivergedError, or that the master cannot be
// asked; without an answer nothing is taken from it.
func (s *Service) compare(ctx context.Context, haAddr string) error {
	gone := map[string]bool{} // topics of the log's end
	for {
		ours, err := s.d.Store().LastRecord(func(m *record.View) bool {
			return record.HasQueueEntry(m.SysFlag) && !gone[string(m.Topic)]
		})
		if err != nil {
			return fmt.Errorf("the record that the log of this slave ends with cannot be read: %w", err)
		}
		if ours == nil {
			return s.compared(nil)
		}
		m, err := record.Decode(ours)
		if err != nil {
			return err
		}
		hidden, err := s.compareOne(ctx, haAddr, &m)
		if !hidden || err != nil || len(gone) >= maxGone {
			return err
		}
		gone[string(m.Topic)] = true
	}
}

// maxGone is how many topics that the master does not have may stand at the end of a log; each costs a scan of a file.
const maxGone = 20

// compareOne compares one record; hidden tells that the master does not have its topic.
func (s *Service) compareOne(ctx context.Context, haAddr string, m *record.View) (hidden bool, err error) {
	master, err := s.asked(haAddr)
	if err != nil {
		return false, err
	}
	h := wire.ViewMessageRequestHeader{Offset: m.PhysicalOffset}
	resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqViewMessageById, wire.ViewMessageRequest, &h, nil)
	switch {
	case refusedWith(err, wire.SystemError):
		if gone, err := s.topicGone(ctx, master, string(m.Topic)); gone || err != nil {
			return gone, errors.Join(err, s.compared(nil))
		}
		return false, s.compared(&DivergedError{master, m.PhysicalOffset, m.String(), "no message"})
	case err != nil:
		return false, fmt.Errorf("the last record of this slave cannot be compared with the master's: %w", err)
	case !bytes.Equal(m.Record, resp.Body):
		return false, s.compared(&DivergedError{master, m.PhysicalOffset, m.String(), record.Describe(resp.Body)})
	}
	return false, s.compared(nil)
}

// asked is where the master answers requests. With haMasterAddress no NameServer need know it: then it is taken to be
// at the port in front of its haListenPort, as it is unless somebody sets haListenPort; what answers there with another
// record, or not at all, is not followed.
func (s *Service) asked(haAddr string) (string, error) {
	if master := s.masterAddr(); master != "" {
		return master, nil
	}
	host, port, err := net.SplitHostPort(haAddr)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n < 2 {
		return "", fmt.Errorf("the master %s cannot be compared with: no NameServer knows where it answers requests", haAddr)
	}
	return net.JoinHostPort(host, strconv.Itoa(n-1)), nil
}

// endOf asks a master where its log ends, as every Java broker tells it.
func (s *Service) endOf(ctx context.Context, haAddr string) (int64, error) {
	master, err := s.asked(haAddr)
	if err != nil {
		return 0, err
	}
	return slave.MasterEnd(ctx, s.d.Client, master)
}

func refusedWith(err error, code int32) bool {
	var refused *remoting.ResponseError
	return errors.As(err, &refused) && refused.Code == code
}

// topicGone tells whether the master does not have a topic.
func (s *Service) topicGone(ctx context.Context, master, topic string) (bool, error) {
	h := wire.TopicHeader{Topic: topic}
	_, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetTopicConfig, wire.MustTopicRequest, &h, nil)
	if refusedWith(err, wire.TopicNotExist) {
		return true, nil
	}
	return false, err
}

// compared notes the outcome, for State, and returns it.
func (s *Service) compared(err *DivergedError) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.diverged = err; err == nil {
		return nil
	}
	return err
}
