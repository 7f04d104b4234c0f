package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const senders = 8

// produce sends all messages at an even rate and notes each acknowledgement. The client does not retry, so that it
// makes no second copies.
func produce(namesrv string, l *ledger) error {
	rlog.SetLogLevel("fatal")
	p, err := rocketmq.NewProducer(producer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
		producer.WithRetry(0),
		producer.WithGroupName("PG_soak"), producer.WithSendMsgTimeout(10*time.Second),
		producer.WithCompressMsgBodyOverHowmuch(64<<20),
		producer.WithQueueSelector(producer.NewRoundRobinQueueSelector()))
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	defer func() { _ = p.Shutdown() }()
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		begin = time.Now()
		gap   = *duration / time.Duration(*messages)
	)
	for range senders {
		wg.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= int64(*messages) {
					return
				}
				time.Sleep(time.Until(begin.Add(time.Duration(n) * gap)))
				l.acked(n, send(p, n))
			}
		})
	}
	wg.Wait()
	if failed := l.unacknowledged(); failed > *messages/100 {
		return fmt.Errorf("%d of %d sends failed", failed, *messages)
	}
	return nil
}

// send puts the number into the first 8 bytes of the body.
func send(p rocketmq.Producer, n int64) error {
	body := make([]byte, *size)
	binary.BigEndian.PutUint64(body, uint64(n))
	r, err := p.SendSync(context.Background(), primitive.NewMessage(topic, body))
	if err == nil && r.Status != primitive.SendOK {
		err = fmt.Errorf("status %d", r.Status)
	}
	return err
}
