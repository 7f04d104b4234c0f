package template

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorocket/compat/recorded"
	"gorocket/remoting/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// javaSend and goSend are headers as Apache's clients write them.
const (
	javaSend = `{"code":310,"extFields":{"a":"PG","b":"topic_a","c":"TBW102","d":"4","e":"0","f":"0","g":"1795262259729","h":"0","i":"KEYS\u0001k1\u0002UNIQ_KEY\u0001FD0001\u0002WAIT\u0001true",` +
		`"j":"0","k":"false","m":"false","n":"broker-a"},"flag":0,"language":"JAVA","opaque":8,"serializeTypeCurrentRPC":"JSON","version":409}`
	goSend = `{"code":10,"language":"GO","version":317,"opaque":1126,"flag":0,"remark":"","extFields":{"flag":"0","topic":"T","queueId":"1","properties":"TAGS\u0001t\u0002"}}`
)

// sameAsLongWay reads b by way of the templates and the long way and compares everything that a handler can see, the
// header of a send included.
func sameAsLongWay(t *testing.T, h *requestCache, b []byte) {
	t.Helper()
	sameInForm(t, h, wire.SerializeJSON, b)
}

func sameInForm(t *testing.T, h *requestCache, form wire.SerializeType, b []byte) {
	t.Helper()
	want, got := wire.Command{Serialize: form}, wire.Command{Serialize: form}
	wantErr := wire.DecodeHeader(b, &want)
	gotErr := h.decode(b, &got, new(Backoff))
	if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		t.Fatalf("%q: error %v, the long way %v", b, gotErr, wantErr)
	}
	if wantErr != nil {
		return
	}
	if !sameCommand(&want, &got) {
		t.Fatalf("%q: %s", b, cmp.Diff(want, got, cmpopts.IgnoreUnexported(wire.Command{})))
	}
	sameHeader(t, wire.SendMessageRequestV2, &want, &got)
	if got.Code%2 == 1 {
		sameHeader(t, wire.SendMessageRequestV1, &want, &got)
		sameHeader(t, wire.UpdateConsumerOffsetRequest, &want, &got)
	}
}

func sameCommand(a, b *wire.Command) bool {
	return a.Code == b.Code && a.Version == b.Version && a.Opaque == b.Opaque && a.Flag == b.Flag &&
		a.Language == b.Language && a.Remark == b.Remark &&
		slices.EqualFunc(a.Fields, b.Fields, func(x, y wire.Field) bool {
			return bytes.Equal(x.Key, y.Key) &&
				bytes.Equal(x.Value, y.Value)
		})
}

func sameHeader[T any](t *testing.T, ht *wire.HeaderType[T], want, got *wire.Command) {
	t.Helper()
	var a, b T
	errA, errB := ht.Decode(want, nil, &a), ht.Decode(got, nil, &b)
	if fmt.Sprint(errA) != fmt.Sprint(errB) {
		t.Fatalf("%s: %v, the long way %v", ht.Info().Name, errB, errA)
	}
	if reflect.DeepEqual(a, b) {
		return
	}
	if diff := cmp.Diff(a, b, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: %s", ht.Info().Name, diff)
	}
}

// TestTemplatesReadRecordedHeaders reads what real clients sent, in the order recorded, twice, and demands that the
// second time templates are of use.
func TestTemplatesReadRecordedHeaders(t *testing.T) {
	var h requestCache
	var u Backoff
	total, hits := 0, 0
	for _, list := range recorded.Frames(t) {
		for range 2 {
			for _, r := range list {
				var c wire.Command
				header, err := wire.Open(r.Raw, &c)
				if err != nil {
					t.Fatal(err)
				}
				sameAsLongWay(t, &h, bytes.Clone(header))
				if err := h.decode(header, &c, &u); err != nil {
					t.Fatal(err)
				}
				if total++; c.Borrowed() {
					hits++
				}
			}
		}
	}
	if hits*10 < total*6 {
		t.Errorf("only %d of %d headers had a template", hits, total)
	}
	t.Logf("%d headers, %d by a template", total, hits)
}

// TestTemplateReadsOnlyValues: each kind of difference between two headers, and whether the second one may be read by
// the first one's template.
func TestTemplateReadsOnlyValues(t *testing.T) {
	for _, c := range []struct {
		from, to string
		hit      bool
	}{
		{`"8"`, `"8"`, true}, {`"opaque":8`, `"opaque":9`, true}, {`"opaque":8`, `"opaque":-2147483648`, true},
		{`"opaque":8`, `"opaque":007`, true},
		{`"opaque":8`, `"opaque":2147483648`, false}, {`"opaque":8`, `"opaque":8.0`, false},
		{`"opaque":8`, `"opaque":8e1`, false}, {`"opaque":8`, `"opaque":null`, false},
		{`"opaque":8`, `"opaque":"8"`, false}, {`"opaque":8`, `"opaque": 8`, false},
		{`"opaque":8`, `"opaque":-`, false}, {`"opaque":8`, `"opaque":`, false},
		{`"code":310`, `"code":320`, true}, {`"code":310`, `"code":10`, true}, {`"JAVA"`, `"CPP"`, true},
		{`"JAVA"`, `"J\u0041VA"`, true}, {`"JAVA"`, `null`, false},
		{`topic_a`, `topic_b`, true}, {`topic_a`, ``, true}, {`topic_a`, `topic_abc`, true},
		{`topic_a`, `t\"x`, true}, {`topic_a`, `t\\`, true}, {`topic_a`, `t\`, false},
		{`topic_a`, `t\u00g1`, false}, {`topic_a`, strings.Repeat("x", 1500), true},
		{`topic_a`, strings.Repeat("x", maxTemplateText), false},
		{`"topic_a"`, `null`, false}, {`"topic_a"`, `5`, false}, {`"topic_a"`, `["topic_b"]`, false},
		{`"topic_a"`, `{"x":"y"}`, false},
		{`"b":`, `"B":`, false}, {`"b":`, `"b" :`, false}, {`k1\u0002`, `k1\u0003`, true}, {`k1\u0002`, `k2`, true},
		{`KEYS\u0001`, `\u0001`, true},
		{`}`, ``, false}, {`409}`, `409} `, false}, {`409}`, `409`, false}, {`409}`, `409,"x":1}`, false},
		{`"serializeTypeCurrentRPC":"JSON"`, `"serializeTypeCurrentRPC":"X"`, false},
		{`409}`, `410}`, true}, {`"n":"broker-a"`, `"n":"broker-a","o":"p"`, false}, {`,"n":"broker-a"`, ``, false},
	} {
		var h requestCache
		sameAsLongWay(t, &h, []byte(javaSend))
		second := []byte(strings.Replace(javaSend, c.from, c.to, 1))
		set := h.setOf(wire.SerializeJSON, []byte(javaSend))
		var got wire.Command
		if hit := set.read(second, &got); hit != c.hit {
			t.Errorf("%s for %s: read by the template: %v", c.to, c.from, hit)
		}
		sameAsLongWay(t, &h, second)
		sameAsLongWay(t, &h, []byte(javaSend))
		sameAsLongWay(t, &h, second)
	}
}

// TestShapesThatMakeNoTemplate: where two values depend on each other, there is no template.
func TestShapesThatMakeNoTemplate(t *testing.T) {
	for _, text := range []string{
		`{"code":310,"code":311,"extFields":{"a":"b"}}`, `{"code":310,"extFields":{"a":"b","a":"c"}}`,
		`{"code":310,"extFields":{"a":"b"},"extFields":{"a":"c"}}`,
		`{"code":310,"extFields":{"a":5}}`, `{"code":310,"extFields":{"a":null}}`,
		`{"code":"310","extFields":{"a":"b"}}`, `{"code":310,"remark":null}`,
		`{"code":null,"extFields":{"a":"b"}}`, `{"code":+310,"extFields":{"a":"b"}}`,
		`{"code":310,"extFields":{"a":["b"]}}`, `{"code":310,"extFields":{"a":"b","a":"c"`,
	} {
		var h requestCache
		for range 3 {
			sameAsLongWay(t, &h, []byte(text))
		}
		if h.setOf(wire.SerializeJSON, []byte(text)).ways[0] != nil {
			t.Errorf("%s is a template", text)
		}
	}
}

// TestMalformedNumberAfterSnapshot: a field that does not parse any more gives the error that it gives without a
// template, and the next good one is read.
func TestMalformedNumberAfterSnapshot(t *testing.T) {
	var h requestCache
	for _, queue := range []string{"0", "1", "x", "2", "99999999999", "", "3"} {
		sameAsLongWay(t, &h, []byte(strings.Replace(javaSend, `"e":"0"`, `"e":"`+queue+`"`, 1)))
	}
}

// TestAFrameNotDecodedByItsHandler: what changed in a request whose extFields nobody read is not forgotten for the
// next one.
func TestAFrameNotDecodedByItsHandler(t *testing.T) {
	var h requestCache
	var c wire.Command
	var head wire.SendMessageRequestHeader
	read := func(topic string) {
		c.Reset()
		if err := h.decode([]byte(strings.Replace(javaSend, "topic_a", topic, 1)), &c, new(Backoff)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		read("topic_a")
		if err := wire.SendMessageRequestV2.Decode(&c, nil, &head); err != nil {
			t.Fatal(err)
		}
	}
	read("topic_b")
	read("topic_b")
	if err := wire.SendMessageRequestV2.Decode(&c, nil, &head); err != nil || head.Topic != "topic_b" || !c.Borrowed() {
		t.Errorf("%+v, %v", head, err)
	}
}

// TestCloneOutlivesTheTemplate: a clone keeps its fields when the next header comes.
func TestCloneOutlivesTheTemplate(t *testing.T) {
	var h requestCache
	var c wire.Command
	for range 3 {
		c.Reset()
		if err := h.decode([]byte(javaSend), &c, new(Backoff)); err != nil {
			t.Fatal(err)
		}
	}
	d := c.Clone()
	c.Reset()
	if err := h.decode([]byte(strings.ReplaceAll(javaSend, "topic_a", "TOPIC_A")), &c, new(Backoff)); err != nil {
		t.Fatal(err)
	}
	if d.GetString("b") != "topic_a" || c.GetString("b") != "TOPIC_A" || d.Borrowed() {
		t.Errorf("clone %s, command %s", d.GetString("b"), c.GetString("b"))
	}
	c.Reset()
	if err := wire.DecodeHeader([]byte(goSend), &c); err != nil || c.GetString("topic") != "T" {
		t.Fatal(err)
	}
	c.Reset()
	if err := h.decode([]byte(javaSend), &c, new(Backoff)); err != nil || c.GetString("b") != "topic_a" {
		t.Errorf("the long way wrote into the template: %q, %v", c.GetString("b"), err)
	}
}

// TestBackoff: a connection whose headers have no common shape soon stops trying, and begins again when it has one.
func TestBackoff(t *testing.T) {
	var u Backoff
	tried := 0
	for range 1000 {
		if u.try() {
			tried++
			u.miss()
		}
	}
	if want := maxMisses + (1000-maxMisses)/retryEvery; tried < want-1 || tried > want+1 {
		t.Errorf("%d of 1000 tried, want about %d", tried, want)
	}
	for i := 0; !u.try(); i++ {
		if i > retryEvery {
			t.Fatal("never tried again")
		}
	}
}

// TestCacheIsBounded: whatever arrives, a set has four templates and a template two KiB of text.
func TestCacheIsBounded(t *testing.T) {
	var h requestCache
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		b := fmt.Appendf(nil, `{"code":310,"extFields":{"%d":"%s"}}`, r.IntN(50), strings.Repeat("x", r.IntN(4000)))
		sameAsLongWay(t, &h, b)
	}
	for i := range h.sets {
		for _, w := range h.sets[i].ways {
			if w != nil && len(w.text) > maxTemplateText {
				t.Errorf("a template of %d bytes", len(w.text))
			}
		}
	}
}

// mutate changes header texts the way fuzz input says: each step takes five bytes (what, where (2), how much, with
// what).
func mutate(b []byte, script []byte) []byte {
	b = bytes.Clone(b)
	tokens := []string{`"`, `\`, `\u0001`, `\"`, `null`, `{}`, `[1]`, `["x"]`, `,`, `:`, ` `, `1e5`, `-1`,
		`2147483648`, `"a":"z",`, `"code":1,`, `abcdefgh`, `}`}
	for ; len(script) >= 5; script = script[5:] {
		at := int(binary.BigEndian.Uint16(script[1:])) % (len(b) + 1)
		end := min(len(b), at+int(script[3])%12)
		token := tokens[int(script[4])%len(tokens)]
		switch script[0] % 5 {
		case 0:
			b = append(b[:at:at], append([]byte(token), b[at:]...)...)
		case 1:
			b = append(b[:at:at], b[end:]...)
		case 2:
			b = append(b[:at:at], append([]byte(token), b[end:]...)...)
		case 3:
			if at < len(b) {
				b[at] = script[4]
			}
		case 4:
			if script[3] == 7 {
				b = b[:at]
			}
		}
	}
	return b
}

// FuzzTemplates: a stream of headers and mutations of them reads as it reads without templates.
func FuzzTemplates(f *testing.F) {
	f.Add([]byte(javaSend), []byte{3, 0, 200, 0, '1', 0, 0, 40, 0, 2})
	f.Add([]byte(goSend), []byte{3, 0, 40, 0, '1', 2, 0, 50, 3, 4})
	f.Add([]byte(`{"code":15,"extFields":{"queueId":"0","commitOffset":"0","topic":"t","consumerGroup":"g"},"flag":2}`),
		[]byte{1, 0, 10, 1, 0})
	f.Fuzz(func(t *testing.T, b, script []byte) {
		var h requestCache
		sameAsLongWay(t, &h, b)
		for len(script) > 0 {
			n := min(len(script), 10)
			sameAsLongWay(t, &h, mutate(b, script[:n]))
			script = script[n:]
			sameAsLongWay(t, &h, b)
			sameAsLongWay(t, &h, []byte(javaSend))
		}
	})
}

// TestTemplatesOnRandomStreams is FuzzTemplates' property on a fixed sequence of random mutations.
func TestTemplatesOnRandomStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var k Codec
	h := &k.requests
	for range 20_000 {
		script := make([]byte, 5*(1+r.IntN(3)))
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		text := []string{javaSend, goSend}[r.IntN(2)]
		sameAsLongWay(t, h, mutate([]byte(text), script))
		sameAsLongWay(t, h, []byte(text))
	}
	var e *wire.FrameError
	frame := []byte("\x00\x00\x00\x05\x00\x00\x00\x01{")
	if err := k.Decode(frame, new(wire.Command), new(Backoff)); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}

// binaryHeader is a header in the ROCKETMQ form with the given opaque number, language and fields.
func binaryHeader(opaque int32, language byte, fields ...string) []byte {
	w := wire.BeginHeader(nil, wire.SerializeBinary, wire.Head{Code: 310, Opaque: opaque, Remark: "r"})
	for i := 0; i < len(fields); i += 2 {
		w.Field(fields[i], fields[i+1])
	}
	b := w.Finish(0)[8:]
	b[2] = language
	return b
}

// TestBinaryTemplates: headers whose values are as long as before are read by a template, others are not, and both
// are read right.
func TestBinaryTemplates(t *testing.T) {
	var h requestCache
	first := binaryHeader(1, 0, "a", "group", "b", "topic", "e", "1", "z", "", "i", "K\x01v\\\"\x02")
	sameInForm(t, &h, wire.SerializeBinary, first)
	for _, c := range []struct {
		name string
		b    []byte
		hit  bool
	}{
		{"the same", first, true},
		{"values", binaryHeader(-2, 200, "a", "GROUP", "b", "TOPIC", "e", "7", "z", "", "i", "K\x01w\"\\\x02"), true},
		{"a longer value", binaryHeader(1, 0, "a", "group", "b", "topic_b", "e", "1", "z", "", "i", "K\x01v\\\"\x02"),
			false},
		{"another name", binaryHeader(1, 0, "a", "group", "B", "topic", "e", "1", "z", "", "i", "K\x01v\\\"\x02"),
			false},
		{"lengths that make up for each other", binaryHeader(1, 0, "a", "grou", "b", "topics", "e", "1", "z", "", "i",
			"K\x01v\\\"\x02"), false},
		{"cut", first[:len(first)-1], false},
		{"more behind", append(bytes.Clone(first), 0), false},
	} {
		got := wire.Command{Serialize: wire.SerializeBinary}
		if hit := h.setOf(wire.SerializeBinary, first).read(c.b, &got); hit != c.hit {
			t.Errorf("%s: read by the template: %v", c.name, hit)
		}
		asJSON := wire.Command{Serialize: wire.SerializeJSON}
		if h.setOf(wire.SerializeBinary, first).read(c.b, &asJSON) {
			t.Errorf("%s: a template of one form read a header of the other", c.name)
		}
		sameInForm(t, &h, wire.SerializeBinary, c.b)
		sameInForm(t, &h, wire.SerializeBinary, first)
	}
}

// FuzzBinaryTemplates: a stream of binary headers and mutations of them reads as it reads without templates.
func FuzzBinaryTemplates(f *testing.F) {
	f.Add(binaryHeader(1, 0, "a", "group", "b", "topic", "e", "1"), []byte{3, 0, 8, 0, '1', 3, 0, 24, 0, 2})
	f.Add(binaryHeader(1, 0, "queueId", "1", "k", ""), []byte{3, 0, 18, 0, 9, 1, 0, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b, script []byte) {
		var h requestCache
		sameInForm(t, &h, wire.SerializeBinary, b)
		for len(script) > 0 {
			n := min(len(script), 5)
			sameInForm(t, &h, wire.SerializeBinary, mutate(b, script[:n]))
			script = script[n:]
			sameInForm(t, &h, wire.SerializeBinary, b)
			sameAsLongWay(t, &h, b)
		}
	})
}

// TestCutHeaders: a header that ends anywhere before its end reads as it reads without templates, in both forms.
func TestCutHeaders(t *testing.T) {
	var h requestCache
	whole := binaryHeader(1, 0, "a", "group", "b", "topic", "e", "1", "i", "K\x01v\x02")
	for n := range whole {
		sameInForm(t, &h, wire.SerializeBinary, whole)
		sameInForm(t, &h, wire.SerializeBinary, whole[:n])
	}
	for _, text := range []string{javaSend, goSend} {
		for n := range len(text) {
			sameAsLongWay(t, &h, []byte(text))
			sameAsLongWay(t, &h, []byte(text[:n]))
		}
	}
}

// TestLearnsNowAndThen: headers of ever new shapes push out only one template of a full set, and only at each eighth that
// no template reads; what is known goes on to be read by its template.
func TestLearnsNowAndThen(t *testing.T) {
	var h requestCache
	shape := func(i int) []byte {
		return fmt.Appendf(nil, `{"code":310,"flag":0,"opaque":1,"version":409,"extFields":{"key%d":"v"}}`, i)
	}
	set := h.setOf(wire.SerializeJSON, shape(0))
	for i := range templateWays {
		sameAsLongWay(t, &h, shape(i))
	}
	known := set.ways
	for i := templateWays; i < 3*learnEvery; i++ {
		sameAsLongWay(t, &h, shape(i))
		learns := (i+1)%learnEvery == 0
		text := string(set.ways[templateWays-1].text)
		if got := strings.Contains(text, fmt.Sprintf(`"key%d"`, i)); got != learns {
			t.Errorf("the last template after %d shapes: %q", i+1, text)
		}
		if !slices.Equal(set.ways[:templateWays-1], known[:templateWays-1]) {
			t.Errorf("other templates went after %d shapes", i+1)
		}
	}
}
