package client

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"gorocket/integration/wire"
)

// sample is a V1 record with topic "t", body "body" and one property.
func sample() []byte {
	body, props := []byte("body"), Props("TAGS", "x")
	r := make([]byte, 4)
	r = binary.BigEndian.AppendUint32(r, magicV1)
	r = binary.BigEndian.AppendUint32(r, crc32.ChecksumIEEE(body)&0x7FFFFFFF)
	r = append(r, make([]byte, 4+4+8+8+4+8)...) // queue, flag, offsets, sysFlag, born
	r = append(r, 127, 0, 0, 1, 0, 0, 0, 80)
	r = append(r, make([]byte, 8)...)
	r = append(r, 127, 0, 0, 1, 0, 0, 0, 81)
	r = append(r, make([]byte, 4+8)...)
	r = append(binary.BigEndian.AppendUint32(r, 4), body...)
	r = append(append(r, 1), 't')
	r = append(binary.BigEndian.AppendUint16(r, uint16(len(props))), props...)
	binary.BigEndian.PutUint32(r, uint32(len(r)))
	return r
}

func TestDecode(t *testing.T) {
	r, err := Decode(sample())
	if err != nil {
		t.Fatal(err)
	}
	if r.Topic != "t" || string(r.Body) != "body" || r.Property("TAGS") != "x" || r.StoreHost.Port() != 81 ||
		r.ID() != "7F000001000000510000000000000000" {
		t.Errorf("%v %s %v", r, r.ID(), r.StoreHost)
	}
	bad := sample()
	bad[len(bad)-12] ^= 1 // body
	if _, err := Decode(bad); err == nil {
		t.Error("a wrong CRC is not noticed")
	}
}

func TestIntegerKeys(t *testing.T) {
	v, err := ParseJSON(wire.Response{Body: []byte(`{"offsetTable":{"a@b, 1:{":{0:5, 1:7,-1:2},"c":{"2":3}},"list":[1,{3:4}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	m := v.(map[string]any)["offsetTable"].(map[string]any)
	if q := m["a@b, 1:{"].(map[string]any); q["0"] != 5.0 || q["1"] != 7.0 || q["-1"] != 2.0 {
		t.Errorf("%v", v)
	}
}

// FuzzEachRecord: no panic, and nothing decoded that is longer than the input.
func FuzzEachRecord(f *testing.F) {
	f.Add(sample())
	f.Add(append(sample(), sample()...))
	f.Add(sample()[:40])
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		_ = EachRecord(in, func(r *Record) error { n += len(r.Raw); return nil })
		if n > len(in) {
			t.Errorf("%d bytes of records in %d", n, len(in))
		}
	})
}
