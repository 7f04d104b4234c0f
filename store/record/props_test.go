package record

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestProperties(t *testing.T) {
	cases := []struct {
		text string
		want string // name=value;…
	}{
		{"", ""},
		{"A\x01b\x02C\x01d\x02", "A=b;C=d;"},
		{"A\x01b\x02C\x01d", "A=b;C=d;"},         // older clients leave the last separator out
		{"A\x01b\x02\x02\x02C\x01d", "A=b;C=d;"}, // empty segments
		{"A\x01\x02C\x01d\x02", "C=d;"},          // empty value
		{"\x01b\x02C\x01d\x02", "C=d;"},          // empty name
		{"AB\x02C\x01d\x02", "C=d;"},             // no separator
		{"A\x01b\x01c\x02", "A=b\x01c;"},         // the value may hold \x01
		{"A\x01", ""},
		{"\x02", ""},
	}
	for _, c := range cases {
		var got strings.Builder
		for text := []byte(c.text); ; {
			n, v, rest, ok := NextProperty(text)
			if !ok {
				break
			}
			got.WriteString(string(n) + "=" + string(v) + ";")
			text = rest
		}
		if got.String() != c.want {
			t.Errorf("%q: %q, want %q", c.text, got.String(), c.want)
		}
	}
}

func TestPropertyEdit(t *testing.T) {
	text := []byte("A\x01b\x02K\x01x\x02A\x01c")
	if v, ok := Property(text, "A"); !ok || string(v) != "c" {
		t.Errorf("later duplicates win: %q", v)
	}
	if _, ok := Property(text, "a"); ok {
		t.Error("names are case-sensitive")
	}
	if got := DeleteProperty(nil, text, "A"); string(got) != "K\x01x\x02" {
		t.Errorf("delete: %q", got)
	}
	if got := SetProperty(nil, text, "A", "z"); string(got) != "K\x01x\x02A\x01z\x02" {
		t.Errorf("set: %q", got)
	}
	if got := JoinProperties([]byte("A\x01b"), []byte("C\x01d\x02")); string(got) != "A\x01b\x02C\x01d\x02" {
		t.Errorf("join: %q", got)
	}
	if got := JoinProperties(nil, []byte("C\x01d\x02")); string(got) != "C\x01d\x02" {
		t.Errorf("to nothing: %q", got)
	}
	if got := JoinProperties([]byte("A\x01b"), nil); string(got) != "A\x01b" {
		t.Errorf("join nothing: %q", got)
	}
}

func TestNextKey(t *testing.T) {
	var got []string
	for keys := []byte("  a b  cc "); ; {
		k, rest, ok := NextKey(keys)
		if !ok {
			break
		}
		got = append(got, string(k))
		keys = rest
	}
	if strings.Join(got, ",") != "a,b,cc" {
		t.Errorf("%q", got)
	}
}

func TestBatchItems(t *testing.T) {
	items := []BatchItem{{Flag: 1, Body: []byte("one"), Properties: []byte("TAGS\x01a")}, {Body: nil, Properties: nil},
		{Flag: -5, Body: bytes.Repeat([]byte("z"), 300)}}
	var body []byte
	for _, it := range items {
		body = AppendBatchItem(body, it)
	}
	rest := body
	for i, want := range items {
		got, r, err := NextBatchItem(rest)
		if err != nil || got.Flag != want.Flag || !bytes.Equal(got.Body, want.Body) || !bytes.Equal(got.Properties,
			want.Properties) {
			t.Fatalf("item %d: %+v %v", i, got, err)
		}
		rest = r
	}
	for n := 1; n < 31; n++ {
		if _, _, err := NextBatchItem(body[:n]); !errors.Is(err, ErrBadBatch) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// TestNeedsCRC: a zero anywhere in the properties, the first byte as well, asks for a CRC, and so does an end that looks
// like one, even when there is nothing else.
func TestNeedsCRC(t *testing.T) {
	crc := "__CRC32#\x010123456789\x02"
	for text, want := range map[string]bool{"": false, "A\x01b\x02": false, "\x00": true, "A\x00": true, "A\x01b\x02\x00": true,
		crc: true, "A\x01b\x02" + crc: true, crc[1:]: false, crc + "A\x01b\x02": false} {
		if got := NeedsCRC([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
