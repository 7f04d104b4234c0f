package compat

import (
	"encoding/json"
	"math"
	"testing"
)

type queueKey struct {
	BrokerName string `json:"brokerName"`
	QueueID    int    `json:"queueId"`
}

type base struct {
	Zeta string `json:"zeta"`
	None *int   `json:"none"`
}

type sample struct {
	base
	Ints    map[int]string     `json:"ints"`
	Queues  map[queueKey]int64 `json:"queues"`
	Nil     map[string]string  `json:"nil"`
	Empty   map[string]*int    `json:"empty"`
	Alpha   bool               `json:"alpha"`
	Rate    float64            `json:"rate"`
	Bits    []byte             `json:"bits"`
	Hidden  string             `json:"-"`
	Maybe   int                `json:"maybe,omitempty"`
	private int
	Raw     json.RawMessage `json:"raw"`
	Any     any             `json:"any"`
}

func fullSample() sample {
	return sample{
		base:   base{Zeta: "é\"\n\u0001😀"},
		Ints:   map[int]string{10: "b", 2: "a", -1: "c"},
		Queues: map[queueKey]int64{{"b", 1}: 5, {"a", 2}: 6},
		Empty:  map[string]*int{"gone": nil}, Alpha: true, Rate: 2, Bits: []byte{1, 2}, Hidden: "x", private: 1,
		Raw: json.RawMessage(`[1]`), Any: []any{nil, "x", 1, math.NaN()},
	}
}

func TestMarshalDialects(t *testing.T) {
	const head = `{"alpha":true,"any":[null,"x",1,null],"bits":"AQI=","empty":{},`
	cases := []struct {
		name string
		call func(any) ([]byte, error)
		want string
	}{
		{"dialect", Marshal, head + `"ints":{-1:"c",2:"a",10:"b"},"queues":{{"brokerName":"a","queueId":2}:6,{"brokerName":"b","queueId":1}:5},"rate":2.0,"raw":[1],"zeta":"é\"\n\u0001😀"}`},
		{"standard", MarshalStandard, head +
			`"ints":{"-1":"c","2":"a","10":"b"},"queues":{"{\"brokerName\":\"a\",\"queueId\":2}":6,"{\"brokerName\":\"b\",\"queueId\":1}":5},"rate":2.0,"raw":[1],"zeta":"é\"\n\u0001😀"}`},
		{"browser", MarshalBrowser, head +
			`"ints":{"-1":"c","2":"a","10":"b"},"queues":{"{\"brokerName\":\"a\",\"queueId\":2}":6,"{\"brokerName\":\"b\",\"queueId\":1}":5},"rate":2.0,"raw":[1],"zeta":"\u00e9\"\n\u0001\ud83d\ude00"}`},
	}
	for _, c := range cases {
		got, err := c.call(fullSample())
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, got, err, c.want)
		}
		if c.name != "dialect" && !json.Valid(got) {
			t.Errorf("%s is no JSON", c.name)
		}
	}
}

func TestMarshalPretty(t *testing.T) {
	got, err := MarshalPretty(map[string]any{"b": map[int]int{1: 2}, "a": map[string]int{}})
	if want := "{\n\t\"a\": {},\n\t\"b\": {\n\t\t\"1\": 2\n\t}\n}"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestMarshalRefusesFunctions(t *testing.T) {
	if got, err := Marshal(map[string]any{"f": func() {}}); err == nil {
		t.Errorf("got %s, want an error", got)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	text, err := Marshal(fullSample())
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Ints map[int]string `json:"ints"`
		Zeta string         `json:"zeta"`
	}
	if err := Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Ints[10] != "b" || len(back.Ints) != 3 || back.Zeta != fullSample().Zeta {
		t.Errorf("got %+v", back)
	}
}

func BenchmarkMarshal(b *testing.B) {
	v := map[string]queueKey{"a": {"broker-a", 1}, "b": {"broker-b", 2}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Marshal(v); err != nil {
			b.Fatal(err)
		}
	}
}
