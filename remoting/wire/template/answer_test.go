package template

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"gorocket/remoting/wire"
	"unsafe"
)

// noBools has a field of each kind that a template knows, required ones and such that may be left out.
type noBools struct {
	S string `header:"s,required"`
	T string `header:"t"`
	B []byte `header:"b,required"`
	C []byte `header:"c"`
	I int32  `header:"i,required"`
	J int32  `header:"j" default:"-1"`
	L int64  `header:"l,required"`
	M int64  `header:"m" default:"7"`
}

// everyKind has the others too.
type everyKind struct {
	noBools
	Y  bool    `header:"y"`
	F  float64 `header:"f"`
	T2 string  `header:"t2"`
}

// vary gives a struct's fields values, now as before, now of the same length, now of any.
func vary(r *rand.Rand, v reflect.Value) {
	texts := []string{"", "a", "b", "ab", "12345678", "12345679", "a text of 24 characters.",
		"a text of 24 characters!", "quote \"", "back\\slash", "eight bytes and \"", "eight bytes and \\\"", "\n",
		"é", "\xff", "\x01", strings.Repeat("long", 40)}
	numbers := []int64{-1, 0, 1, 7, 9, 10, 11, 19, 99, 100, 12345, 12346, 12356, 99999, 100000, -12345, -12346,
		1<<31 - 1, -1 << 31}
	for i := range v.NumField() {
		if r.IntN(3) > 0 {
			continue
		}
		text, number := texts[r.IntN(len(texts))], numbers[r.IntN(len(numbers))]
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			vary(r, f)
		case reflect.String:
			f.SetString(strings.Clone(text))
		case reflect.Slice:
			f.SetBytes([]byte(text))
		case reflect.Int32:
			f.SetInt(number)
		case reflect.Int64:
			f.SetInt(number * int64(1+r.IntN(3)))
		case reflect.Bool:
			f.SetBool(r.IntN(2) > 0)
		case reflect.Float64:
			f.SetFloat(float64(number) / 4)
		}
	}
}

// sameAnswers compares many answers with what is written the long way, and returns how many came from a template.
func sameAnswers[T any](t *testing.T, a *answerCache, h *wire.HeaderType[T], seed uint64) (hits int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var v T
	opaque := int32(r.Uint32() >> uint(r.IntN(32)))
	for n := range 20_000 {
		if r.IntN(40) == 0 {
			vary(r, reflect.ValueOf(&v).Elem())
		}
		opaque += int32(r.IntN(3))
		bodyLen := r.IntN(3) * 1000
		head := wire.Head{Code: wire.Success, Opaque: opaque, Flag: wire.FlagResponse}
		want := wire.AppendFrame([]byte("before"), wire.SerializeJSON, head, h.Of(&v), bodyLen)
		got := []byte("before")
		if !a.append(&got, h.Info(), unsafe.Pointer(&v), opaque, bodyLen) {
			continue
		}
		if hits++; string(got) != string(want) {
			t.Fatalf("seed %d, answer %d: %+v\ngot  %q\nwant %q", seed, n, v, got, want)
		}
	}
	return hits
}

// TestAnswerTemplate: an answer by way of a template is, byte by byte, what the long way writes.
func TestAnswerTemplate(t *testing.T) {
	every, some := wire.Define[everyKind]("EveryKind"), wire.Define[noBools]("NoBools")
	for seed := range uint64(20) {
		a := new(answerCache)
		sameAnswers(t, a, every, seed)
		if hits := sameAnswers(t, a, some, seed); hits < 1000 {
			t.Errorf("seed %d: %d answers by way of the template", seed, hits)
		}
	}
}

// TestAnswerTemplateHits: answers of one client's sends come from the template, but for those with one digit more.
func TestAnswerTemplateHits(t *testing.T) {
	a := new(answerCache)
	info := wire.SendMessageResponse.Info()
	tmpl := a.of(info)
	learned := 0
	for i := range int64(1000) {
		v := wire.SendMessageResponseHeader{MsgID: fmt.Appendf(nil, "7F00000100002A9F%016X", 200*i),
			QueueID: int32(i % 8), QueueOffset: i, TransactionID: fmt.Appendf(nil, "7F00000100002A9F%016X", i),
			Region: "DefaultRegion", TraceOn: "true"}
		if !tmpl.update(unsafe.Pointer(&v), int32(500+i)) {
			learned++
			tmpl.learn(unsafe.Pointer(&v), int32(500+i))
		}
	}
	if learned > 6 {
		t.Errorf("%d of 1000 answers were not of the template's shape", learned)
	}
}

// TestAnswerCacheIsBounded: neither many types nor long answers make it grow, and answers of a type that changes all
// the time soon cost nothing.
func TestAnswerCacheIsBounded(t *testing.T) {
	a := new(answerCache)
	for range 2 * maxAnswerTypes {
		a.of(new(wire.HeaderInfo))
	}
	if len(a.list) != maxAnswerTypes {
		t.Errorf("%d types", len(a.list))
	}
	a = new(answerCache)
	var out []byte
	tried := 0
	for i := range 1000 {
		v := wire.SendMessageResponseHeader{MsgID: make([]byte, i)}
		if i%2 == 0 {
			v.MsgID = []byte(strings.Repeat("x", 3000))
		}
		if a.append(&out, wire.SendMessageResponse.Info(), unsafe.Pointer(&v), 1, 0) {
			tried++
		}
	}
	if tried > 2*maxMisses+1000/retryEvery || cap(a.list[0].frame) > maxAnswerText {
		t.Errorf("%d answers by way of a template that never fits; it holds %d bytes", tried, cap(a.list[0].frame))
	}
}
