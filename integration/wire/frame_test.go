package wire

import (
	"bytes"
	"testing"
)

func TestEncodeDecode(t *testing.T) {
	raw, err := Encode(Request{Code: 10, Ext: map[string]any{"topic": "т", "queueId": 3}, Body: []byte("body")}, 7)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := ReadRaw(bytes.NewReader(raw))
	if err != nil || !bytes.Equal(frame, raw) {
		t.Fatalf("%v, %x", err, frame)
	}
	_, header, body, err := Split(frame)
	if err != nil || string(body) != "body" || !bytes.Contains(header, []byte(`"queueId":3`)) {
		t.Fatalf("%v, %s, %s", err, header, body)
	}
}

func TestDecodeBinary(t *testing.T) {
	header := []byte{0, 3, 0, 2, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 'n', 'o', 0, 0, 0, 8, 0, 1, 'k', 0, 0, 0, 1, 'v'}
	frame := Frame(header, []byte("b"))
	frame[4] = 1
	r, err := Decode(frame)
	if err != nil || r.Code != 3 || r.Opaque != 9 || !r.IsResponse() || r.Remark != "no" || r.Ext["k"] != "v" ||
		string(r.Body) != "b" {
		t.Fatalf("%v, %+v", err, r)
	}
	for n := range header {
		short := Frame(header[:n], nil)
		short[4] = 1
		if _, err := Decode(short); err == nil && n != len(header) {
			t.Errorf("a header of %d of %d bytes was accepted", n, len(header))
		}
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := Encode(Request{Code: 10}, 1)
	f.Add(good)
	f.Add(Frame([]byte{0, 3, 0, 2, 1}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ReadRaw(bytes.NewReader(b))
		if err == nil {
			_, _ = Decode(frame)
		}
	})
}
