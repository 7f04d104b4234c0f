package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

const (
	topic  = "T"
	group  = "G"
	queues = 2
)

// ack is a send that was answered SUCCESS.
type ack struct {
	id     string
	broker int // who said so
	queue  int32
	offset int64 // in the queue
	phy    int64 // in the log
	at     time.Time
}

// seen is a message that a consumer got.
type seen struct {
	id     string
	queue  int32
	offset int64
	broker int
	at     time.Time
}

// client is a remoting client on a host of its own.
func (s *sim) client(host string) (*remoting.Client, error) {
	table, err := remoting.NewTable()
	if err != nil {
		return nil, err
	}
	c, err := remoting.NewClient(table, remoting.Options{Network: s.net.attach(host), Workers: 1})
	if err != nil {
		return nil, err
	}
	return c, c.Start()
}

// produce sends messages until stop, each once, to whoever took the last one, or else to anybody.
func (s *sim) produce(i int) {
	r := rand.New(rand.NewPCG(s.seed, uint64(100+i)))
	cl, err := s.client(fmt.Sprintf("10.0.2.%d", i+1))
	if err != nil {
		s.violation("producer: %v", err)
		return
	}
	defer cl.Stop()
	at, good := 0, false
	for n := 0; !s.stopping(); n++ {
		if !good || r.IntN(20) == 0 {
			at = r.IntN(len(s.brokers))
		}
		id := fmt.Sprintf("p%d-%d", i, n)
		good = s.send(cl, at, id, int32(r.IntN(queues)), r.IntN(1000))
		pause := time.Duration(20+r.IntN(120)) * time.Millisecond
		if r.IntN(10) == 0 {
			pause = 0
		}
		time.Sleep(pause)
	}
}

// send sends one message and keeps the answer.
func (s *sim) send(cl *remoting.Client, to int, id string, queue int32, size int) (good bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	body := append([]byte(id+" "), make([]byte, size)...)
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		QueueID: queue, BornTimestamp: time.Now().UnixMilli()}
	s.count(&s.stats.Sends)
	resp, err := remoting.Call(ctx, cl, s.brokers[to].addr(), wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, body)
	if err != nil {
		return false
	}
	var out wire.SendMessageResponseHeader
	if err = wire.SendMessageResponse.Decode(resp, nil, &out); err != nil {
		s.violation("an answer to a send that cannot be read: %v", err)
		return false
	}
	_, phy, err := record.ParseMessageID(string(out.MsgID))
	if err != nil {
		s.violation("an answer to a send without a message id: %v", err)
		return false
	}
	s.acknowledged(ack{id, to, out.QueueID, out.QueueOffset, phy, time.Now()})
	return true
}

// consume pulls from whoever has something, and commits.
func (s *sim) consume() {
	r := rand.New(rand.NewPCG(s.seed, 99))
	cl, err := s.client("10.0.3.1")
	if err != nil {
		s.violation("consumer: %v", err)
		return
	}
	defer cl.Stop()
	var next [queues]int64
	at := 0
	for !s.stopping() {
		time.Sleep(time.Duration(50+r.IntN(200)) * time.Millisecond)
		queue := r.IntN(queues)
		if r.IntN(8) == 0 { // a look from the beginning, or at an older part
			next[queue] = r.Int64N(next[queue] + 1)
		}
		got, after, err := s.pull(cl, at, int32(queue), next[queue])
		if err != nil {
			at = r.IntN(len(s.brokers))
			continue
		}
		s.consumed(got)
		if len(got) > 0 {
			next[queue] = after
		}
		if len(got) > 0 && r.IntN(2) == 0 {
			s.commit(cl, at, int32(queue), after)
		}
	}
}

// pull gets up to 32 messages.
func (s *sim) pull(cl *remoting.Client, from int, queue int32, offset int64) (got []seen, next int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	h := wire.PullMessageRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: queue, QueueOffset: offset,
		MaxMsgNums: 32, SysFlag: wire.PullFlagSubscription, Subscription: "*", ExpressionType: "TAG"}
	conn, err := cl.Conn(ctx, s.brokers[from].addr())
	if err != nil {
		return nil, 0, err
	}
	resp, err := remoting.Invoke(ctx, conn, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if err != nil {
		return nil, 0, err
	}
	switch resp.Code {
	case wire.Success:
	case wire.PullNotFound, wire.PullRetryImmediately:
		return nil, offset, nil
	default:
		return nil, 0, &remoting.ResponseError{Code: resp.Code, Remark: resp.Remark}
	}
	b := resp.Body
	for len(b) > 0 {
		m, err := record.Decode(b)
		if err != nil {
			s.violation("a pull gave what is no message: %v", err)
			return nil, 0, err
		}
		got = append(got, seen{idOf(&m), m.QueueID, m.QueueOffset, from, time.Now()})
		next = m.QueueOffset + 1
		b = b[m.Size:]
	}
	return got, next, nil
}
