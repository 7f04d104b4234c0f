package wire

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// fieldsOf is what a command holds, as text.
func fieldsOf(c *Command) string {
	text := fmt.Sprintf("code=%d version=%d opaque=%d flag=%d %v remark=%q", c.Code, c.Version, c.Opaque, c.Flag, c.Language, c.Remark)
	for _, f := range c.Fields {
		text += fmt.Sprintf(" %s=%q", f.Key, f.Value)
	}
	return text
}

// TestOddJSONHeaders: what stands in a header beside what Java writes is read as fastjson reads it, or refused as a whole.
func TestOddJSONHeaders(t *testing.T) {
	const none = `code=0 version=0 opaque=0 flag=0 JAVA remark=""`
	code5 := strings.Replace(none, "code=0", "code=5", 1)
	for text, want := range map[string]string{
		`{}`:                                              none,
		` { } `:                                           none,
		"\t{\r\n\"code\" :\t5 , \"opaque\":-7 }":          strings.Replace(code5, "opaque=0", "opaque=-7", 1),
		`{"code":5}`:                                      code5,
		`{"code":"5"}`:                                    code5,
		`{"code":5 }`:                                     code5,
		`{"code":null}`:                                   none,
		`{"x":1,"code":5}`:                                code5,
		`{"x":"a\"b","code":5}`:                           code5,
		`{"x":"\\","code":5}`:                             code5,
		`{"x":{"y":[1,{"z":"}"}]},"code":5}`:              code5,
		`{"x":[],"code":5}`:                               code5,
		`{"x":[[]] ,"code":5}`:                            code5,
		`{"x":null,"code":5}`:                             code5,
		`{"remark":"a\nb","code":5}`:                      strings.Replace(code5, `""`, `"a\nb"`, 1),
		`{"remark":7,"code":5}`:                           strings.Replace(code5, `""`, `"7"`, 1),
		`{"language":"GO","code":5}`:                      strings.Replace(code5, "JAVA", "GO", 1),
		`{"language":"KLINGON","code":5}`:                 strings.Replace(code5, "JAVA", "OTHER", 1),
		`{"extFields":null,"code":5}`:                     code5,
		`{"extFields":{},"code":5}`:                       code5,
		`{"extFields":{"a":"b"},"code":5}`:                code5 + ` a="b"`,
		`{"extFields":{"a":"b","c":"d"},"code":5}`:        code5 + ` a="b" c="d"`,
		`{"extFields": { "a" : "b" , "c" : 1 },"code":5}`: code5 + ` a="b" c="1"`,
		`{"extFields":{"a":""},"code":5}`:                 code5 + ` a=""`,
		`{"extFields":{"":"b"},"code":5}`:                 code5 + ` ="b"`,
		`{"extFields":{"a":null,"b":true},"code":5}`:      code5 + ` b="true"`,
		`{"extFields":{"a":{"b":[1]}},"code":5}`:          code5 + ` a="{\"b\":[1]}"`,
		`{"extFields":{"a":["b"]},"code":5}`:              code5 + ` a="b"`,
		`{"extFields":{"a":"\"x\""},"code":5}`:            code5 + ` a="\"x\""`,
		`{"extFields":{"\"a":"b"},"code":5}`:              code5 + ` "a="b"`,
	} {
		for _, more := range []string{"", "rest"} { // what stands behind the object is not looked at
			var c Command
			if err := decodeJSONHeader([]byte(text+more), &c); err != nil || fieldsOf(&c) != want {
				t.Errorf("%s: %s, %v, want %s", text+more, fieldsOf(&c), err, want)
			}
		}
		for n := range strings.TrimRight(text, " ") { // any part of it is refused
			var c Command
			if err := decodeJSONHeader([]byte(text[:n]), &c); err == nil {
				t.Errorf("%s is taken", text[:n])
			}
		}
	}
	for _, text := range []string{``, `x`, `[]`, `{"code" 5}`, `{"code":}`, `{"code":,"x":1}`, `{"code":5 "x":1}`, `{"code":5]`, `{,"code":5}`,
		`{code:5}`, `{"code":"x"}`, `{"code":5.5}`, `{"code":2147483648}`, `{"extFields":7}`, `{"extFields":{"a"}}`, `{"extFields":{"a":}}`,
		`{"extFields":{"a":"b" "c":"d"}}`, `{"extFields":{"a":"b"]}`, `{"extFields":{"a":"\x"}}`, `{"x":"\"}`, `{"x":[}`, `{"x":]}`} {
		var c Command
		if err := decodeJSONHeader([]byte(text), &c); err == nil {
			t.Errorf("%s is taken: %s", text, fieldsOf(&c))
		}
	}
	var c Command
	err := decodeJSONHeader([]byte(`{"code":"`+strings.Repeat("x", 40)+`"}`), &c)
	if err == nil || !strings.HasSuffix(err.Error(), `: "`+strings.Repeat("x", 32)+`"`) {
		t.Errorf("a long value: %v", err)
	}
}

// TestOddBinaryHeaders: any part of a header is refused, and empty names and values are absent.
func TestOddBinaryHeaders(t *testing.T) {
	be := binary.BigEndian
	field := func(b []byte, key, value string) []byte {
		b = append(be.AppendUint16(b, uint16(len(key))), key...)
		return append(be.AppendUint32(b, uint32(len(value))), value...)
	}
	ext := field(field(field(field(nil, "a", "b"), "empty", ""), "", "x"), "c", "dd")
	b := be.AppendUint16(nil, 0xFFFB) // -5
	b = be.AppendUint16(append(b, 9), 0xFFFF)
	b = be.AppendUint32(be.AppendUint32(b, 0xFFFFFFFE), 3)
	b = append(be.AppendUint32(b, 2), "re"...)
	b = append(be.AppendUint32(b, uint32(len(ext))), ext...)
	const want = `code=-5 version=-1 opaque=-2 flag=3 GO remark="re" a="b" c="dd"`
	for _, more := range []string{"", "rest"} {
		var c Command
		if err := decodeBinaryHeader(append(b[:len(b):len(b)], more...), &c); err != nil || fieldsOf(&c) != want {
			t.Errorf("%s, %v", fieldsOf(&c), err)
		}
	}
	for n := range b {
		if err := decodeBinaryHeader(b[:n], new(Command)); err == nil {
			t.Errorf("%d of %d bytes are taken", n, len(b))
		}
	}
	at := len(b) - len(ext)
	for n := range len(ext) { // the length of extFields ends inside of one
		cut := append([]byte(nil), b...)
		be.PutUint32(cut[at-4:], uint32(n))
		whole := n == 0 || n == 8 || n == 8+11 || n == 8+11+7
		if err := decodeBinaryHeader(cut, new(Command)); (err == nil) != whole {
			t.Errorf("%d bytes of extFields: %v", n, err)
		}
	}
	var seen []string
	if err := Observe(b, &Command{Serialize: SerializeBinary}, observer(func(kind ValueKind, b []byte, start, end int) {
		seen = append(seen, fmt.Sprintf("%d:%x", kind, b[start:end]))
	})); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "1:fffb 5:09 2:ffff 3:fffffffe 4:00000003 8:62 8:6464" {
		t.Errorf("values %s", got)
	}
}

type observer func(kind ValueKind, b []byte, start, end int)

func (o observer) Value(kind ValueKind, b []byte, start, end int) { o(kind, b, start, end) }

// TestObservedJSON: an observer hears where each known value stands, with its quotes, and of no other.
func TestObservedJSON(t *testing.T) {
	text := `{"code":310,"x":[1], "version" : 7 ,"opaque":-1,"flag":2,"language":"GO","remark":"r","extFields":{"a":"b","c": 1,"d":null}}`
	var seen []string
	if err := Observe([]byte(text), new(Command), observer(func(kind ValueKind, b []byte, start, end int) {
		seen = append(seen, fmt.Sprintf("%d:%s", kind, b[start:end]))
	})); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != `1:310 2:7 3:-1 4:2 6:"GO" 7:"r" 8:"b" 8:1 8:null` {
		t.Errorf("values %s", got)
	}
	for kind := ValueNone; kind <= ValueField; kind++ {
		if want := kind != ValueNone && kind <= ValueLanguageCode; kind.Number() != want {
			t.Errorf("kind %d is a number: %v", kind, !want)
		}
	}
}

// TestFrameEdges: lengths at their limits.
func TestFrameEdges(t *testing.T) {
	length := func(n int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	for _, c := range []struct {
		b    []byte
		size int
		ok   bool
	}{{nil, 0, true}, {length(100)[:3], 0, true}, {length(3), 0, false}, {length(4), 8, true}, {length(100), 104, true},
		{length(101), 0, false}, {length(-1), 0, false}} {
		if got, err := FrameLength(c.b, 100); got != c.size || (err == nil) != c.ok {
			t.Errorf("%x: %d, %v", c.b, got, err)
		}
	}
	frame := func(header int, rest int) []byte {
		b := binary.BigEndian.AppendUint32(length(int64(4+rest)), uint32(1<<24|header))
		return append(b, make([]byte, rest)...)
	}
	for _, c := range []struct {
		header, rest int
		ok           bool
	}{{0, 0, true}, {5, 5, true}, {5, 7, true}, {6, 5, false}, {1, 0, false}} {
		var cmd Command
		header, err := Open(frame(c.header, c.rest), &cmd)
		if (err == nil) != c.ok || c.ok && (len(header) != c.header || len(cmd.Body) != c.rest-c.header || cmd.Serialize != SerializeBinary ||
			(cmd.Body == nil) != (c.header == c.rest)) {
			t.Errorf("%+v: %d bytes of header, %d of body, %v", c, len(header), len(cmd.Body), err)
		}
	}
	b := frame(5, 7)
	for _, bad := range [][]byte{b[:len(b)-1], append(b[:len(b):len(b)], 0), b[:3], nil} {
		if _, err := Open(bad, new(Command)); err == nil {
			t.Errorf("%d bytes of a frame of %d are taken", len(bad), len(b))
		}
	}
	if got := HeaderLength(binary.BigEndian.AppendUint32(length(9), 0xFF_123456)); got != 0x123456 {
		t.Errorf("%x", got)
	}
	if err := HeaderTooLong(7, 5, 104); err.Error() != "bad frame: header of 7 bytes is longer than the limit of 5 (announced length 100 bytes)" {
		t.Error(err)
	}
	if err := DecodeHeader(nil, &Command{Serialize: 7}); err == nil {
		t.Error("a form that nobody knows")
	}
}

// TestTooManyFields: MaxFields are taken, one more is refused, whatever the command had room for.
func TestTooManyFields(t *testing.T) {
	for _, room := range []int{0, MaxFields + 5} {
		for n, ok := range map[int]bool{MaxFields: true, MaxFields + 1: false, MaxFields + 3: false, 3 * MaxFields: false} {
			var b strings.Builder
			b.WriteString(`{"extFields":{`)
			for i := range n {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`"a":"b"`)
			}
			b.WriteString("}}")
			c := Command{Fields: make([]Field, 0, room)}
			err := Opened(make([]byte, 9), &c, decodeJSONHeader([]byte(b.String()), &c))
			if (err == nil) != ok || len(c.Fields) > 2*MaxFields {
				t.Errorf("%d fields: %d taken, %v", n, len(c.Fields), err)
			}
		}
	}
}

// TestReset: a command keeps the memory of its fields, and of unescaped texts up to a limit.
func TestReset(t *testing.T) {
	for size, kept := range map[int]bool{maxKeptScratch: true, maxKeptScratch + 1: false} {
		c := Command{Fields: make([]Field, 3, 8), scratch: make([]byte, 5, size), Remark: "x", Body: []byte("y"), Code: 7}
		c.Reset()
		if (cap(c.scratch) == size) != kept || len(c.scratch) != 0 || cap(c.Fields) != 8 || len(c.Fields) != 0 || c.Remark != "" ||
			c.Body != nil || c.Code != 0 {
			t.Errorf("%d bytes: %+v", size, c)
		}
	}
	own := make([]Field, 2, 4)
	c := Command{Fields: own}
	s := &Shape{Fields: []Field{{[]byte("k"), []byte("v")}}}
	c.Borrow(s)
	if v, ok := c.Get("k"); !ok || string(v) != "v" || !c.Borrowed() {
		t.Errorf("%q", v)
	}
	if c.Reset(); c.Borrowed() || cap(c.Fields) != 4 || len(c.Fields) != 0 {
		t.Error("behind a loan a command has not its own memory")
	}
	c.add([]byte("a"), []byte("b"))
	if string(s.Fields[0].Key) != "k" {
		t.Error("a loan was written to")
	}
}

// TestLastFieldCounts: of two values of a name the last one.
func TestLastFieldCounts(t *testing.T) {
	c := Command{Fields: []Field{{[]byte("a"), []byte("1")}, {[]byte("b"), []byte("2")}, {[]byte("a"), []byte("3")}}}
	if c.GetString("a") != "3" || c.GetString("b") != "2" || c.GetString("c") != "" {
		t.Errorf("%q %q", c.GetString("a"), c.GetString("b"))
	}
	if _, ok := c.Get("c"); ok {
		t.Error("a field that is not there")
	}
	for flag, want := range map[int32][2]bool{0: {}, 1: {true, false}, 2: {false, true}, 3: {true, true}, 4: {}} {
		c.Flag = flag
		if got := [2]bool{c.IsResponse(), c.IsOneway()}; got != want {
			t.Errorf("flag %d: %v", flag, got)
		}
	}
}

// TestInternerKeeps: short strings that come again are the same memory, long ones are copied each time.
func TestInternerKeeps(t *testing.T) {
	in := new(Interner)
	for n, kept := range map[int]bool{1: true, 7: true, 8: true, 9: true, internMaxLen: true, internMaxLen + 1: false} {
		b := []byte(strings.Repeat("x", n))
		first := in.String(b)
		if again := in.String(b); first != again || first != string(b) || (unsafe.StringData(first) == unsafe.StringData(again)) != kept {
			t.Errorf("%d bytes: kept %v", n, !kept)
		}
	}
	if in.String(nil) != "" || (*Interner)(nil).String([]byte("x")) != "x" {
		t.Error("nothing, and by nobody")
	}
	// names that differ in one place lie in different slots as a rule
	slots := map[uint64]bool{}
	for i := range 256 {
		slots[internHash(fmt.Appendf(nil, "a-topic-of-some-length-%d", i))%internSlots] = true
	}
	for i := range 256 {
		slots[internHash(fmt.Appendf(nil, "%08d-tail", i))%internSlots] = true
	}
	if len(slots) < 350 { // 403 of 512 by chance
		t.Errorf("512 names in %d slots", len(slots))
	}
}

// TestFindField: a field is found wherever it stands, and no other for it.
func TestFindField(t *testing.T) {
	for _, info := range Headers() {
		for i := range info.Fields {
			name := []byte(info.Fields[i].Name)
			for _, from := range []int{0, i, len(info.Fields)} {
				if got := info.find(name, from); got != i {
					t.Errorf("%s.%s from %d: number %d, want %d", info.Name, name, from, got, i)
				}
			}
			for _, other := range []string{string(name) + "x", "", "x" + string(name)} {
				if got := info.find([]byte(other), i); got >= 0 && info.Fields[got].Name != other {
					t.Errorf("%s has no %q, but number %d", info.Name, other, got)
				}
			}
		}
	}
}

// TestGiven: optional values that stand for nothing are left out, required ones never.
func TestGiven(t *testing.T) {
	type header struct {
		S  string  `header:"s"`
		SR string  `header:"sr,required"`
		B  []byte  `header:"b"`
		BR []byte  `header:"br,must"`
		I  int32   `header:"i" default:"-1"`
		IR int32   `header:"ir,required" default:"-1"`
		L  int64   `header:"l" default:"-1"`
		Z  int64   `header:"z"`
		F  float64 `header:"f"`
		T  bool    `header:"t"`
	}
	h := Define[header]("H")
	for want, v := range map[string]header{
		`"sr":"","br":"","i":"0","ir":"0","l":"0","z":"0","f":"0","t":"false"`: {},
		`"sr":"","br":"","ir":"-1","z":"-1","f":"1.5","t":"true"`:              {I: -1, IR: -1, L: -1, Z: -1, F: 1.5, T: true},
		`"s":"a","sr":"b","b":"c","br":"d","i":"1","ir":"2","l":"3","z":"4","f":"0","t":"false"`: {S: "a", SR: "b", B: []byte("c"), BR: []byte("d"),
			I: 1, IR: 2, L: 3, Z: 4},
	} {
		for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
			frame := AppendFrame(nil, form, Head{Code: 5}, h.Of(&v), 0)
			var c Command
			if err := Decode(frame, &c); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range c.Fields {
				got = append(got, fmt.Sprintf("%q:%q", f.Key, f.Value))
			}
			want := want
			if form == SerializeBinary { // which has no empty values
				want = strings.NewReplacer(`"sr":"",`, "", `"br":"",`, "").Replace(want)
			}
			if text := strings.Join(got, ","); text != want {
				t.Errorf("form %d: %s, want %s", form, text, want)
			}
		}
	}
}

// TestShapeIsRecalled: a header that comes in the shape of the last one is read from that and the fields that changed;
// another header type's, one that was forgotten, or a value that does not parse, is not.
func TestShapeIsRecalled(t *testing.T) {
	fields := func(queue string) []Field {
		return []Field{{[]byte("consumerGroup"), []byte("g")}, {[]byte("topic"), []byte("T")}, {[]byte("queueId"),
			[]byte(queue)}}
	}
	h, in := QueryConsumerOffsetRequest, new(Interner)
	s := &Shape{Fields: fields("3")}
	var v QueryConsumerOffsetRequestHeader
	if h.recall(s, in, &v) {
		t.Error("something is recalled before anything was read")
	}
	c := &Command{Fields: s.Fields, shape: s}
	if err := h.Decode(c, in, &v); err != nil || v.QueueID != 3 {
		t.Fatal(v, err)
	}
	s.Fields[2].Value = []byte("4")
	if v = (QueryConsumerOffsetRequestHeader{}); !h.recall(s, in, &v) || v.QueueID != 3 || v.Topic != "T" ||
		v.ConsumerGroup != "g" {
		t.Errorf("nobody said that something changed: %+v", v)
	}
	if s.Touch(2); !h.recall(s, in, &v) || v.QueueID != 4 || v.Topic != "T" {
		t.Errorf("queue 4: %+v", v)
	}
	var other UpdateConsumerOffsetRequestHeader
	if UpdateConsumerOffsetRequest.recall(s, in, &other) {
		t.Error("another header is recalled")
	}
	s.Fields[2].Value = []byte("x")
	if s.Touch(2); h.recall(s, in, &v) {
		t.Errorf("no number is recalled as %+v", v)
	}
	s.Fields[2].Value = []byte("5")
	if h.recall(s, in, &v) {
		t.Error("behind what does not parse something is recalled")
	}
	if err := h.Decode(c, in, &v); err != nil || v.QueueID != 5 || !h.recall(s, in, &v) {
		t.Errorf("read again: %+v, %v", v, err)
	}
	if s.Forget(); h.recall(s, in, &v) {
		t.Error("what was forgotten is recalled")
	}
}

// TestShapeViewsAreFresh: fields that refer to a frame's memory are those of the frame that was read last, wherever they
// stand; others keep what they had until somebody says that they changed.
func TestShapeViewsAreFresh(t *testing.T) {
	text := func(s string) []byte { return []byte(s) }
	for at := range 6 { // where msgId stands
		list := []Field{{text("producerGroup"), text("g")}, {text("tranStateTableOffset"), text("1")},
			{text("commitLogOffset"), text("2")}, {text("commitOrRollback"), text("8")}, {text("topic"), text("T")}}
		list = slices.Insert(list, at, Field{text("msgId"), text("first")})
		h, in, s := EndTransactionRequest, new(Interner), &Shape{Fields: list}
		var v EndTransactionRequestHeader
		if err := h.Decode(&Command{Fields: s.Fields, shape: s}, in, &v); err != nil || string(v.MsgID) != "first" {
			t.Fatal(v, err)
		}
		s.Fields[at].Value = text("second")
		if !h.recall(s, in, &v) || string(v.MsgID) != "second" || v.CommitLogOffset != 2 || v.Topic != "T" {
			t.Errorf("at %d: %+v", at, v)
		}
	}
}
