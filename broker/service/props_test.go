package service

import (
	"strings"
	"testing"
)

func TestSendProperties(t *testing.T) {
	var p properties
	p.parse([]byte("TAGS\x01a\x02KEYS\x01k1 " +
		"k2\x02POP_CK\x01x\x02\x01v\x02n\x01\x02WAIT\x01FALSE\x02DELAY\x013\x02CLUSTER\x01old\x02UNIQ_KEY\x01U1"))
	if want := "TAGS\x01a\x02KEYS\x01k1 k2\x02WAIT\x01FALSE\x02DELAY\x013\x02UNIQ_KEY\x01U1\x02"; string(p.text) != want {
		t.Errorf("text %q, want %q", p.text, want)
	}
	if string(p.tags) != "a" || string(p.uniqKey) != "U1" || p.wait || p.delay != 3 || p.badDelay || p.tran || p.timer {
		t.Errorf("%+v", p)
	}
	p.parkForLevel("T", 7, 2)
	for _, want := range []string{"REAL_TOPIC\x01T\x02", "REAL_QID\x017\x02", "DELAY\x012\x02"} {
		if !strings.Contains(string(p.text), want) {
			t.Errorf("%q lacks %q", p.text, want)
		}
	}
	p.parse([]byte("DELAY\x01x\x02TRAN_MSG\x01TRUE\x02TIMER_DELAY_MS\x015\x02INNER_NUM\x012\x02"))
	if !p.badDelay || !p.tran || !p.timer || !p.inner || !p.wait {
		t.Errorf("%+v", p)
	}
}

// TestPropertiesStayAsJavaKeepsThem: segments that are no property go, the last separator comes, wherever they stand; a
// text of which nothing goes is the same as one that is put together anew.
func TestPropertiesStayAsJavaKeepsThem(t *testing.T) {
	for text, want := range map[string]string{"": "", "\x02": "", "A\x01b": "A\x01b\x02", "A\x01b\x02": "A\x01b\x02",
		"\x02A\x01b": "A\x01b\x02", "x\x02A\x01b": "A\x01b\x02", "A\x01b\x02x": "A\x01b\x02", "A\x01b\x02\x02": "A\x01b\x02",
		"A\x01b\x02\x01c\x02D\x01e": "A\x01b\x02D\x01e\x02", "A\x01b\x01c": "A\x01b\x01c\x02", "n\x01": "",
		"A\x01b\x02CLUSTER\x01c": "A\x01b\x02", "TRACE_ON\x01c\x02A\x01b": "A\x01b\x02"} {
		var p, again properties
		if p.parse([]byte(text)); string(p.text) != want {
			t.Errorf("%q became %q, want %q", text, p.text, want)
		}
		if again.rebuild([]byte(text)); string(again.text) != want {
			t.Errorf("%q rebuilt is %q, want %q", text, again.text, want)
		}
	}
}

// TestOffsetsOfClientsAreLeftOut: where a record stands in its queues only the broker says.
func TestOffsetsOfClientsAreLeftOut(t *testing.T) {
	for text, want := range map[string]string{"A\x01b\x02INNER_BASE\x017\x02": "A\x01b\x02",
		"INNER_MULTI_QUEUE_OFFSET\x019\x02A\x01b\x02": "A\x01b\x02", "A\x01INNER\x02": "A\x01INNER\x02"} {
		if got := string(withoutOffsets([]byte(text))); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
