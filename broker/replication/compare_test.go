package replication

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// TestCompare: the slave's last record against whatever its master may answer. Only the same bytes, or a topic that the
// master does not have any more, let it follow; only a difference makes it sick, not a master that cannot be asked.
func TestCompare(t *testing.T) {
	r := newRig(t, "ASYNC_MASTER") // a slave that was one
	end := r.send("first", "second")
	same := r.last()
	other := bytes.Clone(same)
	other[bytes.Index(other, []byte("second"))] ^= 1
	type outcome int
	const (
		follows outcome = iota
		differs
		unknown // neither
	)
	for name, c := range map[string]struct {
		port   *masterPort
		theirs string
		want   outcome
	}{
		"the same":              {port: &masterPort{rec: same}},
		"one byte":              {port: &masterPort{rec: other}, theirs: "message 1 of queue 0 of T", want: differs},
		"another length":        {port: &masterPort{rec: same[:len(same)-1]}, theirs: "no record", want: differs},
		"nothing there":         {port: &masterPort{code: wire.SystemError}, theirs: "no message", want: differs},
		"the topic is gone":     {port: &masterPort{code: wire.SystemError, topic: wire.TopicNotExist}},
		"nobody knows":          {port: &masterPort{code: wire.SystemError, topic: wire.SystemBusy}, want: unknown},
		"the master is busy":    {port: &masterPort{code: wire.SystemBusy, topic: wire.TopicNotExist}, want: unknown},
		"there is no such code": {port: &masterPort{code: wire.RequestCodeNotSupported}, want: unknown},
	} {
		r.addr = c.port.serve(t)
		err := r.compare(t.Context(), "the HA port, which is not asked")
		m, _ := record.Decode(same)
		if got := c.port.asked.Load(); got != m.PhysicalOffset || got+int64(m.Size) != end {
			t.Errorf("%s: asked for %d", name, got)
		}
		var div *DivergedError
		got := unknown
		if errors.As(err, &div) {
			got = differs
		} else if err == nil {
			got = follows
		}
		if got != c.want || got == differs != (r.diverged != nil) {
			t.Errorf("%s: %v, noted %v", name, err, r.diverged)
		}
		if got == differs && (div.Offset != m.PhysicalOffset || div.Master != r.addr || !strings.Contains(div.Theirs,
			c.theirs) || !strings.Contains(div.Ours, "message 1 of queue 0 of T, stored ")) {
			t.Errorf("%s: %+v", name, div)
		}
		r.diverged = nil
	}
}

// TestCompareUnasked: without a record, or a master's address, nothing is compared; a difference with an earlier master
// is forgotten. A master that does not answer is no difference, and forgets none.
func TestCompareUnasked(t *testing.T) {
	empty, full := newRig(t, "ASYNC_MASTER"), newRig(t, "ASYNC_MASTER")
	full.send("one")
	before := &DivergedError{Master: "before"}
	empty.addr, empty.diverged, full.diverged = nobody(t), before, before
	for _, r := range []*rig{empty, full} {
		if err := r.compare(t.Context(), ""); err != nil || r.diverged != nil {
			t.Errorf("%v, %v", err, r.diverged)
		}
	}
	full.addr, full.diverged = nobody(t), before
	var div *DivergedError
	if err := full.compare(t.Context(), ""); err == nil || errors.As(err, &div) || full.diverged != before {
		t.Errorf("nobody is there: %v, noted %v", err, full.diverged)
	}
	port := masterPort{code: wire.SystemError, topic: wire.SystemBusy}
	full.addr = port.serve(t)
	if err := full.compare(t.Context(), ""); err == nil || full.diverged != before && full.diverged != nil {
		t.Errorf("nobody knows the topic: %v, noted %v", err, full.diverged)
	}
}
