package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// asks lists what a request asks for, one text for each.
func asks(t testing.TB, strict bool, code int32, body string, kv ...string) (list []string, err error) {
	t.Helper()
	c := &wire.Command{Code: code, Fields: fields(kv...), Body: []byte(body)}
	err = NewTable().Row(code).each(c, strict, []byte("own"), func(a Ask) bool {
		list = append(list, a.Resource()+" "+a.Actions.String())
		return true
	})
	return list, err
}

// TestEveryCodeHasARow: all codes of Java, and ours, each once.
func TestEveryCodeHasARow(t *testing.T) {
	table := NewTable()
	want := []int32{wire.ReqHandOver, wire.ReqGetUsers}
	for _, r := range slices.Concat(wire.RequestNames(), wire.OldRequestNames()) {
		want = append(want, r.Code)
	}
	for _, code := range want {
		if table.Row(code) == &unknownRow {
			t.Errorf("request code %d has no row", code)
		}
	}
	if n := len(table.Rows()); n != len(want) {
		t.Errorf("%d rows for %d codes", n, len(want))
	}
	rows := 0
	for _, part := range [][]Row{messageRows(), offsetRows(), clientRows(), popRows(), clusterRows(), controllerRows()} {
		rows += len(part)
	}
	if rows != len(want) {
		t.Errorf("%d rows are written down for %d codes: some are there twice", rows, len(want))
	}
}

// TestNeeds: what requests ask for, with the words of Java's rules; strict is what is asked in strict mode, where that
// differs.
func TestNeeds(t *testing.T) {
	const none = "-"
	for _, c := range []struct {
		code   int32
		fields string // key=value, by spaces
		body   string
		java   string // by semicolons
		strict string
	}{
		{10, "topic=T", "", "Topic:T Pub", ""}, {10, "topic=%RETRY%g", "", "Group:g Sub", ""},
		{10, "topic=%DLQ%g", "", "Topic:%DLQ%g Pub", ""}, {10, "", "", "Topic:null Pub", ""},
		{310, "b=T topic=X", "", "Topic:T Pub", ""}, {320, "b=%RETRY%g", "", "Group:g Sub", ""},
		{324, "topic=T", "", none, "Topic:T Pub"}, {325, "b=T", "", none, "Topic:T Pub"},
		{370, "topic=%RETRY%g", "", "Topic:%RETRY%g Pub", ""}, {37, "topic=T", "", "Topic:T Pub", ""}, {37, "", "", none, ""},
		{37, "topic= ", "", none, ""}, {36, "group=g originTopic=T", "", "Group:g Sub", ""},
		{36, "group=%RETRY%g", "", "Group:g Sub", ""},
		{11, "topic=T consumerGroup=g", "", "Topic:T Sub;Group:g Sub", ""},
		{11, "topic=%RETRY%g consumerGroup=g", "", "Group:g Sub", "Group:g Sub;Group:g Sub"},
		{11, "topic=%RETRY%other consumerGroup=g", "", "Group:g Sub", "Group:other Sub;Group:g Sub"},
		{11, "topic=%RETRY%g", "", "Group:null Sub", "Group:g Sub;Group:null Sub"},
		{361, "topic=T consumerGroup=g", "", none, "Topic:T Sub;Group:g Sub"},
		{361, "topic=%RETRY%other consumerGroup=g", "", none, "Group:other Sub;Group:g Sub"},
		{12, "topic=T", "", "Topic:T Sub,Get", ""}, {33, "topic=T", "", "Topic:T Get", ""},
		{33, "offset=1", "", none, "Cluster:own Get"}, {323, "msgId=1", "", none, "Cluster:own Update"},
		{14, "topic=T consumerGroup=g", "", "Topic:T Sub,Get;Group:g Sub,Get", ""},
		{15, "topic=%RETRY%g consumerGroup=g", "", "Group:g Sub,Update", ""}, {35, "consumerGroup=g", "", "Group:g Sub", ""},
		{35, "producerGroup=g", "", none, ""}, {38, "consumerGroup=g", "", "Group:g Sub,Get", ""},
		{105, "topic=T", "", "Topic:T Pub,Sub,Get", ""}, {105, "topic=%RETRY%g", "", "Group:g Sub,Get", ""},
		{34, "", `{"clientID":"c","producerDataSet":[{"groupName":"p"}]}`, none, ""},
		{34, "", `{"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"T"},{"topic":"%RETRY%g"}]},` +
			`{"groupName":"%RETRY%h"}]}`, "Group:g Sub;Topic:T Sub;Group:h Sub", ""},
		{41, "", `{"consumerGroup":"g","mqSet":[{"topic":"T"},{"topic":"%RETRY%g"}]}`, "Group:g Sub;Topic:T Sub", ""},
		{42, "", `{"consumerGroup":"g"}`, "Group:g Sub", ""},
		{46, "", `{"group":"g","subscriptionData":{"topic":"T"}}`, none, "Group:g Sub;Topic:T Sub"}, {46, "", "", none, ""},
		{400, "", `{"consumerGroup":"g","topic":"T"}`, none, "Group:g Sub;Topic:T Sub"},
		{401, "", `{"consumerGroup":"g","topic":"T"}`, none, "Group:g Update;Topic:T Update"},
		{17, "topic=T", "", "Topic:T Create", ""}, {17, "", "", none, "Cluster:own Create"},
		{18, "", `{"topicConfigList":[{"topicName":"T"},{"topicName":"U"}]}`, none, "Topic:T Create;Topic:U Create"},
		{200, "", `{"groupName":"g"}`, none, "Group:g Create"}, {200, "", "", none, ""},
		{225, "", `{"groupConfigList":[{"groupName":"g"},{"groupName":"h"}]}`, none, "Group:g Create;Group:h Create"},
		{215, "topic=%RETRY%g", "", "Group:g Delete", ""}, {207, "groupName=g", "", "Group:g Delete", ""},
		{208, "consumerGroup=g topicList=T;;U", "", "Group:g Get;Topic:T Get;Topic:U Get", ""},
		{208, "consumerGroup=%RETRY%g topic=%RETRY%g", "", "Group:%RETRY%g Get;Group:g Get", ""},
		{308, "filterGroups=f,g compareGroup=c topic=T", "", "Group:f Get;Group:g Get;Group:c Get;Topic:T Get", ""},
		{222, "group=g topic=T", "", "Group:g Update;Topic:T Update", ""},
		{314, "destGroup=d topic=T srcGroup=s", "", "Group:d Update;Topic:T Update",
			"Group:d Update;Topic:T Update;Group:s Get"},
		{200050, "consumerGroup=g topic=T", "", "Group:g Sub;Topic:T Sub", ""},
		{200050, "", "", none, "Cluster:own Sub"}, {200055, "consumerGroup=g topic=T", "", "Group:g Get;Topic:T Get", ""},
		{200151, "", `{"acks":[{"c":"g","t":"T"},{"consumerGroup":"h","topic":"U","t":"%RETRY%h"}]}`, none,
			"Group:g Sub;Topic:T Sub;Group:h Sub;Group:h Sub;Topic:U Sub"},
		{200071, "", `{"subscriptionSet":[{"group":"g","topic":"T"}]}`, none, "Group:g Sub;Topic:T Sub"},
		{25, "", "a=b", none, "Cluster:own Update"}, {26, "", "", none, "Cluster:own Get"},
		{3001, "username=u", "", "Cluster:own Update", ""}, {3004, "username=u", "", "Cluster:own Get", ""},
		{103, "clusterName=c", "", "Cluster:c Update", ""}, {103, "", "", "Cluster:own Update", ""},
		{901, "clusterName=c", "", "Cluster:c Get", ""}, {901, "", "", none, "Cluster:own Get"},
		{999999, "topic=T", "", none, "Cluster:own Update"},
	} {
		if c.strict == "" {
			c.strict = c.java
		}
		kv := []string{}
		for _, f := range strings.Split(c.fields, " ") {
			if key, value, ok := strings.Cut(f, "="); ok {
				kv = append(kv, key, value)
			}
		}
		if c.fields == "topic= " {
			kv = []string{"topic", " "}
		}
		for strict, want := range map[bool]string{false: c.java, true: c.strict} {
			got, err := asks(t, strict, c.code, c.body, kv...)
			if want == none {
				want = ""
			}
			if strings.Join(got, ";") != want || err != nil {
				t.Errorf("%d %s %s, strict %v: %q, %v, want %q", c.code, c.fields, c.body, strict, got, err, want)
			}
		}
	}
}

// TestBlankNames: a blank field is none only where Java takes it so; elsewhere it is a name.
func TestBlankNames(t *testing.T) {
	for code, want := range map[int32]string{10: "Topic:  Pub", 37: "", 35: "", 12: "Topic:  Sub,Get"} {
		got, err := asks(t, true, code, "", "topic", " ", "consumerGroup", " ")
		if strings.Join(got, ";") != want || err != nil {
			t.Errorf("%d: %q, %v", code, got, err)
		}
	}
}

// TestBodies: a body in which nothing can be found refuses the request in Java's words, for each code that has one.
func TestBodies(t *testing.T) {
	n := 0
	for _, r := range NewTable().Rows() {
		if r.Find == nil {
			continue
		}
		n++
		for _, body := range []string{"{", "[]", `"x"`, "{\"consumerDataSet\":7,\"mqSet\":7,\"topicConfigList\":7,\"groupName\":[]," +
			"\"groupConfigList\":7,\"acks\":7,\"subscriptionSet\":7,\"consumerGroup\":[],\"group\":[]}"} {
			got, err := asks(t, true, r.Code, body)
			asked := len(got) > 0 && len(body) > 10 // fastjson makes a string of everything
			if !asked && (err == nil || err.Error() != "parse authorization context error.") || asked && err != nil {
				t.Errorf("%d, %s: %v, %v", r.Code, body, got, err)
			}
		}
		nothing := slices.Contains([]int32{wire.ReqCheckClientConfig, wire.ReqUpdateAndCreateSubscriptiongroup}, r.Code)
		if _, err := asks(t, true, r.Code, ""); (err == nil) != nothing {
			t.Errorf("%d, no body: %v", r.Code, err)
		}
		if _, err := asks(t, false, r.Code, "{"); (err == nil) != r.BodyOurs {
			t.Errorf("%d in Java's mode: %v", r.Code, err)
		}
	}
	if n != 11 {
		t.Errorf("%d rows look at the body", n)
	}
}

// TestNothingIsOpen: in strict mode no request is let through without a question but those that ask for nothing.
func TestNothingIsOpen(t *testing.T) {
	open := []string{}
	for _, r := range NewTable().Rows() {
		body := "{}"
		if got, _ := asks(t, true, r.Code, body); len(got) == 0 {
			open = append(open, fmt.Sprint(r.Code))
		}
	}
	// a heartbeat without consumers, the end of a client or a transaction that names no group or topic, empty lists
	if got := strings.Join(open, " "); got != "18 34 35 37 225 200071 200151" {
		t.Errorf("open are %s", got)
	}
}

// TestStopsAtTheFirstRefusal: nothing more is asked, in fields, lists and bodies.
func TestStopsAtTheFirstRefusal(t *testing.T) {
	for _, c := range []*wire.Command{
		{Code: 11, Fields: fields("topic", "T", "consumerGroup", "g")},
		{Code: 308, Fields: fields("filterGroups", "f,g", "compareGroup", "c", "topic", "T")},
		{Code: 41, Body: []byte(`{"consumerGroup":"g","mqSet":[{"topic":"T"},{"topic":"U"}]}`)},
	} {
		n := 0
		if err := NewTable().Row(c.Code).each(c, true, nil, func(Ask) bool { n++; return false }); n != 1 || err != nil {
			t.Errorf("%d: asked %d times, %v", c.Code, n, err)
		}
	}
}

// FuzzNeeds: no body makes any code panic, in neither mode, nor ask for something that is neither a topic nor a group.
func FuzzNeeds(f *testing.F) {
	f.Add(int32(34), []byte(`{"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"T"}]}]}`), true)
	f.Add(int32(200151), []byte(`{"acks":[{"c":"g","t":"T"}]}`), true)
	f.Add(int32(41), []byte(`{"consumerGroup":"g","mqSet":[null,{}]}`), false)
	table := NewTable()
	f.Fuzz(func(t *testing.T, code int32, body []byte, strict bool) {
		c := &wire.Command{Code: code, Body: body, Fields: fields("topic", string(body), "topicList", string(body))}
		_ = table.Row(code).each(c, strict, []byte("own"), func(a Ask) bool {
			if a.Actions == 0 || a.Type != Topic && a.Type != Group && a.Type != Cluster {
				t.Errorf("%d asks for %+v", code, a)
			}
			return true
		})
	})
}
