package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"net/netip"
	"strings"
	"testing"
)

// javaLimits are those of Java's default configuration.
var javaLimits = Limits{MaxBody: 4 << 20, LongTopics: true}

var (
	hostA = netip.MustParseAddrPort("10.1.2.3:4567")
	hostB = netip.MustParseAddrPort("192.168.0.9:10911")
	hostV = netip.MustParseAddrPort("[2001:db8::7]:10911")
)

func msg(topic string, queue int32, body string) *Message {
	return &Message{Topic: topic, QueueID: queue, BornTimestamp: 1700000000000, BornHost: hostA, StoreHost: hostB,
		Body: []byte(body)}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRecordLayout compares with bytes written down by hand from the specification of the
func TestRecordLayout(t *testing.T) {
	v4 := &Message{Topic: "TopicX", QueueID: 3, Flag: 7, SysFlag: 1, BornTimestamp: 0x0102030405060708,
		BornHost: hostA, StoreHost: hostB,
		ReconsumeTimes: 2, PreparedTransactionOffset: 9, Body: []byte("abc"), Properties: []byte("TAGS\x01A\x02")}
	v6 := *v4
	v6.BornHost, v6.Topic, v6.Properties = hostV, strings.Repeat("r", 130), nil
	cases := []struct {
		name string
		m    *Message
		want string
	}{
		{"v1, v4 hosts", v4, `0000006B DAA320A7 352441C2 00000003 00000007 0000000000000005 0000000000001000
			00000001 0102030405060708
			0A010203 000011D7 0000018BCFE56800 C0A80009 00002A9F 00000002 0000000000000009 00000003 616263 06
			546F70696358 0007 54414753014102`},
		{"v2, v6 born host", &v6, `000000ED DAA320AB 352441C2 00000003 00000007 0000000000000005 0000000000001000
			00000011 0102030405060708
			20010DB8000000000000000000000007 00002A9F 0000018BCFE56800 C0A80009 00002A9F 00000002 0000000000000009
			00000003 616263 0082 ` +
			strings.Repeat("72", 130) + ` 0000`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := javaLimits.Append(nil, c.m, Stamp{5, 0x1000, 1700000000000})
			if err != nil {
				t.Fatal(err)
			}
			if want := unhex(t, c.want); !bytes.Equal(got, want) {
				t.Fatalf("got  %X\nwant %X", got, want)
			}
			m, err := Decode(append(got, 0xFF))
			if err != nil {
				t.Fatal(err)
			}
			if m.QueueOffset != 5 || m.PhysicalOffset != 0x1000 || m.BornHost != c.m.BornHost ||
				m.StoreHost != hostB || string(m.Topic) != c.m.Topic ||
				m.ReconsumeTimes != 2 || m.PreparedTransactionOffset != 9 || !m.BodyCRCOK() ||
				!bytes.Equal(m.Properties, c.m.Properties) {
				t.Fatalf("decoded %+v", m)
			}
		})
	}
}

func TestRecordLimits(t *testing.T) {
	strict, sealed := javaLimits, javaLimits
	strict.LongTopics, sealed.PropCRC = false, true
	cases := []struct {
		name string
		l    Limits
		m    Message
		want error
	}{
		{"largest body", javaLimits, Message{Topic: "t", Body: make([]byte, 4<<20)}, nil},
		{"body", javaLimits, Message{Topic: "t", Body: make([]byte, 4<<20+1)}, ErrBodyTooLarge},
		{"largest properties", javaLimits, Message{Topic: "t", Properties: bytes.Repeat([]byte("p"), 32767)}, nil},
		{"zeros need a CRC", javaLimits, Message{Topic: "t", Properties: make([]byte, 32767)}, ErrPropertiesTooLong},
		{"a zero in front of the topic", javaLimits, Message{Topic: "\x00t"}, ErrTopicZero},
		{"a zero in the topic", javaLimits, Message{Topic: "t\x00"}, ErrTopicZero},
		{"properties", javaLimits, Message{Topic: "t", Properties: make([]byte, 32768)}, ErrPropertiesTooLong},
		{"properties with CRC", sealed, Message{Topic: "t", Properties: make([]byte, 32760)}, ErrPropertiesTooLong},
		{"topic 127 is V1", strict, Message{Topic: strings.Repeat("t", 127)}, nil},
		{"topic 128 without V2", strict, Message{Topic: strings.Repeat("t", 128)}, ErrTopicTooLong},
		{"topic 32768", javaLimits, Message{Topic: strings.Repeat("t", 32768)}, ErrTopicTooLong},
	}
	for _, c := range cases {
		_, err := c.l.Append(nil, &c.m, Stamp{})
		if !errors.Is(err, c.want) || (c.want != nil && !errors.Is(err, ErrIllegal)) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// TestPropertyCRC checks the digits by hand: they are written least significant first.
func TestPropertyCRC(t *testing.T) {
	sealed := javaLimits
	sealed.PropCRC = true
	for _, props := range []string{"", "A\x01b\x02", "A\x01b"} {
		r := msg("T", 0, "body")
		r.Properties = []byte(props)
		b, err := sealed.Append(nil, r, Stamp{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		tail := string(b[len(b)-20:])
		if !strings.HasPrefix(tail, "__CRC32#\x01") || tail[19] != 2 {
			t.Fatalf("%q: tail %q", props, tail)
		}
		want, digits := crc32.ChecksumIEEE(b[:len(b)-20])&0x7FFFFFFF, uint32(0)
		for i := 18; i >= 9; i-- {
			digits = digits*10 + uint32(tail[i]-'0')
		}
		if stored, computed, ok := ReadPropCRC(b); !ok || stored != want || computed != want || digits != want {
			t.Fatalf("%q: %d %d %v, want %d", props, stored, computed, ok, want)
		}
		m, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := m.Property("A"); props != "" && (!ok || string(v) != "b") {
			t.Fatalf("%q: property %q", props, v)
		}
		b[60] ^= 1
		if stored, computed, _ := ReadPropCRC(b); stored == computed {
			t.Fatal("a changed byte went unnoticed")
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, _ := javaLimits.Append(nil, msg("Topic", 0, "hello"), Stamp{})
	for _, pos := range []int{0, 3, 4, 7, 39, 84, 87, 93, 99, 100} {
		b := bytes.Clone(good)
		b[pos] ^= 0x30
		if _, err := Decode(b); err != nil && !errors.Is(err, ErrBad) {
			t.Errorf("byte %d: %v is no ErrBadRecord", pos, err)
		} else if err == nil && pos != 93 {
			t.Errorf("byte %d changed and decoded", pos)
		}
	}
	for n := range good {
		if _, err := Decode(good[:n]); !errors.Is(err, ErrBad) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func TestMessageID(t *testing.T) {
	cases := []struct {
		host   string
		offset int64
		want   string
	}{
		{"192.168.0.9:10911", 0x1234, "C0A8000900002A9F0000000000001234"},
		{"[2001:db8::7]:80", 1, "20010DB8000000000000000000000007000000500000000000000001"},
	}
	for _, c := range cases {
		h := netip.MustParseAddrPort(c.host)
		id := string(AppendMessageID(nil, h, c.offset))
		if id != c.want {
			t.Errorf("got %s, want %s", id, c.want)
		}
		for _, text := range []string{id, strings.ToLower(id)} {
			if got, off, err := ParseMessageID(text); err != nil || got != h || off != c.offset {
				t.Errorf("%s: %v %d %v", text, got, off, err)
			}
		}
	}
	for _, bad := range []string{"", "C0", strings.Repeat("G", 32), strings.Repeat("A", 55)} {
		if _, _, err := ParseMessageID(bad); err != ErrBadMessageID {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestMessageIDs: the answer to a batch is what one id after the other would be.
func TestMessageIDs(t *testing.T) {
	for _, addr := range []string{"192.168.0.9:10911", "[2001:db8::7]:80"} {
		host, got := netip.MustParseAddrPort(addr), []byte("before ")
		offsets, want := []int64{1 << 40, 7, 0}, []string{}
		for _, off := range offsets {
			want = append(want, string(AppendMessageID(nil, host, off)))
		}
		if got = AppendMessageIDs(got, host, offsets); string(got) != "before "+strings.Join(want, ",") {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

// TestSibling: a record made after the one before it is the same as one made from nothing.
func TestSibling(t *testing.T) {
	for _, host := range []string{"10.0.0.1:1", "[2001:db8::7]:80"} {
		for _, crc := range []bool{false, true} {
			l := javaLimits
			l.PropCRC = crc
			r := msg("Topic", 3, "the first body")
			r.BornHost, r.StoreHost, r.Flag, r.Properties = netip.MustParseAddrPort(host),
				netip.MustParseAddrPort("10.0.0.2:2"), 1, []byte("a\x01b\x02")
			first, err := l.Append(nil, r, Stamp{})
			if err != nil {
				t.Fatal(err)
			}
			r.Body, r.Flag, r.Properties = []byte("another"), 2, []byte("longer\x01properties")
			want, _ := l.Append(nil, r, Stamp{})
			e, _ := l.Plan(r)
			got := make([]byte, e.Size)
			if e.PutSibling(got, first, r); !bytes.Equal(got, want) {
				t.Errorf("%s, CRC %v:\n%x\n%x", host, crc, got, want)
			}
		}
	}
}

func TestHashes(t *testing.T) {
	cases := map[string]int64{"": 0, "TagA": 2598919, "Aa": 2112, "BB": 2112, "polygenelubricants": -2147483648,
		"中文": 646394, "😀": 1772899}
	for s, want := range cases {
		if got := TagsCode([]byte(s)); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
	for _, s := range []string{"", "T", "topic with 中文"} {
		if a, b := TopicHash(s), TopicHashBytes([]byte(s)); a != b {
			t.Errorf("topic %q: %d as a string, %d as bytes", s, a, b)
		}
	}
	// no key is appended to these, so that the hash is that of the text alone
	for in, want := range map[int32]int32{math.MinInt32: 0, math.MinInt32 + 1: math.MaxInt32, -1: 1, 0: 0, 1: 1} {
		if h := KeyHash(in, nil); h != want {
			t.Errorf("abs of %d: %d", in, h)
		}
	}
	if h := KeyHash(TopicHash(""), nil); h != '#' {
		t.Errorf("empty topic and key: %d", h)
	}
	if h := KeyHash(TopicHash("T"), []byte("k")); h != ('T'*31+'#')*31+'k' {
		t.Errorf("T#k: %d", h)
	}
}

// TestDecodeEdges: the smallest record, the longest topics and properties, and lengths that are off by one.
func TestDecodeEdges(t *testing.T) {
	for _, c := range []struct{ body, topic, props int }{{0, 0, 0}, {0, 1, 0}, {1, 0, 0}, {0, 0, 1}, {0, 127, 0}, {0, 128, 0},
		{0, math.MaxInt16, MaxPropertiesLength}, {5, 3, MaxPropertiesLength}} {
		m := Message{Topic: strings.Repeat("t", c.topic), Body: make([]byte, c.body),
			Properties: bytes.Repeat([]byte("p"), c.props)}
		b, err := javaLimits.Append(nil, &m, Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decode(append(b, "what follows"...))
		if err != nil || len(v.Body) != c.body || len(v.Topic) != c.topic || len(v.Properties) != c.props ||
			int(v.Size) != len(b) {
			t.Errorf("%+v: %d, %d, %d bytes, %v", c, len(v.Body), len(v.Topic), len(v.Properties), err)
		}
	}
	b, _ := javaLimits.Append(nil, msg("T", 0, "body"), Stamp{})
	for what, harm := range map[string]func(b []byte){
		"body longer than the record":  func(b []byte) { binary.BigEndian.PutUint32(b[84:], uint32(len(b)-88+1)) },
		"body of less than nothing":    func(b []byte) { binary.BigEndian.PutUint32(b[84:], math.MaxUint32) },
		"body to the end, no topic":    func(b []byte) { binary.BigEndian.PutUint32(b[84:], uint32(len(b)-88)) },
		"topic longer by one":          func(b []byte) { b[92]++ },
		"properties longer by one":     func(b []byte) { b[len(b)-1]++ },
		"properties of a negative len": func(b []byte) { b[len(b)-2] = 0x80 },
	} {
		bad := bytes.Clone(b)
		if harm(bad); b[92] != 1 {
			t.Fatal("the topic is elsewhere")
		}
		if _, err := Decode(bad); !errors.Is(err, ErrBad) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestPropertyCRCDigits: ten digits, and a number of at most 32 bits, or there is none.
func TestPropertyCRCDigits(t *testing.T) {
	l := javaLimits
	l.PropCRC = true
	for digits, want := range map[string]bool{"0000000000": true, "5927694924": true, "6927694924": false, "/000000000": false,
		"000000000:": false, "9999999999": false} {
		b, _ := l.Append(nil, msg("T", 0, "body"), Stamp{})
		copy(b[len(b)-11:], digits)
		if stored, _, ok := ReadPropCRC(b); ok != want || ok && stored != map[string]uint32{"5927694924": math.MaxUint32}[digits] {
			t.Errorf("%s: %d, %v", digits, stored, ok)
		}
	}
	smallest := make([]byte, MinSize-2+PropCRCLen)
	copy(smallest[MinSize-2:], propCRCHead+"0000000000\x02")
	if _, _, ok := ReadPropCRC(smallest); !ok {
		t.Error("the CRC of the smallest record is not found")
	}
	if _, _, ok := ReadPropCRC(smallest[1:]); ok {
		t.Error("one of less than a record is")
	}
}

// TestBlank: a blank says how much of the file is left, in the place where a record has its size.
func TestBlank(t *testing.T) {
	var b [BlankSize]byte
	PutBlank(b[:], 0x01020304)
	if size, magic := Head(b[:]); size != 0x01020304 || magic != MagicBlank || string(b[:4]) != "\x01\x02\x03\x04" {
		t.Errorf("%x: size %x, magic %x", b, size, magic)
	}
}
