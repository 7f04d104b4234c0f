package javastore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const (
	transTopic = "js_trans"
	halfTopic  = "RMQ_SYS_TRANS_HALF_TOPIC"
	opTopic    = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
	transGroup = "PG_js_trans"

	kindCommit, kindRollback = 8, 12
	perKind                  = 5 // half messages of each kind and stage
)

// TestTransactions hands half messages that wait for their end from broker to broker. Each side asks about what the
// side before left, gets the answers, and leaves some of its own. Java's checks need seconds, so there are few stages.
func TestTransactions(t *testing.T) {
	for _, java := range []side{java5, java4} {
		for _, clean := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s clean=%v", java, clean), func(t *testing.T) {
				harness.NeedJava(t)
				h := newHouse(t, harness.Conf{"transactionTimeOut": "1000", "transactionCheckInterval": "1000",
					"transactionCheckMax": "1000", "transactionOpBatchInterval": "200"})
				tl := &transLedger{h: h, kinds: map[string]int{}, asked: map[string]int{}, shapes: map[string]map[side]string{}}
				for i, s := range []side{java, ours, java, ours} {
					tl.stage(i, s, clean)
				}
				tl.compareShapes()
			})
		}
	}
}

// transLedger knows how each half message ends. Not for concurrent use.
type transLedger struct {
	h      *house
	kinds  map[string]int // body -> 8 commit, 12 rollback
	left   []string       // bodies that wait for the next side
	asked  map[string]int // questions by body
	shapes map[string]map[side]string
}

func (l *transLedger) must(err error) {
	l.h.t.Helper()
	if err != nil {
		l.h.t.Fatalf("%s: %v", l.h.side, err)
	}
}

// stage lets a side finish what was left, checks what was delivered, and leaves more.
func (l *transLedger) stage(n int, s side, clean bool) {
	h := l.h
	h.start(s)
	if n == 0 {
		l.must(h.c.CreateTopic(transTopic, 1, 6, ""))
	}
	if len(l.left) > 0 {
		l.answer()
	}
	l.check(clean)
	for _, what := range []string{"now", "later"} {
		for _, kind := range []int{kindCommit, kindRollback} {
			for i := range perKind {
				l.send(fmt.Sprintf("stage %d by %s, %s %d %d", n, s, what, kind, i), kind, what == "now")
			}
		}
	}
	time.Sleep(time.Second) // the op messages are written
	l.check(clean)
	l.noteShapes()
	if n < 3 {
		h.stop(clean)
		return
	}
	l.answer()
	l.check(clean)
	h.t.Logf("%d transactions, %d asked about", len(l.kinds), len(l.asked))
}

// send stores a half message and ends it at once, or leaves it.
func (l *transLedger) send(body string, kind int, now bool) {
	unique := fmt.Sprintf("7F00000100000000000000AA%08X", len(l.kinds))
	sent, err := l.h.c.Send(&client.Message{Topic: transTopic, SysFlag: 4, Flag: 7, Born: time.Now().UnixMilli(),
		Body:  []byte(body),
		Props: client.Props("TRAN_MSG", "true", "PGROUP", transGroup, "UNIQ_KEY", unique, "TAGS", "t", "KEYS", "k")})
	l.must(err)
	if sent.Code != 0 {
		l.h.t.Fatalf("%s: half message: %d %s", l.h.side, sent.Code, sent.Remark)
	}
	l.kinds[body] = kind
	if !now {
		l.left = append(l.left, body)
		return
	}
	var place int64
	_, err = fmt.Sscanf(sent.IDs[0][16:], "%X", &place)
	l.must(err)
	l.end(fmt.Sprint(sent.QueueOffset), fmt.Sprint(place), unique, kind, false)
}

func (l *transLedger) end(queueOffset, place, unique string, kind int, asked bool) {
	_, err := l.h.c.OK(37, map[string]any{"producerGroup": transGroup, "tranStateTableOffset": queueOffset,
		"commitLogOffset": place, "commitOrRollback": fmt.Sprint(kind),
		"fromTransactionCheck": fmt.Sprint(asked), "msgId": unique, "transactionId": unique}, nil)
	l.must(err)
}

// answer is a producer that is asked until nothing waits.
func (l *transLedger) answer() {
	l.h.t.Helper()
	beat := `{"clientID":"js","producerDataSet":[{"groupName":"` + transGroup + `"}],"consumerDataSet":[]}`
	_, err := l.h.c.OK(34, nil, []byte(beat))
	l.must(err)
	waiting := map[string]bool{}
	for _, b := range l.left {
		waiting[b] = true
	}
	for end := time.Now().Add(60 * time.Second); len(waiting) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.h.t.Fatalf("%s never asked about %v", l.h.side, slices.Sorted(maps.Keys(waiting)))
		}
		_, err := l.h.c.MaxOffset(transTopic, 0)
		l.must(err)
		for _, q := range l.h.c.TakePushed() {
			if q.Code != 39 {
				continue
			}
			r, err := client.Decode(q.Body)
			l.must(err)
			body := string(r.Body)
			if l.kinds[body] == 0 || r.Topic != transTopic || r.Queue != 0 || l.h.side != java4 && q.Ext["bname"] != "broker-a" {
				l.h.t.Fatalf("%s asks about %s %s: %v", l.h.side, r.Topic, body, q.Ext)
			}
			l.asked[body]++
			l.end(q.Ext["tranStateTableOffset"], q.Ext["commitLogOffset"], q.Ext["msgId"], l.kinds[body], true)
			delete(waiting, body)
		}
	}
	l.left = nil
	_, err = l.h.c.OK(35, map[string]any{"clientID": "js", "producerGroup": transGroup}, nil)
	l.must(err)
}

// check reads what was delivered: what is committed arrived, once when nobody was killed, and nothing else did.
func (l *transLedger) check(clean bool) {
	l.h.t.Helper()
	got := map[string]int{}
	_, err := l.h.c.ReadQueue(transTopic, 0, 0, func(r *client.Record) error {
		got[string(r.Body)]++
		return nil
	})
	l.must(err)
	for body, kind := range l.kinds {
		want := kind == kindCommit && !slices.Contains(l.left, body)
		switch n := got[body]; {
		case want && n == 0:
			l.h.t.Errorf("%s: lost: %s", l.h.side, body)
		case !want && n > 0:
			l.h.t.Errorf("%s: delivered %d times: %s", l.h.side, n, body)
		case n > 1 && clean:
			l.h.t.Errorf("%s: delivered %d times: %s", l.h.side, n, body)
		}
	}
}

// noteShapes describes one record of each kind as the running side writes it.
func (l *transLedger) noteShapes() {
	note := func(topic, kind string, pick func(*client.Record) bool) {
		_, err := l.h.c.ReadQueue(topic, 0, 0, func(r *client.Record) error {
			if pick(r) {
				if l.shapes[kind] == nil {
					l.shapes[kind] = map[side]string{}
				}
				l.shapes[kind][l.h.side] = shape(r)
			}
			return nil
		})
		l.must(err)
	}
	mine := func(r *client.Record) bool { return strings.Contains(string(r.Body), " by "+string(l.h.side)+",") }
	note(halfTopic, "half message", func(r *client.Record) bool {
		return mine(r) &&
			r.Property("TRANSACTION_CHECK_TIMES") == ""
	})
	note(transTopic, "committed message", func(r *client.Record) bool {
		return mine(r) &&
			r.Property("TRANSACTION_CHECK_TIMES") == ""
	})
	if l.h.side == java4 {
		return // it does not show its op queue, and its bytes are not compared
	}
	last := int64(-1)
	_, err := l.h.c.ReadQueue(opTopic, 0, 0, func(r *client.Record) error { last = r.QueueOffset; return nil })
	l.must(err)
	note(opTopic, "op message", func(r *client.Record) bool { return r.QueueOffset == last })
}

// shape is what must be the same on both sides: flags and properties, without values that differ from message to
// message.
func shape(r *client.Record) string {
	var props []string
	for pair := range strings.SplitSeq(r.Properties, "\x02") {
		name, value, _ := strings.Cut(pair, "\x01")
		if name == "" {
			continue
		}
		if name == "UNIQ_KEY" || name == "__transactionId__" {
			value = fmt.Sprint(len(value))
		}
		props = append(props, name+"="+value)
	}
	slices.Sort(props)
	return fmt.Sprintf("flag %d, sysFlag %d, reconsumed %d, prepared %v, stored by %v, %s", r.Flag, r.SysFlag, r.Reconsume,
		r.PreparedOffset > 0, r.StoreHost, strings.Join(props, " "))
}

func (l *transLedger) compareShapes() {
	for kind, by := range l.shapes {
		for s, text := range by {
			if s != ours && s != java4 && text != by[ours] {
				l.h.t.Errorf("%s\n%s: %s\n%s: %s", kind, s, text, ours, by[ours])
			}
			l.h.t.Logf("%s of %s: %s", kind, s, text)
		}
	}
}
