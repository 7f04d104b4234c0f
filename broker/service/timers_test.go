package service

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// TestTimerDueInTheSameTurn: what is due after the store time that its turn of the event loop gives it goes through the
// wheel, though the clock has passed it meanwhile: no message is stored before its time.
func TestTimerDueInTheSameTurn(t *testing.T) {
	r := newRig(t)
	turn := int64(birth) - 5
	for due, parked := range map[int64]bool{turn - 1: false, turn: false, turn + 1: true, turn + 3: true} {
		var p properties
		p.parse([]byte("TIMER_DELIVER_MS\x01" + strconv.FormatInt(due, 10) + "\x02"))
		m := store.Record{Message: record.Message{Topic: "T"}, Now: turn}
		if err := r.Send.parkForTimer(&p, &m); err != nil {
			t.Fatal(err)
		}
		if (m.Topic == timer.Topic) != parked {
			t.Errorf("due %d ms behind the turn: topic %s", due-turn, m.Topic)
		}
	}
}

// TestTimers: which messages are parked, until when, and what they can be taken back with. The clock stands still.
func TestTimers(t *testing.T) {
	r := newRig(t)
	slot := func(ms int64) int64 { return r.base.timers.SlotTime(ms) }
	for props, due := range map[string]int64{
		"TIMER_DELAY_SEC\x0160\x02":                                     birth + 60_000,
		"TIMER_DELAY_MS\x011500\x02":                                    birth + 1500,
		"TIMER_DELIVER_MS\x01" + itoa(birth+5000) + "\x02":              birth + 5000,
		"TIMER_DELAY_MS\x011500\x02TIMER_DELAY_SEC\x0160\x02":           birth + 60_000,
		"TIMER_DELIVER_MS\x011\x02TIMER_DELAY_MS\x013000\x02":           birth + 3000,
		"TIMER_DELAY_SEC\x0160\x02REAL_TOPIC\x01f\x02REAL_QID\x019\x02": birth + 60_000,
	} {
		at := r.store.MaxOffset(timer.Topic, 0)
		m := r.send("T", "UNIQ_KEY\x01U\x02"+props, "x", to(2))
		got := r.at(timer.Topic, 0, at)
		has(t, got, "TIMER_OUT_MS", itoa(slot(due)))
		has(t, got, "REAL_TOPIC", "T")
		has(t, got, "REAL_QID", "2")
		raw, err := base64.URLEncoding.DecodeString(m.RecallHandle)
		if want := "v1 T broker-a " + itoa(slot(due)+1) + " U"; err != nil || string(raw) != want {
			t.Errorf("%q: handle %q, want %q, %v", props, raw, want, err)
		}
	}
	for _, now := range []string{"TIMER_DELAY_SEC\x010\x02", "TIMER_DELAY_MS\x01-5\x02", "TIMER_DELIVER_MS\x01" +
		itoa(birth) + "\x02", "TIMER_DELAY_SEC\x0160\x02TIMER_OUT_MS\x015\x02"} {
		m := r.send("T", now, "x", to(0))
		if string(r.at("T", 0, m.QueueOffset).Body) != "x" || m.RecallHandle != "" {
			t.Errorf("%q is not delivered at once: %+v", now, m.Stored)
		}
	}
	r.group("g")
	if m := r.send("%RETRY%g", "TIMER_DELAY_SEC\x0160\x02", "x"); m.RecallHandle != "" {
		t.Errorf("a retry can be taken back: %s", m.RecallHandle)
	}
}

// TestTimerRefusals: what is no time, too far away, or to be deleted when it is over already.
func TestTimerRefusals(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "x")
	most := int64(r.cfg.Load().TimerMaxDelaySec) * 1000
	for props, ok := range map[string]bool{
		"TIMER_DELIVER_MS\x01" + itoa(birth+most) + "\x02":                      true,
		"TIMER_DELIVER_MS\x01" + itoa(birth+most+1) + "\x02":                    false,
		"TIMER_DELAY_SEC\x01x\x02":                                              false,
		"TIMER_DELIVER_MS\x01" + itoa(birth) + "\x02TIMER_DEL_UNIQKEY\x01U\x02": false,
	} {
		err := r.Send.Send(r.message("T", props, "x"))
		if ok && err != nil {
			t.Errorf("%q: %v", props, err)
		}
		if !ok {
			refused(t, err, IllegalMessage, "timer message illegal, the delay time should not be bigger than the max delay "+
				itoa(most)+"ms")
		}
	}
	r.change(func(c *config.Config) { c.TimerWheelEnable = false })
	refused(t, r.Send.Send(r.message("T", "TIMER_DELAY_SEC\x015\x02", "x")), Failed,
		"accurate timer message is not enabled, timerWheelEnable is false")
	refused(t, r.Send.timerRefusal(errTimerFlow), NoRoom, "timer message is under flow control, max num limit is ")
}

// TestRecallMark: the mark that takes a timer message back is one itself, due with the other.
func TestRecallMark(t *testing.T) {
	for _, sync := range []bool{false, true} {
		r := newRig(t, func(c *config.Config) {
			if sync {
				c.FlushDiskType = store.SyncFlush
			}
		})
		due := int64(birth + 60_000)
		if err := r.Send.Recall(&Mark{Topic: "T", UniqKey: "U", At: due, Group: "p", BornHost: producer}); err != nil {
			t.Fatal(err)
		}
		got := r.at(timer.Topic, 0, 0)
		for name, want := range map[string]string{"TAGS": "_RECALL_TAG_", "TIMER_DEL_UNIQKEY": "U", "UNIQ_KEY": "U",
			"TIMER_DELIVER_MS": itoa(due), "PGROUP": "p", "REAL_TOPIC": "T", "REAL_QID": "0",
			"TIMER_OUT_MS": itoa(r.base.timers.SlotTime(due))} {
			has(t, got, name, want)
		}
		if string(got.Body) != "0" || got.BornTimestamp != birth || got.BornHost != producer {
			t.Errorf("%+v", got)
		}
		if sync && r.store.FlushedOffset() < got.PhysicalOffset+int64(got.Size) {
			t.Error("SYNC_FLUSH: the mark is not on disk")
		}
		refused(t, r.Send.Recall(&Mark{Topic: "T", UniqKey: "U", At: birth}), IllegalMessage, "timer message illegal")
	}
}

// TestUniqKeys: keys that the broker makes are Java's: address, process, random, milliseconds of the month, counter.
func TestUniqKeys(t *testing.T) {
	u := newUniqIDs(producer.Addr())
	at := time.Date(2026, 3, 2, 0, 0, 1, 5_000_000, time.UTC)
	first, second := string(u.append(nil, at)), string(u.append([]byte("x"), at))
	if len(first) != 32 || !strings.HasPrefix(first, "0A000007") {
		t.Errorf("%s", first)
	}
	ms, _ := strconv.ParseUint(first[20:28], 16, 64)
	if want := uint64(24*time.Hour/time.Millisecond + 1005); ms != want {
		t.Errorf("%d ms of the month, want %d", ms, want)
	}
	if second[0] != 'x' || second[1:29] != first[:28] || second[29:] == first[28:] {
		t.Errorf("%s behind %s", second, first)
	}
	if v6 := newUniqIDs(producer.Addr().Next()); string(v6.append(nil, at))[:8] != "0A000008" {
		t.Errorf("%s", v6.append(nil, at))
	}
}
