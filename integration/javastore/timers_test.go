package javastore

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const timerTopic = "js_timer"

// timerConf makes wheel and log work hard: files of 157 units, and a roll window that most messages lie beyond.
var timerConf = harness.Conf{"timerWheelEnable": "true", "recallMessageEnable": "true",
	"mappedFileSizeTimerLog": "8192", "timerRollWindowSlot": "20"}

// timers is what was sent to be delivered later.
type timers struct {
	h         *house
	due       map[string]int64 // ms, by unique key
	recalled  map[string]bool
	forgotten int        // recalled messages that Java delivered
	ours      [][2]int64 // ms from which to which our broker ran
}

// byUs tells whether our broker ran at a time.
func (w *timers) byUs(ms int64) bool {
	for _, run := range w.ours {
		if ms >= run[0] && ms <= run[1] {
			return true
		}
	}
	return false
}

// TestTimers: timer messages wait in a wheel that passes from broker to broker. Each comes, none too early, none that
// was recalled; after clean stops each comes once. Java enqueues a message again that was delivered without waiting
// just before its stop, so none is sent in the last seconds of a stage; and it forgets the recall of a message that
// became due while no broker ran, if that had to be rolled.
func TestTimers(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean=%v", clean), func(t *testing.T) {
			harness.NeedJava(t)
			w := &timers{h: newHouse(t, timerConf), due: map[string]int64{}, recalled: map[string]bool{}}
			order := []side{java5, ours, java5, ours}
			for i, s := range order {
				begin := time.Now().UnixMilli()
				w.h.start(s)
				if s == ours {
					w.ours = append(w.ours, [2]int64{begin, begin + 3_600_000})
				}
				t.Logf("%s answers at %d", s, time.Now().UnixMilli())
				if i == 0 {
					if err := w.h.c.CreateTopic(timerTopic, 1, 6, ""); err != nil {
						t.Fatal(err)
					}
				}
				w.write(i)
				time.Sleep(2500 * time.Millisecond) // the flushers have seen it
				if i < len(order)-1 {
					w.h.stop(clean)
				}
				if n := len(w.ours); s == ours && i < len(order)-1 {
					w.ours[n-1][1] = time.Now().UnixMilli()
				}
			}
			w.finish(clean)
		})
	}
}

// write sends messages that become due from 4 s to 110 s from now and recalls some of them.
func (w *timers) write(stage int) {
	w.h.t.Helper()
	for i := range 120 {
		key := fmt.Sprintf("s%d-%d", stage, i)
		at := time.Now().UnixMilli() + 4000 + int64(i)*900
		if stage > 1 {
			at = time.Now().UnixMilli() + 4000 + int64(i)*300
		}
		r, err := w.h.c.OK(310, map[string]any{"a": "P", "b": timerTopic, "c": "TBW102", "d": "1", "e": "0", "f": "0",
			"g": fmt.Sprint(time.Now().UnixMilli()), "h": "0",
			"i": client.Props("TIMER_DELIVER_MS", fmt.Sprint(at), "UNIQ_KEY", key), "j": "0", "k": "false", "m": "false"},
			[]byte(key))
		if err != nil {
			w.h.t.Fatal(err)
		}
		w.due[key] = at
		if i%10 != 7 {
			continue
		}
		if _, err := w.h.c.OK(370, map[string]any{"producerGroup": "P", "topic": timerTopic,
			"recallHandle": r.Ext["recallHandle"]}, nil); err != nil {
			w.h.t.Fatalf("recall on %s: %v", w.h.side, err)
		}
		w.recalled[key] = true
	}
}

// finish waits until everything has come and compares.
func (w *timers) finish(clean bool) {
	t := w.h.t
	t.Helper()
	came := map[string]int{}
	left, last := len(w.due)-len(w.recalled), int64(0)
	for _, at := range w.due {
		last = max(last, at)
	}
	at := int64(0)
	for limit := time.UnixMilli(last).Add(15 * time.Second); time.Now().Before(limit) &&
		(left > 0 || time.Now().UnixMilli() < last+3000); time.Sleep(200 * time.Millisecond) {
		end, err := w.h.c.ReadQueue(timerTopic, 0, at, func(r *client.Record) error {
			key := r.Property("UNIQ_KEY")
			if came[key]++; came[key] == 1 && !w.recalled[key] {
				left--
			}
			if w.recalled[key] && !w.byUs(r.Stored) {
				w.forgotten++
				delete(w.recalled, key)
				t.Logf("Java delivered %s, which was recalled: due %d, stored %d, enqueued %s, rolled %s", key, w.due[key],
					r.Stored, r.Property("TIMER_ENQUEUE_MS"), r.Property("TIMER_ROLL_TIMES"))
			}
			if r.Stored < w.due[key] {
				t.Errorf("%s came %d ms early", key, w.due[key]-r.Stored)
			}
			return nil
		})
		if at = end; err != nil {
			t.Fatal(err)
		}
	}
	w.compare(came, clean)
}

func (w *timers) compare(came map[string]int, clean bool) {
	t := w.h.t
	t.Helper()
	lost, twice, back := 0, 0, 0
	for key := range w.due {
		switch n := came[key]; {
		case w.recalled[key]:
			back += min(n, 1)
		case n == 0:
			lost++
			t.Errorf("%s never came", key)
		case n > 1:
			twice++
		}
	}
	if clean && twice > 0 {
		t.Errorf("%d messages came more than once after clean stops", twice)
	}
	if back > 0 {
		t.Errorf("%d recalled messages came", back)
	}
	t.Logf("%s messages, %d recalled, %d lost, %d more than once; Java delivered %d that were recalled",
		strconv.Itoa(len(w.due)), len(w.recalled)+w.forgotten, lost, twice, w.forgotten)
}
