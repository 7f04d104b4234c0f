package broker

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// forge sends a message to topic T whose body is a whole record, made for the place where it comes to lie, and returns
// that place.
func (r *rig) forge(forged store.Record, queueOffset int64) (at int64) {
	r.t.Helper()
	forged.BornHost, forged.StoreHost = r.b.storeHost, r.b.storeHost
	probe := r.send("T", "UNIQ_KEY\x01probe\x02", "probe")
	_, from, err := record.ParseMessageID(string(probe.MsgID))
	if err != nil {
		r.t.Fatal(err)
	}
	rec, err := r.b.store.ReadRecord(from, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	m, _ := record.Decode(rec)
	at = from + int64(m.Size) + int64(strings.Index(string(rec), "probe")) // the body comes first
	place := record.Stamp{QueueOffset: queueOffset, Offset: at}
	body, err := r.b.cfg().RecordLimits().Append(nil, &forged.Message, place)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send("T", "UNIQ_KEY\x01probe\x02", string(body))
	r.b.store.WithOwnRecord(at, func(b []byte) error {
		if string(b) != string(body) {
			r.t.Fatal("the forged record lies elsewhere")
		}
		return nil
	})
	return at
}

// TestForgedHalfMessage: a half message inside the body of another one can neither be ended nor end an honest one, and
// the table of half messages does not grow by it.
func TestForgedHalfMessage(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	_, honest := r.half("g", "T", "honest")
	props := func(topic, queue string) []byte {
		return []byte("PGROUP\x01evil\x02REAL_TOPIC\x01" + topic + "\x02REAL_QID\x01" + queue + "\x02TRAN_MSG\x01true\x02")
	}
	for _, c := range []struct {
		name  string
		at    int64
		topic string
		queue string
	}{
		{"far ahead", 1 << 40, "T", "0"}, {"the honest one's place", 0, "T", "0"}, {"negative", -1, "T", "0"},
		{"next", 1, "../../x", "0"},
	} {
		at := r.forge(store.Record{
			Message: record.Message{
				Topic: compat.TopicTransHalf, Body: []byte("x"), Properties: props(c.topic, c.queue),
			},
		}, c.at)
		for _, how := range []int32{wire.TransactionCommit, wire.TransactionRollback} {
			code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "evil", TranStateTableOffset: c.at,
				CommitLogOffset: at, CommitOrRollback: how})
			if code != wire.SystemError || remark != "Find prepared transaction message failed" {
				t.Errorf("%s: %d %q", c.name, code, remark)
			}
		}
	}
	if n := r.b.trans.Halves.Span(); n > 0 {
		t.Errorf("bits for %d half messages", n)
	}
	code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: honest,
		CommitOrRollback: wire.TransactionCommit})
	if got := r.bodies("T"); code != 0 || got[len(got)-1] != "honest" {
		t.Errorf("the honest producer's end: %d %q, delivered %q", code, remark, got[len(got)-1])
	}
}

// TestForgedRecordIsNoMessage: 33, 36, 309 and 323 take a record inside a body for none.
func TestForgedRecordIsNoMessage(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	at := r.forge(store.Record{
		Message: record.Message{
			Topic: "Secret", Body: []byte("x"),
			Properties: []byte("PGROUP\x01g\x02REAL_TOPIC\x01T\x02REAL_QID\x010\x02"),
		},
	}, 0)
	id := string(record.AppendMessageID(nil, r.b.storeHost, at))
	r.b.groups.Find("g")
	for name, ask := range map[string]func() error{
		"33": func() error {
			_, err := call(r, wire.ReqViewMessageById, wire.ViewMessageRequest, &wire.ViewMessageRequestHeader{Offset: at}, nil)
			return err
		},
		"36": func() error {
			_, err := call(r, wire.ReqConsumerSendMsgBack, wire.ConsumerSendMsgBackRequest,
				&wire.ConsumerSendMsgBackRequestHeader{Offset: at, Group: "g", MaxReconsumeTimes: -1}, nil)
			return err
		},
		"309": func() error {
			_, err := call(r, wire.ReqConsumeMessageDirectly, wire.ConsumeDirectlyRequest,
				&wire.ConsumeDirectlyHeader{ConsumerGroup: "g", ClientID: "c", MsgID: id}, nil)
			return err
		},
		"323": func() error {
			_, err := call(r, wire.ReqResumeCheckHalfMessage, wire.ResumeCheckHalfMessageRequest,
				&wire.ResumeCheckHalfMessageRequestHeader{Topic: "T", MsgID: id}, nil)
			return err
		},
	} {
		var re *remoting.ResponseError
		if err := ask(); !errors.As(err, &re) || re.Code != wire.SystemError || strings.Contains(re.Remark, "not online") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff([]int32(nil), r.b.store.Queues("Secret")); diff != "" {
		t.Error(diff)
	}
}

// TestResumeOnlyHalfMessages: a message of an ordinary topic that says of itself where it belongs is no half message.
func TestResumeOnlyHalfMessages(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	resp := r.send("T", "PGROUP\x01g\x02REAL_TOPIC\x01../../x\x02REAL_QID\x010\x02", "x")
	_, err := call(r, wire.ReqResumeCheckHalfMessage, wire.ResumeCheckHalfMessageRequest,
		&wire.ResumeCheckHalfMessageRequestHeader{Topic: "T", MsgID: string(resp.MsgID)}, nil)
	if err == nil || r.b.store.MaxOffset(compat.TopicTransHalf, 0) != 0 {
		t.Errorf("resumed: %v", err)
	}
}
