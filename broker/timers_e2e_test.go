package broker

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/timer"
)

func timerConfig(t *testing.T, dir string) config.Config {
	c := testConfig(t, dir)
	c.TimerPrecisionMs, c.MappedFileSizeTimerLog, c.TimerFlushIntervalMs, c.RecallMessageEnable = 100, 64<<10, 50, true
	return c
}

// TestTimerMessagesAreNeverEarlyAndHardlyLate: hardly late is a second more than the machine stood still (make
// bench-timers measures).
func TestTimerMessagesAreNeverEarlyAndHardlyLate(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	r := startRig(t, timerConfig(t, t.TempDir()))
	r.send("T", "", "first") // makes the topic
	var due []time.Time
	var bodies []string
	for i := range 30 {
		at := time.Now().Add(time.Duration(150+37*i) * time.Millisecond)
		ms := at.UnixMilli()
		prop := "TIMER_DELIVER_MS\x01" + strconv.FormatInt(ms, 10)
		switch i % 3 {
		case 1:
			prop = fmt.Sprintf("TIMER_DELAY_MS\x01%d", 150+37*i)
		case 2:
			at, prop = time.Now().Add(time.Second), "TIMER_DELAY_SEC\x011"
		}
		due, bodies = append(due, at), append(bodies, fmt.Sprint("t", i))
		if got := r.send("T", prop+"\x02UNIQ_KEY\x01K"+fmt.Sprint(i)+"\x02", bodies[i]); got.RecallHandle == "" ||
			got.QueueID != 0 {
			t.Fatalf("answer %+v", got)
		}
	}
	got, came := r.await("T", 31)
	bound := time.Second + stalls.Lost()
	for i, body := range got[1:] {
		n, _ := strconv.Atoi(strings.TrimPrefix(body, "t"))
		if n >= len(due) || due[n].IsZero() {
			t.Fatalf("%q came twice or was never sent", body)
		}
		late := came[i+1].Sub(due[n].Truncate(time.Millisecond))
		if late < 0 || late > bound {
			t.Errorf("%s: %v late, at most %v", body, late, bound)
		}
		due[n] = time.Time{}
	}
	testutil.WaitFor(t, "30 enqueued, 30 delivered and none pending", func() bool {
		f := r.b.timers.Figures()
		return f.Pending == 0 && f.Enqueued == 30 && f.Delivered == 30
	})
}

func TestTimerMessagesSurviveARestart(t *testing.T) {
	cfg := timerConfig(t, t.TempDir())
	r := startRig(t, cfg)
	r.send("T", "", "first")
	for i := range 100 {
		r.send("T", "TIMER_DELAY_MS\x011500\x02", fmt.Sprint("m", i))
	}
	testutil.WaitFor(t, "all in the wheel", func() bool { return r.b.timers.Figures().Pending == 100 })
	r.stop()
	again := startRig(t, cfg)
	if rep := again.b.timers.Report(); rep.Pending != 100 || rep.Dropped != 0 || rep.Rebuilt {
		t.Errorf("report %+v", rep)
	}
	bodies, _ := again.await("T", 101)
	for i, b := range bodies[1:] {
		if b != fmt.Sprint("m", i) {
			t.Fatalf("message %d is %q: the order of a slot is kept", i, b)
		}
	}
	testutil.WaitFor(t, "61 to count nothing any more", func() bool { // counted behind the delivery
		metrics, err := call(again, wire.ReqGetTimerMetrics, wire.MustTopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
		return err == nil && strings.Contains(string(metrics.Body), `"timingCount":{"T":{"count":0,`)
	})
	check, err := call(again, wire.ReqGetTimerCheckPoint, wire.MustTopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
	if err != nil || len(check.Body) != 56 {
		t.Errorf("60: %v %x", err, check.Body)
	}
}

func (r *rig) refused(topic, props string) string {
	r.t.Helper()
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		Properties: []byte(props), MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, []byte("x"))
	var re *remoting.ResponseError
	if !errors.As(err, &re) {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(re.Code, " ", re.Remark)
}

func TestTimerMessagesRefused(t *testing.T) {
	r := startRig(t, timerConfig(t, t.TempDir()))
	r.send("T", "", "first")
	for props, want := range map[string]string{
		"TIMER_DELAY_SEC\x01345600\x02": "13 timer message illegal, the delay time " +
			"should not be bigger than the max delay 259200000ms",
		"TIMER_DELAY_MS\x01abc\x02":                                        "13 timer message illegal",
		"TIMER_DELIVER_MS\x01999999999999999999999\x02":                    "13 timer message illegal",
		"TIMER_DELIVER_MS\x011\x02TIMER_DEL_UNIQKEY\x01k\x02":              "13 timer message illegal",
		"TIMER_DELIVER_MS\x011\x02":                                        "<nil>", // the past: a normal message
		"TIMER_DELAY_SEC\x015\x02TIMER_OUT_MS\x011\x02REAL_TOPIC\x01X\x02": "<nil>", // was due already
	} {
		if got := r.refused("T", props); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", props, got, want)
		}
	}
	cfg := timerConfig(t, t.TempDir())
	cfg.TimerWheelEnable = false
	off := startRig(t, cfg)
	off.send("T", "", "first")
	if got := off.refused("T", "TIMER_DELAY_SEC\x011\x02"); got != "1 accurate timer message is not enabled, "+
		"timerWheelEnable is false" {
		t.Error(got)
	}
}

func TestTimerFlowControl(t *testing.T) {
	cfg := timerConfig(t, t.TempDir())
	cfg.TimerCongestNumEachSlot = 2
	r := startRig(t, cfg)
	r.send("T", "", "first")
	at := time.Now().Add(time.Hour).UnixMilli()
	got := ""
	for i := 0; i < 50 && got == ""; i++ {
		r.b.timers.Poke()
		if s := r.refused("T", fmt.Sprintf("TIMER_DELIVER_MS\x01%d\x02", at)); s != "<nil>" {
			got = s
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got != "1 timer message is under flow control, max num limit is 4 or the current value is greater than 2 and less "+
		"than 4, trigger random flow control" {
		t.Error(got)
	}
	if topics := r.b.topics.Get(timer.Topic); topics == nil || topics.WriteQueueNums != 1 {
		t.Errorf("topic %+v", topics)
	}
}
