package wire

import (
	"bytes"
	"testing"
)

// TestClone: a copy says the same and shares nothing with the frame; no body stays none.
func TestClone(t *testing.T) {
	for _, body := range [][]byte{nil, {}, []byte("the body")} {
		frame := []byte("keyvalue")
		c := Command{Code: 7, Opaque: 9, Remark: "r", Fields: []Field{{frame[:3], frame[3:]}}, Body: bytes.Clone(body)}
		d := c.Clone()
		if (d.Body == nil) != (body == nil) || !bytes.Equal(d.Body, body) || d.Code != 7 || d.Opaque != 9 || d.Remark != "r" {
			t.Errorf("body %q became %+v", body, d)
		}
		clear(frame)
		clear(c.Body)
		if string(d.Fields[0].Key) != "key" || string(d.Fields[0].Value) != "value" || !bytes.Equal(d.Body, body) {
			t.Errorf("it changed with its frame: %+v", d)
		}
		d.Fields[0].Key = append(d.Fields[0].Key, "overwrites"...)
		if string(d.Fields[0].Value) != "value" || !bytes.Equal(d.Body, body) {
			t.Errorf("one part grew into the next: %+v", d)
		}
	}
}

// TestSingleText: an array of one string stands for the string, anything else for itself.
func TestSingleText(t *testing.T) {
	for text, want := range map[string]string{`["a"]`: "a", `[""]`: "", `["`: `["`, `["]`: `["]`, `[]`: `[]`, `[1]`: `[1]`,
		`["a","b"]`: `["a","b"]`, `["a\n"]`: `["a\n"]`, `{"a"}`: `{"a"}`, `[1a"]`: `[1a"]`, `["ab]`: `["ab]`, `["a"`: `["a"`, `"a"]`: `"a"]`, "": ""} {
		if got := string(singleText([]byte(text))); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// TestFieldsWithoutQuotes: the short way for fields takes none that does not begin with a quote.
func TestFieldsWithoutQuotes(t *testing.T) {
	for _, text := range []string{`{"code":1,"extFields":{x":"v"}}`, `{"code":1,"extFields":{"a":"b",x":"v"}}`,
		`{"code":1,"extFields":{`, `{"code":1,"extFields":{"`} {
		if err := DecodeHeader([]byte(text), &Command{Serialize: SerializeJSON}); err == nil {
			t.Errorf("%s is a header", text)
		}
	}
}

// TestCut16: a text of two bytes' length, to the byte.
func TestCut16(t *testing.T) {
	for b, want := range map[string]string{"": "-", "\x00": "-", "\x00\x00": "|", "\x00\x01": "-", "\x00\x01a": "a|",
		"\x00\x01ab": "a|b", "\x00\x02a": "-", "\x01\x00a": "-"} {
		got := "-"
		if s, rest, ok := cut16([]byte(b)); ok {
			got = string(s) + "|" + string(rest)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", b, got, want)
		}
	}
}
