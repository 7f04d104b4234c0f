package broker

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestAckRefusals: what is no acknowledgement is told, for one as for a change of the time, and means nothing for the
// message; what a handle means is not told.
func TestAckRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "a")
	_, handles := r.ask(wire.ReqPopMessage, popFields("T", "g"), "").popped(t)
	fields := ackFields("T", "g", handles["a"])
	committed := func() (sum int64) {
		for _, off := range r.b.offsets.CommittedOf("g", "T") {
			sum += off
		}
		return sum
	}
	for _, code := range []int32{wire.ReqAckMessage, wire.ReqChangeMessageInvisibletime} {
		r.ask(code, fields+"&invisibleTime=5000&liteTopic=l", "").is(t, wire.InvalidParameter,
			"group type or bind topic not match.")
		for _, bad := range []string{"", "consumerGroup=g", strings.Replace(fields, "queueId=", "queueId=x", 1),
			strings.Replace(fields, "offset=", "offset=x", 1)} {
			if a := r.ask(code, bad+"&invisibleTime=5000", ""); a.code == wire.Success {
				t.Errorf("%d with %q: answer %d %q", code, bad, a.code, a.remark)
			}
		}
	}
	if n := committed(); n != 0 {
		t.Errorf("refused, and %d are committed", n)
	}
	changed := r.ask(wire.ReqChangeMessageInvisibletime, fields+"&invisibleTime=5000&liteTopic=%20", "")
	if changed.is(t, wire.Success, ""); changed.ext["invisibleTime"] != "5000" || changed.ext["popTime"] == "" {
		t.Errorf("a change: %v", changed.ext)
	}
	f := strings.Split(handles["a"], " ")
	f[1], f[2], f[3] = changed.ext["popTime"], changed.ext["invisibleTime"], changed.ext["reviveQid"]
	r.ask(wire.ReqAckMessage, ackFields("T", "g", strings.Join(f, " ")), "").is(t, wire.Success, "")
	r.ask(wire.ReqBatchAckMessage, "", "{").is(t, wire.SystemError, "")
}
