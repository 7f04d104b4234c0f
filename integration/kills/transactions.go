package kills

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const (
	transTopic = "kill_trans"
	transGroup = "PG_kill_trans"
)

// Transactions sends half messages and ends most of them; what it leaves open the broker must ask for. Some have a
// timer, too, which counts from the commit.
type Transactions struct {
	mu     sync.Mutex
	next   int             // guarded by mu
	asked  int             // guarded by mu; questions answered
	stored map[string]plan // guarded by mu; acknowledged half messages, by body
	ended  int             // guarded by mu; acknowledged ends
	// inPlace is how many of the questions a slave asked in its master's place; guarded by mu
	inPlace int
}

// plan is how a transaction goes on, which its body decides: so the one who is asked knows it, too.
type plan struct {
	end   int   // 8 commit, 12 rollback
	open  bool  // the producer does not end it by itself
	delay int64 // the message has a timer, ms; 0 for none
	due   int64 // ms
}

func planOf(body string) (p plan) {
	h := fnv.New32a()
	h.Write([]byte(body))
	n := h.Sum32()
	p.end = 8 + 4*int(n&1)
	p.open = n>>1%32 == 0
	if n>>6%8 == 0 {
		p.delay = int64(n >> 9 % 3000)
	}
	return p
}

// Conf are the settings of a broker that asks early and often.
func (l *Transactions) Conf() map[string]string {
	return map[string]string{"transactionTimeOut": "300", "transactionCheckInterval": "200",
		"transactionOpBatchInterval": "300", "transactionOpMsgMaxSize": "256",
		"transactionCheckMax": "100000", "flushConsumerOffsetInterval": "100"}
}

// Prepare implements Workload.
func (l *Transactions) Prepare(c *client.Client) error {
	l.stored = map[string]plan{}
	return c.CreateTopic(transTopic, 1, 6, "")
}

// Workers implements Workload.
func (l *Transactions) Workers() []func(addr string) {
	return []func(string){l.produce, l.produce, l.produce, l.produce, l.answer}
}

// lifeMax bounds what one life of the broker leaves open: all of it is asked for, again and again.
const lifeMax = 1000

// produce runs transactions until the broker is gone, or there are enough.
func (l *Transactions) produce(addr string) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for range lifeMax {
		if l.one(c) != nil {
			return
		}
	}
}

// one sends a half message and ends the transaction, if that is its plan.
func (l *Transactions) one(c *client.Client) error {
	l.mu.Lock()
	l.next++
	n := l.next
	l.mu.Unlock()
	body, unique := fmt.Sprintf("transaction %d", n), fmt.Sprintf("7F00000100000000000000BB%08X", n)
	p, born := planOf(body), time.Now().UnixMilli()
	props := []string{"TRAN_MSG", "true", "PGROUP", transGroup, "UNIQ_KEY", unique}
	if p.delay > 0 {
		p.due = born + p.delay
		props = append(props, "TIMER_DELIVER_MS", strconv.FormatInt(p.due, 10))
	}
	sent, err := c.Send(&client.Message{Topic: transTopic, SysFlag: 4, Born: born, Body: []byte(body),
		Props: client.Props(props...)})
	if err != nil {
		return err
	}
	if sent.Code != 0 {
		return fmt.Errorf("half message: code %d", sent.Code)
	}
	l.mu.Lock()
	l.stored[body] = p
	l.mu.Unlock()
	if p.open {
		return nil
	}
	place, err := strconv.ParseInt(sent.IDs[0][16:], 16, 64)
	if err != nil {
		return err
	}
	if err := endTransaction(c, transGroup, strconv.FormatInt(sent.QueueOffset, 10), strconv.FormatInt(place, 10), unique, p.end,
		false); err != nil {
		return err
	}
	l.mu.Lock()
	l.ended++
	l.mu.Unlock()
	return nil
}

func endTransaction(c *client.Client, group, queueOffset, place, unique string, end int, asked bool) error {
	_, err := c.OK(37, map[string]any{"producerGroup": group, "tranStateTableOffset": queueOffset,
		"commitLogOffset": place, "commitOrRollback": strconv.Itoa(end),
		"fromTransactionCheck": strconv.FormatBool(asked), "msgId": unique, "transactionId": unique}, nil)
	return err
}
