package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func utf16Of(s string) []uint16 { return utf16.Encode([]rune(s)) }

var normalizeCases = []struct{ name, in, want string }{
	{"unchanged", `{"a":1,"b":[true,null,-1.5e3]}`, `{"a":1,"b":[true,null,-1.5e3]}`},
	{"integer key", `{0:"a",-12:"b"}`, `{"0":"a","-12":"b"}`},
	{"integer keys deep", `{"brokerAddrs":{0:"h:1",1:"h:2"}}`, `{"brokerAddrs":{"0":"h:1","1":"h:2"}}`},
	{"object key", `{"t":{{"brokerName":"b","queueId":1}:5}}`, `{"t":{"{\"brokerName\":\"b\",\"queueId\":1}":5}}`},
	{"object key with braces in a string", `{{"n":"}{\""}:5}`, `{"{\"n\":\"}{\\\"\"}":5}`},
	{"object key after spaces", "{ {\"n\":1} : 5 }", `{ "{\"n\":1}" : 5 }`},
	{"nested object key", `{{"a":{"b":[1]}}:5}`, `{"{\"a\":{\"b\":[1]}}":5}`},
	{"bare name", `{a_b:1}`, `{"a_b":1}`},
	{"single quotes", `{'a"b':'c\'d'}`, `{"a\"b":"c'd"}`},
	{"fastjson escapes", `"\x41\v\0\'"`, `"\u0041\u000b\u0000'"`},
	{"control character", "\"a\tb\"", `"a\u0009b"`},
	{"NaN", `[NaN]`, `[null]`},
	{"white space", " \r\n\t{ } ", " \r\n\t{ } "},
	{"scalar", `17`, `17`},
}

func TestNormalize(t *testing.T) {
	for _, c := range normalizeCases {
		got, err := Normalize([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: Normalize(%s) = %s, %v; want %s", c.name, c.in, got, err, c.want)
		}
	}
}

func TestNormalizeKeepsUnchangedInput(t *testing.T) {
	in := []byte(`{"a":[1,2,"x"]}`)
	got, err := Normalize(in)
	if err != nil || &got[0] != &in[0] {
		t.Fatalf("want the same memory back, got %q, %v", got, err)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{"a":1}x`, `01`, `1.`, `-`, `+1`, `1e`, `tru`,
		`"abc`, `"\`, `"\u12g4"`,
		`"\q"`, `{{"a":1`, `{{"a":1}`, `{:1}`, "\x00", `{"a":1]`, `[1}`, `{,}`, `'a`, `{{'a`, `"\x4`,
	} {
		if got, err := Normalize([]byte(in)); err == nil {
			t.Errorf("Normalize(%q) = %q, want an error", in, got)
		}
	}
}

func TestNormalizeDepth(t *testing.T) {
	nest := func(open, body, shut string, n int) []byte {
		return []byte(strings.Repeat(open, n) + body + strings.Repeat(shut, n))
	}
	if _, err := Normalize(nest("[", "", "]", MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", MaxDepth, err)
	}
	for name, doc := range map[string][]byte{
		"arrays":      nest("[", "", "]", 10000),
		"objects":     nest(`{"a":`, "1", "}", 10000),
		"object keys": nest("{", `"a":1`, "}:1", 10000),
		"just over":   nest("[", "", "]", MaxDepth+1),
	} {
		if _, err := Normalize(doc); !errors.Is(err, ErrTooDeep) {
			t.Errorf("%s: got %v, want ErrTooDeep", name, err)
		}
	}
}

var refCases = []struct{ name, in, want string }{
	{"path", `{"a":{"x":1},"b":{"$ref":"$.a"}}`, `{"a":{"x":1},"b":{"x":1}}`},
	{"forward", `{"b":{"$ref":"$.a"},"a":[1,2]}`, `{"b":[1,2],"a":[1,2]}`},
	{"quoted step", `{"a":{"b":{"c":[7]}},"z":{"$ref":"$.a['b'][\"c\"][0]"}}`, `{"a":{"b":{"c":[7]}},"z":7}`},
	{"list index", `{"a":[{"x":1},{"x":2}],"z":{"$ref":"$.a[1]"}}`, `{"a":[{"x":1},{"x":2}],"z":{"x":2}}`},
	{"integer key", `{"a":{5:{"x":1}},"z":{"$ref":"$.a[5]"}}`, `{"a":{"5":{"x":1}},"z":{"x":1}}`},
	{"escaped name", `{"t":{"%RETRY%g":{"m":{"k":1}}},"z":{"$ref":"$.t.\\%RETRY\\%g.m"}}`,
		`{"t":{"%RETRY%g":{"m":{"k":1}}},"z":{"k":1}}`},
	{"raw name", `{"t":{"a-b":{}},"z":{"$ref":"$.t.a-b"}}`, `{"t":{"a-b":{}},"z":{}}`},
	{"through a reference", `{"a":{"x":1},"b":{"$ref":"$.a"},"c":{"$ref":"$.b"}}`,
		`{"a":{"x":1},"b":{"x":1},"c":{"x":1}}`},
	{"nothing there", `{"b":{"$ref":"$.a"}}`, `{"b":null}`},
	{"no path", `{"b":{"$ref":"x"}}`, `{"b":null}`},
	{"sibling of the parent's parent", `[{"q":{"$ref":"$[1]"}},5]`, `[{"q":5},5]`},
	{"only a text", `{"b":"\"$ref\"","c":["$ref"]}`, `{"b":"\"$ref\"","c":["$ref"]}`},
	{"with another member it is data", `{"b":{"$ref":"$.a","x":1}}`, `{"b":{"$ref":"$.a","x":1}}`},
}

func TestResolveRefs(t *testing.T) {
	for _, c := range refCases {
		got, err := Normalize([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestResolveRefsCycles(t *testing.T) {
	for _, in := range []string{
		`{"a":{"$ref":"$"}}`, `{"a":{"b":{"$ref":".."}}}`, `{"a":{"$ref":"@"}}`, `{"a":{"$ref":"$.a"}}`,
		`{"a":{"$ref":"$.b"},"b":{"$ref":"$.a"}}`,
	} {
		if got, err := Normalize([]byte(in)); !errors.Is(err, ErrRefCycle) {
			t.Errorf("%s: got %s, %v; want ErrRefCycle", in, got, err)
		}
	}
}

// Twenty-five doublings of a small list would be 32 million entries.
func TestResolveRefsBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"a0":["xxxxxxxxxxxxxxxx"]`)
	for i := 'b'; i < 'z'; i++ {
		prev := string(i-1) + "0"
		b.WriteString(`,"` + string(i) + `0":[{"$ref":"$.` + prev + `"},{"$ref":"$.` + prev + `"}]`)
	}
	b.WriteString("}")
	_, err := Normalize([]byte(b.String()))
	if !errors.Is(err, ErrRefTooLarge) && !errors.Is(err, ErrTooDeep) {
		t.Fatalf("got %v, want a limit", err)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, c := range normalizeCases {
		f.Add([]byte(c.in))
	}
	for _, c := range refCases {
		f.Add([]byte(c.in))
	}
	f.Add([]byte(`{"a":{"$ref":".."}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Normalize(in)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("Normalize(%q) = %q, which is no JSON", in, got)
		}
		if len(got) > refLimit(6*len(in)+16)+len(in)*6 {
			t.Fatalf("%d bytes grew to %d", len(in), len(got))
		}
		again, err := Normalize(got)
		if err != nil || !json.Valid(again) {
			t.Fatalf("second pass over %q: %q, %v", got, again, err)
		}
	})
}

func TestUnmarshal(t *testing.T) {
	var v struct {
		Addrs map[int64]string `json:"brokerAddrs"`
		N     int              `json:"n"`
	}
	if err := Unmarshal([]byte(`{"brokerAddrs":{0:"h:1",3:"h:2"},"n":4,"unknown":{}}`), &v); err != nil {
		t.Fatal(err)
	}
	if v.N != 4 || v.Addrs[3] != "h:2" || v.Addrs[0] != "h:1" {
		t.Errorf("got %+v", v)
	}
	if err := Unmarshal([]byte(`{"n":"x"}`), &v); err == nil {
		t.Error("a text was taken for a number")
	}
}

func BenchmarkNormalizeDialect(b *testing.B) {
	doc := []byte(`{"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"broker-a","cluster":"c"}],"queueDatas":[]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := Normalize(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalizeStandard(b *testing.B) {
	doc := []byte(`{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"c"}],"queueDatas":[]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := Normalize(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// A document's references times its keys was the work before: 2 MB took minutes. The bound is generous for a loaded
// machine with the race detector.
func TestResolveRefsWork(t *testing.T) {
	const n = 40_000
	var members, refs, chain strings.Builder
	for i := range n {
		fmt.Fprintf(&members, `"k%d":%d,`, i, i)
		fmt.Fprintf(&refs, `{"$ref":"$.m.k%d"},`, n-1-i)
	}
	long := strings.Repeat("x", 1<<20)
	for i := range n {
		fmt.Fprintf(&chain, `"r%d":{"$ref":"$.long"},`, i)
	}
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"members": {`{"m":{` + members.String() + `"z":0},"r":[` + refs.String() + `0]}`, nil},
		"list": {`{"m":[` + strings.Repeat("0,", n) + `0],"r":[` + strings.Repeat(`{"$ref":"$.m[39999]"},`, n) + `0]}`,
			nil},
		"long path": {`{` + chain.String() + `"long":{"$ref":"$.` + long + `"}}`, ErrRefTooLarge},
	} {
		start := time.Now()
		if _, err := Normalize([]byte(c.doc)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(c.doc), took)
		}
	}
}
