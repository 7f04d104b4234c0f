package replication

import (
	"bytes"
	"errors"
	"net"
	"strconv"
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

// TestCompareUnasked: without a record nothing is compared, and a difference with an earlier master is forgotten. A
// master that does not answer, or whose address nobody knows, is no difference, forgets none, and is not followed.
func TestCompareUnasked(t *testing.T) {
	empty, full := newRig(t, "ASYNC_MASTER"), newRig(t, "ASYNC_MASTER")
	full.send("one")
	before := &DivergedError{Master: "before"}
	empty.diverged, full.diverged = before, before
	if err := empty.compare(t.Context(), ""); err != nil || empty.diverged != nil {
		t.Errorf("%v, %v", err, empty.diverged)
	}
	var div *DivergedError
	unknown := func(what, haAddr string) {
		t.Helper()
		if err := full.compare(t.Context(), haAddr); err == nil || errors.As(err, &div) || full.diverged != before {
			t.Errorf("%s: %v, noted %v", what, err, full.diverged)
		}
	}
	for _, haAddr := range []string{"", "host", "host:", "host:x", "host:1", "host:0", "host:-5"} {
		unknown("no address", haAddr)
	}
	full.addr = nobody(t)
	unknown("nobody is there", full.addr)
	port := masterPort{code: wire.SystemError, topic: wire.SystemBusy}
	full.addr = port.serve(t)
	if err := full.compare(t.Context(), ""); err == nil || full.diverged != before && full.diverged != nil {
		t.Errorf("nobody knows the topic: %v, noted %v", err, full.diverged)
	}
}

// TestCompareByHAAddress: a master that no NameServer names is asked at the port in front of its haListenPort.
func TestCompareByHAAddress(t *testing.T) {
	r := newRig(t, "ASYNC_MASTER")
	r.send("one")
	port := masterPort{rec: r.last()}
	host, text, err := net.SplitHostPort(port.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(text)
	port.asked.Store(-1)
	if err := r.compare(t.Context(), net.JoinHostPort(host, strconv.Itoa(n+1))); err != nil || port.asked.Load() != 0 {
		t.Errorf("%v, asked for %d", err, port.asked.Load())
	}
}
