package broker

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (r *rig) recall(topic, handle string) string {
	r.t.Helper()
	resp, err := call(r, wire.ReqRecallMessage, wire.RecallMessageRequest,
		&wire.RecallMessageRequestHeader{ProducerGroup: "p", Topic: topic, RecallHandle: handle}, nil)
	var re *remoting.ResponseError
	if errors.As(err, &re) {
		return fmt.Sprint(re.Code, " ", re.Remark)
	}
	if err != nil {
		return err.Error()
	}
	return resp.GetString("msgId")
}

func TestRecall(t *testing.T) {
	cfg := timerConfig(t, t.TempDir())
	r := startRig(t, cfg)
	r.send("T", "", "first")
	var handles []string
	for i := range 4 {
		handles = append(handles, r.send("T", fmt.Sprintf("TIMER_DELAY_MS\x01900\x02UNIQ_KEY\x01K%d\x02", i), fmt.Sprint("m",
			i)).RecallHandle)
	}
	raw, err := base64.URLEncoding.DecodeString(handles[1])
	if err != nil || !strings.HasPrefix(string(raw), "v1 T broker-a ") || !strings.HasSuffix(string(raw), " K1") {
		t.Errorf("handle %q %v", raw, err)
	}
	for _, i := range []int{1, 3} {
		if got := r.recall("T", handles[i]); got != fmt.Sprint("K", i) {
			t.Errorf("recall %d: %s", i, got)
		}
	}
	encode := func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }
	at := strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10)
	for handle, want := range map[string]string{
		"%%":                                 "604 recall handle is invalid",
		encode("v2 T broker-a 1 K"):          "604 recall handle is invalid",
		encode("v1 T broker-a 1"):            "604 recall handle is invalid",
		encode("v1 X broker-a " + at + " K"): "604 recall failed, topic not match",
		encode("v1 T broker-b " + at + " K"): "604 recall failed, broker service not available",
		encode("v1 T broker-a 1 K"):          "604 recall failed, timestamp invalid",
		encode("v1 T broker-a " + at + " K"): "K",
	} {
		if got := r.recall("T", handle); got != want {
			t.Errorf("%q: %s, want %s", handle, got, want)
		}
	}
	if got := r.recall("Nowhere", handles[0]); got != "17 recall failed, the topic[Nowhere] not exist" {
		t.Error(got)
	}
	bodies, _ := r.await("T", 3)
	time.Sleep(300 * time.Millisecond)
	if _, _, more := r.pull("g", "T", 3, "*", 0); strings.Join(bodies, " ") != "first m0 m2" || len(more) != 0 {
		t.Errorf("%v and then %v", bodies, more)
	}
	off := timerConfig(t, t.TempDir())
	off.RecallMessageEnable = false
	if got := startRig(t, off).recall("T", handles[0]); got != "16 recall failed, operation is forbidden" {
		t.Error(got)
	}
}

func FuzzDecodeHandle(f *testing.F) {
	f.Add(base64.URLEncoding.EncodeToString([]byte("v1 T broker-a 123 K")))
	f.Add("djE=")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := decodeHandle(s)
		if err != nil {
			return
		}
		again, err := decodeHandle(base64.URLEncoding.EncodeToString([]byte(strings.Join([]string{"v1", h.topic, h.broker,
			h.timestamp, h.uniqKey}, " "))))
		if err != nil || again != h {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}
