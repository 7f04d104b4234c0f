package compat

import (
	"encoding/json"
	"testing"
)

type scalarFields struct {
	N int               `json:"n"`
	I int32             `json:"i"`
	L int64             `json:"l"`
	B bool              `json:"b"`
	S string            `json:"s"`
	E string            `json:"e" enum:"BROADCASTING,CLUSTERING"`
	M map[string]string `json:"m"`
	P *int32            `json:"p"`
	K map[int64]int     `json:"k"`
}

// The answers of fastjson2 2.0.59 to JSON.parseObject of the same texts.
func TestScalarsOfAnotherType(t *testing.T) {
	one := int32(1)
	for in, want := range map[string]scalarFields{
		`{"l":"1544000000000"}`:             {L: 1544000000000},
		`{"l":"1,000","i":"-5"}`:            {L: 1000, I: -5},
		`{"l":"","i":"null","b":""}`:        {},
		`{"l":null,"i":null,"b":null}`:      {},
		`{"l":1.7,"i":"1.7","n":1e3}`:       {L: 1, I: 1, N: 1000},
		`{"l":true,"i":false,"n":"true"}`:   {L: 1, N: 1},
		`{"b":"true"}`:                      {B: true},
		`{"b":"TRUE"}`:                      {B: true},
		`{"b":"1"}`:                         {B: true},
		`{"b":"Y"}`:                         {B: true},
		`{"b":2}`:                           {B: true},
		`{"b":0}`:                           {},
		`{"b":0.0}`:                         {},
		`{"b":"false"}`:                     {},
		`{"s":5}`:                           {S: "5"},
		`{"s": -1.5e3 }`:                    {S: "-1.5e3"},
		`{"s":true}`:                        {S: "true"},
		`{"s":{"a":1}}`:                     {S: `{"a":1}`},
		`{"s":[1,"x"]}`:                     {S: `[1,"x"]`},
		`{"s":null}`:                        {},
		`{"e":1}`:                           {E: "CLUSTERING"},
		`{"e":"0"}`:                         {E: "BROADCASTING"},
		`{"e":"clustering"}`:                {E: "CLUSTERING"},
		`{"e":"x"}`:                         {},
		`{"e":null}`:                        {},
		`{"m":{"a":1,"b":true}}`:            {M: map[string]string{"a": "1", "b": "true"}},
		`{"p":"1"}`:                         {P: &one},
		`{"k":{1:"2","3":4}}`:               {K: map[int64]int{1: 2, 3: 4}},
		`{"l":-9223372036854775808}`:        {L: -9223372036854775808},
		`{"l":9.2e18,"i":2147483647}`:       {L: 9200000000000000000, I: 2147483647},
		`{"n":"9223372036854775807","e":1}`: {N: 9223372036854775807, E: "CLUSTERING"},
	} {
		var got scalarFields
		if err := Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("%s: got %s, want %s", in, a, b)
		}
	}
}

func TestScalarsRefused(t *testing.T) {
	for _, in := range []string{
		`{"l":" 5 "}`, `{"l":"x"}`, `{"i":2147483648}`, `{"i":"2147483648"}`, `{"i":-2147483649}`,
		`{"l":9223372036854775808}`, `{"l":1e19}`,
		`{"i":1e10}`, `{"l":{}}`, `{"l":[]}`, `{"b":"yes"}`, `{"b":"5"}`, `{"b":{}}`, `{"e":7}`, `{"e":-1}`, `{"e":true}`,
		`{"e":{}}`, `{"p":"x"}`,
	} {
		var got scalarFields
		if err := Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: want an error, got %+v", in, got)
		}
	}
}

func FuzzUnmarshalScalars(f *testing.F) {
	f.Add([]byte(`{"l":"1544","b":"true","e":1,"s":{"a":[1]},"p":"1","k":{1:"2"}}`))
	f.Add([]byte(`{"l":1e400,"i":"1,0","b":-0.0,"e":"-0"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got scalarFields
		if Unmarshal(in, &got) != nil {
			return
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again scalarFields
		if err := Unmarshal(text, &again); err != nil {
			t.Fatalf("%s became %s: %v", in, text, err)
		}
	})
}
