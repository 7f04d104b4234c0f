package integration

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const (
	killTopic = "kill_trans"
	killGroup = "PG_kill_trans"
)

// TestTransactionsKilled kills the broker under transactions, again and again: between half message, op message and commit. A ledger knows what was acknowledged.
// In the end each acknowledged half message whose producer commits is there, and none that it rolls back. GOROCKET_KILLS sets the number of kills.
func TestTransactionsKilled(t *testing.T) {
	harness.Count(t)
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("GOROCKET_KILLS")); err == nil {
		kills = n
	}
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	b := c.Broker(harness.Go, "broker-a", harness.Conf{"transactionTimeOut": "300", "transactionCheckInterval": "200", "transactionOpBatchInterval": "300", "transactionOpMsgMaxSize": "256",
		"transactionCheckMax": "100000", "flushConsumerOffsetInterval": "100"})
	l := &killLedger{addr: b.Addr(), stored: map[string]bool{}, ended: map[string]bool{}}
	first := l.dial(t)
	if err := first.CreateTopic(killTopic, 1, 6, ""); err != nil {
		t.Fatal(err)
	}
	first.Close()
	for range kills {
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() { l.produce(worker) })
		}
		wg.Go(l.answer)
		time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond)
		b.Kill()
		wg.Wait()
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
	}
	l.finish(t)
}

// killLedger is what producers were told. Its bodies say how a transaction ends.
type killLedger struct {
	addr string

	mu     sync.Mutex
	next   int
	asked  int             // guarded by mu; questions answered
	stored map[string]bool // guarded by mu; acknowledged half messages
	ended  map[string]bool // guarded by mu; acknowledged ends
}

func (l *killLedger) dial(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.Dial(l.addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kind is how the transaction of a body ends: 8 commit, 12 rollback; open says that the producer does not end it by itself.
func kind(body string) (end int, open bool) {
	h := fnv.New32a()
	h.Write([]byte(body))
	n := h.Sum32()
	if n&1 == 0 {
		end = 8
	} else {
		end = 12
	}
	return end, n>>1%32 == 0
}

// roundMax bounds what one life of the broker leaves open: all of it is asked for, again and again.
const roundMax = 3000

// produce runs transactions until the broker is gone, or there are enough.
func (l *killLedger) produce(worker int) {
	c, err := client.Dial(l.addr, 10*time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	for range roundMax {
		l.mu.Lock()
		l.next++
		n := l.next
		l.mu.Unlock()
		body, unique := fmt.Sprintf("body %d of %d", n, worker), fmt.Sprintf("7F00000100000000000000BB%08X", n)
		sent, err := c.Send(&client.Message{Topic: killTopic, SysFlag: 4, Born: time.Now().UnixMilli(), Body: []byte(body),
			Props: client.Props("TRAN_MSG", "true", "PGROUP", killGroup, "UNIQ_KEY", unique)})
		if err != nil || sent.Code != 0 {
			return
		}
		l.mu.Lock()
		l.stored[body] = true
		l.mu.Unlock()
		end, open := kind(body)
		if open {
			continue
		}
		place, err := strconv.ParseInt(sent.IDs[0][16:], 16, 64)
		if err != nil || endTransaction(c, fmt.Sprint(sent.QueueOffset), fmt.Sprint(place), unique, end, false) != nil {
			return
		}
		l.mu.Lock()
		l.ended[body] = true
		l.mu.Unlock()
	}
}

func endTransaction(c *client.Client, queueOffset, place, unique string, kind int, asked bool) error {
	_, err := c.OK(37, map[string]any{"producerGroup": killGroup, "tranStateTableOffset": queueOffset, "commitLogOffset": place, "commitOrRollback": fmt.Sprint(kind),
		"fromTransactionCheck": fmt.Sprint(asked), "msgId": unique, "transactionId": unique}, nil)
	return err
}

// answer is the producer that is asked, until the broker is gone.
func (l *killLedger) answer() {
	c, err := client.Dial(l.addr, 10*time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		if _, err := l.answerSome(c); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (l *killLedger) answerSome(c *client.Client) (n int, err error) {
	beat := `{"clientID":"kill","producerDataSet":[{"groupName":"` + killGroup + `"}],"consumerDataSet":[]}`
	if _, err = c.OK(34, nil, []byte(beat)); err != nil {
		return 0, err
	}
	for _, q := range c.TakePushed() {
		if q.Code != 39 {
			continue
		}
		r, err := client.Decode(q.Body)
		if err != nil {
			return n, err
		}
		end, _ := kind(string(r.Body))
		if err := endTransaction(c, q.Ext["tranStateTableOffset"], q.Ext["commitLogOffset"], q.Ext["msgId"], end, true); err != nil {
			return n, err
		}
		l.mu.Lock()
		l.asked++
		l.mu.Unlock()
		if n++; n%1000 == 0 { // a client that is silent for long is forgotten
			if _, err := c.OK(34, nil, []byte(beat)); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// finish answers until nobody asks any more, and compares what was delivered with the ledger.
func (l *killLedger) finish(t *testing.T) {
	c := l.dial(t)
	defer c.Close()
	for quiet := time.Now(); time.Since(quiet) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		n, err := l.answerSome(c)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			quiet = time.Now()
		}
	}
	got, twice := map[string]int{}, 0
	if _, err := c.ReadQueue(killTopic, 0, 0, func(r *client.Record) error { got[string(r.Body)]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for body, n := range got {
		if end, _ := kind(body); end != 8 {
			t.Errorf("rolled back, but delivered %d times: %s", n, body)
		}
		if n > 1 {
			twice++
		}
	}
	committed := 0
	for body := range l.stored {
		if end, _ := kind(body); end == 8 {
			committed++
			if got[body] == 0 {
				t.Errorf("lost: %s, end acknowledged: %v", body, l.ended[body])
			}
		}
	}
	if len(l.stored) < 100 || l.asked == 0 {
		t.Errorf("only %d half messages, %d questions: nothing was tested", len(l.stored), l.asked)
	}
	t.Logf("%d half messages, %d of them to commit, %d ends acknowledged, %d questions answered, %d delivered more than once", len(l.stored), committed, len(l.ended), l.asked, twice)
}
