package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// TestSend: a test message reaches the broker with its keys, its tag and its delay.
func TestSend(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	token := r.token("/topic?name=T")
	to, _ := r.post("/topic/send", http.StatusSeeOther, url.Values{"token": {token}, "name": {"T"}, "keys": {"k1 k2"},
		"tags": {"red"}, "body": {" hello\nthere "}})
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.s.home.message(t.Context(), "T", u.Query().Get("id"))
	if err != nil || string(m.Body) != " hello\nthere " || m.Keys() != "k1 k2" || m.Tags() != "red" {
		t.Fatalf("%+v, %v", m, err)
	}
	r.get(to, http.StatusOK, " hello\nthere ", "k1 k2", m.OffsetID, say("en", "done.topic/send"))
	r.post("/topic/send", http.StatusBadRequest, url.Values{"token": {token}, "name": {"T"}})
	r.post("/topic/send", http.StatusBadRequest, url.Values{"token": {token}, "name": {"T"}, "body": {"x"}, "delay": {"-1"}})
	r.act("/topic?name=T", "topic/send", "name", "T", "body", "later", "keys", "late", "delay", "3600")
	testutil.WaitFor(t, "the timer message waits", func() bool {
		counts, err := r.cl.TimerMetrics(t.Context(), r.broker)
		return err == nil && counts["T"].Count == 1
	})
	r.get("/waiting", http.StatusOK, `T <small>broker-a</small> 1`, "<td>late</td>")
}

// progress is where the group g is in queue 0 of T.
func (r *rig) progress(group string) int64 {
	r.t.Helper()
	s, err := r.cl.ConsumeStatsAt(r.t.Context(), r.broker, group, "T")
	if err != nil {
		r.t.Fatal(err)
	}
	w, has := s.OffsetTable[protocol.MessageQueue{Topic: "T", BrokerName: "broker-a", QueueID: 0}]
	if !has {
		return -1
	}
	return w.ConsumerOffset
}

// TestGroupActions: groups are made, changed, set back and forth, copied and deleted, and the broker knows.
func TestGroupActions(t *testing.T) {
	r := newRig(t)
	r.furnish()
	r.act("/groups", "group/put", "name", "fresh", "cluster", "DefaultCluster", "retries", "3", "enabled", "yes")
	g, err := r.cl.Group(t.Context(), r.broker, "fresh")
	if err != nil || g == nil || g.RetryMaxTimes != 3 || !g.ConsumeEnable || g.ConsumeBroadcastEnable {
		t.Fatalf("%+v, %v", g, err)
	}
	g.ConsumeTimeoutMinute = 7 // the form does not have it
	if err := r.cl.PutGroup(t.Context(), r.broker, g); err != nil {
		t.Fatal(err)
	}
	r.act("/group?name=fresh", "group/put", "name", "fresh", "cluster", "DefaultCluster", "retries", "5", "broadcast", "yes",
		"ordered", "yes")
	if g, err = r.cl.Group(t.Context(), r.broker, "fresh"); err != nil || g.RetryMaxTimes != 5 || g.ConsumeEnable ||
		!g.ConsumeMessageOrderly || g.ConsumeTimeoutMinute != 7 {
		t.Fatalf("%+v, %v", g, err)
	}
	for range 3 {
		r.send("T", 0, &admin.Outgoing{Body: []byte("x")})
	}
	r.get("/group?name=g", http.StatusOK, "T <small>Lag 4")
	r.get("/groups", http.StatusOK, `<a href="/group?name=g">g</a></td><td class="n">4</td>`)
	r.act("/group?name=g", "group/skip", "name", "g", "topic", "T", "sure", "yes")
	if at := r.progress("g"); at != 4 {
		t.Errorf("skipped to %d", at)
	}
	other := protocol.NewSubscriptionGroupConfig("other")
	if err := r.cl.PutGroup(t.Context(), r.broker, &other); err != nil {
		t.Fatal(err)
	}
	r.act("/group?name=g", "group/clone", "name", "g", "topic", "T", "to", "other")
	if at := r.progress("other"); at != 4 {
		t.Errorf("copied as %d", at)
	}
	r.act("/group?name=g", "group/reset", "name", "g", "topic", "T", "time",
		time.Now().Add(-time.Hour).Format(formTime))
	if at := r.progress("g"); at != 0 {
		t.Errorf("went back to %d", at)
	}
	alone := protocol.NewSubscriptionGroupConfig("alone") // nobody has joined it: it has no retry topic
	if err := errors.Join(r.cl.PutGroup(t.Context(), r.broker, &alone),
		r.cl.CommitOffset(t.Context(), r.broker, "alone", "T", 0, 1)); err != nil {
		t.Fatal(err)
	}
	r.get("/group?name=alone", http.StatusOK, "T <small>Lag 3")
	r.act("/group?name=alone", "group/clone", "name", "alone", "topic", "T", "to", "other")
	if at := r.progress("other"); at != 1 {
		t.Errorf("copied as %d", at)
	}
	token := r.token("/groups")
	for path, bad := range map[string]url.Values{"/group/skip": {"name": {"g"}, "topic": {"T"}}, "/group/reset": {"name": {"g"}},
		"/group/delete": {"name": {"CID_RMQ_SYS_TRANS"}, "sure": {"yes"}}, "/group/put": {"name": {"a b"}},
		"/group/clone": {"name": {"g"}, "topic": {"T"}}} {
		bad.Set("token", token)
		r.post(path, http.StatusBadRequest, bad)
	}
	r.post("/group/reset", http.StatusBadRequest, url.Values{"token": {token}, "name": {"g"}, "topic": {"T"}, "time": {"soon"}})
	r.get("/group?name=nobody", http.StatusBadRequest)
	r.act("/group?name=g", "group/delete", "name", "g", "sure", "yes")
	if g, err := r.cl.Group(t.Context(), r.broker, "g"); err != nil || g != nil {
		t.Errorf("still there: %+v, %v", g, err)
	}
	if _, err := r.cl.Route(t.Context(), "%DLQ%g"); err == nil {
		t.Error("its dead letters are still there")
	}
}

// TestDeadLetters: those that are chosen, or all, go to the group again, or to where they came from.
func TestDeadLetters(t *testing.T) {
	r := newRig(t)
	r.furnish()
	var last string
	for i := range 3 {
		last = r.send("%DLQ%g", 0, &admin.Outgoing{Keys: fmt.Sprint("d", i), Body: []byte("dead"),
			Properties: map[string]string{"RETRY_TOPIC": "T"}}).OffsetID
	}
	r.get("/dead", http.StatusOK, `<a href="/dead?group=g">g</a></td><td class="n">4</td>`)
	if body := r.get("/dead?group=g&key=d1", http.StatusOK, "<td>d1</td>"); strings.Contains(body, "<td>d2</td>") {
		t.Error("others are shown")
	}
	ends := func(topic string) (n int64) {
		s, err := r.cl.TopicStatsAt(t.Context(), r.broker, topic)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range s.OffsetTable {
			n += o.MaxOffset
		}
		return n
	}
	r.act("/dead?group=g", "dead/resend", "group", "g", "id", last)
	if n := ends("%RETRY%g"); n != 1 {
		t.Errorf("%d retries, want 1", n)
	}
	r.act("/dead?group=g", "dead/resend", "group", "g", "all", "yes", "sure", "yes", "origin", "yes")
	if n := ends("T"); n != 5 {
		t.Errorf("%d messages of T, want 5", n)
	}
	token := r.token("/dead?group=g")
	for _, bad := range []url.Values{{}, {"all": {"yes"}}, {"id": {"nothing"}}} {
		bad.Set("token", token)
		bad.Set("group", "g")
		r.post("/dead/resend", http.StatusBadRequest, bad)
	}
}

// TestAccess: users and permissions are made, changed and deleted, and nobody deletes himself.
func TestAccess(t *testing.T) {
	r := newRig(t, withLogin)
	r.login(rootName, rootSecret, http.StatusSeeOther)
	r.act("/access", "user/put", "name", "bob", "secret", "bob-secret-12345", "type", "Normal", "status", "enable")
	u, err := r.cl.User(t.Context(), r.broker, "bob")
	if err != nil || u == nil || u.Type != "Normal" || u.Status != "enable" {
		t.Fatalf("%+v, %v", u, err)
	}
	r.act("/access", "user/put", "name", "bob", "secret", "", "type", "Super", "status", "disable")
	if u, err = r.cl.User(t.Context(), r.broker, "bob"); err != nil || u.Type != "Super" || u.Status != "disable" {
		t.Fatalf("%+v, %v", u, err)
	}
	r.act("/access", "policy/put", "subject", "bob", "resource", "Topic:T", "action", "Pub", "decision", "Allow", "sources",
		"10.0.0.0/8")
	acl, err := r.cl.ACL(t.Context(), r.broker, "User:bob")
	if err != nil || acl == nil || acl.Policies[0].Entries[0].Resource != "Topic:T" ||
		acl.Policies[0].Entries[0].SourceIPs[0] != "10.0.0.0/8" {
		t.Fatalf("%+v, %v", acl, err)
	}
	r.act("/access", "policy/put", "subject", "User:bob", "resource", "Group:*", "action", "Sub", "decision", "Deny")
	r.get("/access", http.StatusOK, "<td>User:bob</td>", "<td>Deny</td>", "<td>10.0.0.0/8</td>")
	if body := r.get("/access", http.StatusOK); strings.Contains(body, "bob-secret") || strings.Contains(body, rootSecret) {
		t.Error("a secret is shown")
	}
	r.act("/access", "policy/delete", "subject", "User:bob", "resource", "Topic:T")
	if acl, err = r.cl.ACL(t.Context(), r.broker, "User:bob"); err != nil || len(acl.Policies[0].Entries) != 1 {
		t.Errorf("%+v, %v", acl, err)
	}
	r.act("/access", "user/delete", "name", "bob", "sure", "yes")
	if u, err = r.cl.User(t.Context(), r.broker, "bob"); err != nil || u != nil {
		t.Errorf("%+v, %v", u, err)
	}
	token := r.token("/access")
	for path, bad := range map[string]url.Values{"/user/delete": {"name": {rootName}, "sure": {"yes"}}, "/user/put": {"name": {"new"}},
		"/policy/put": {"subject": {"x"}, "resource": {"Topic:T"}}, "/policy/delete": {"subject": {"x"}}} {
		bad.Set("token", token)
		r.post(path, http.StatusBadRequest, bad)
	}
	body := r.get("/settings?all=yes&q=user", http.StatusOK, "initAuthenticationUser")
	body += r.get("/settings?all=yes&q=cred", http.StatusOK, hidden)
	if strings.Contains(body, rootSecret) || strings.Contains(body, "inner-secret") {
		t.Error("a secret of the configuration is shown")
	}
}

// TestMessages: a message is found in each of the ways, and its body is shown as what it is.
func TestMessages(t *testing.T) {
	r := newRig(t)
	r.furnish()
	raw := r.send("T", 1, &admin.Outgoing{Body: []byte{0, 1, 0xff, 0xfe}})
	m, err := r.s.home.message(t.Context(), "T", r.sent)
	if err != nil {
		t.Fatal(err)
	}
	link := "/message?id=" + m.OffsetID + "&amp;topic=T"
	for _, search := range []string{"by=key&key=k", "by=id&id=" + r.sent, "by=id&id=" + m.OffsetID, "by=time",
		"by=queue&broker=broker-a&queue=0", "by=queue&broker=broker-a&queue=0&offset=0"} {
		r.get("/messages?topic=T&"+search, http.StatusOK, link, ">"+r.sent+"<")
	}
	r.get("/messages?topic=T&by=key&key=other", http.StatusOK, say("en", "none"))
	r.get("/messages?topic=T&by=id", http.StatusBadRequest)
	r.get("/messages?topic=T&by=queue&broker=other&queue=0", http.StatusBadRequest)
	r.get("/messages?topic=none&by=key&key=k", http.StatusUnprocessableEntity)
	r.get("/message?topic=T&id="+m.OffsetID, http.StatusOK, "&#34;a&#34;: 1", "{&#34;a&#34;:1}", "7b 22 61 22", "<td>UNIQ_KEY</td>")
	body := r.get("/message?topic=T&id="+raw.OffsetID, http.StatusOK, "00 01 ff fe")
	if strings.Contains(body, "<h3>Text</h3>") || strings.Contains(body, "<h3>JSON</h3>") {
		t.Error("bytes are shown as a text")
	}
	// an id that names another machine is asked for nowhere
	away := "7F000001" + "00000001" + "0000000000000000"
	r.get("/message?topic=T&id="+away, http.StatusBadRequest, "There is no message")
	r.get("/broker?addr=127.0.0.1:1", http.StatusBadRequest, "No NameServer knows")
	r.get("/settings?addr=127.0.0.1:1", http.StatusBadRequest)
}

// TestTrace: what clients told of a message is a picture.
func TestTrace(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.TraceTopicEnable = true })
	r.furnish()
	at := time.Now().UnixMilli()
	pub := strings.Join([]string{"Pub", fmt.Sprint(at), "r", "producers<b>", "T", r.sent, "t", "k", "h", "7", "12", "0", "off", "true"}, "\x01")
	sub := strings.Join([]string{"SubAfter", "req", r.sent, "5", "false", "k", "0", fmt.Sprint(at + 40), "g"}, "\x01")
	r.send("RMQ_SYS_TRACE_TOPIC", 0, &admin.Outgoing{Keys: r.sent, Body: []byte(pub + "\x02" + sub + "\x02")})
	testutil.WaitFor(t, "the trace can be found", func() bool {
		_, err := r.cl.QueryMessages(t.Context(), admin.Query{Topic: "RMQ_SYS_TRACE_TOPIC", Key: r.sent, Type: admin.IndexKey,
			Max: 1, End: math.MaxInt64})
		return err == nil
	})
	body := r.get("/message?topic=T&id="+r.sent, http.StatusOK, `<svg class="picture"`, `class="bar"`, `class="badbar"`,
		"producers&lt;b&gt;", "12 ms", "5 ms")
	if strings.Contains(body, "NaN") || strings.Contains(body, "producers<b>") {
		t.Error(main(body))
	}
	if drawTrace(nil, 5) != nil {
		t.Error("a picture of nothing")
	}
}

// TestHalves: half messages that nobody has ended are shown, and not those that somebody has.
func TestHalves(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.TransactionOpBatchInterval = 50 })
	r.furnish()
	var last *admin.SendResult
	for _, key := range []string{"open-half", "ended-half"} {
		last = r.send("T", 0, &admin.Outgoing{Keys: key, Body: []byte("x"), Properties: map[string]string{"TRAN_MSG": "true",
			"PGROUP": "p"}})
	}
	r.get("/waiting", http.StatusOK, "<td>open-half</td>", "<td>ended-half</td>", "<td>T</td>")
	r.rollBack(last)
	testutil.WaitFor(t, "the broker has noted the end", func() bool {
		rows, err := r.s.home.halves(t.Context(), admin.Node{Broker: "broker-a", Addr: r.broker})
		return err == nil && len(rows) == 1 && rows[0].Keys() == "open-half" && rows[0].For == "T"
	})
}

// rollBack ends a half message.
func (r *rig) rollBack(half *admin.SendResult) {
	r.t.Helper()
	table, err := remoting.NewTable()
	if err != nil {
		r.t.Fatal(err)
	}
	cl, err := remoting.NewClient(table, remoting.Options{EventLoops: 1, Workers: 1})
	if err == nil {
		err = cl.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Stop()
	_, offset, err := record.ParseMessageID(half.OffsetID)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := remoting.Call(r.t.Context(), cl, r.broker, wire.ReqEndTransaction, wire.EndTransactionRequest,
		&wire.EndTransactionRequestHeader{ProducerGroup: "p", TranStateTableOffset: half.QueueOffset, CommitLogOffset: offset,
			CommitOrRollback: 12, MsgID: []byte(half.ID)}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// hostile are texts that try to be something else than a text.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{{.}}&lt;`

// TestHostileTexts: keys, tags, bodies and everything else that strangers choose are escaped wherever they are shown,
// also what a browser sends in the address.
func TestHostileTexts(t *testing.T) {
	r := newRig(t)
	r.furnish()
	res := r.send("T", 0, &admin.Outgoing{Keys: "evil", Tags: hostile, Body: []byte(hostile), Properties: map[string]string{hostile: hostile}})
	r.send("%DLQ%g", 0, &admin.Outgoing{Tags: hostile, Body: []byte(hostile), Properties: map[string]string{"RETRY_TOPIC": hostile}})
	testutil.WaitFor(t, "the message can be found", func() bool {
		_, err := r.cl.QueryMessages(t.Context(), admin.Query{Topic: "T", Key: "evil", Type: admin.IndexKey, Max: 1, End: math.MaxInt64})
		return err == nil
	})
	esc := url.QueryEscape(hostile)
	for _, path := range []string{"/messages?topic=T&by=key&key=evil", "/messages?topic=T&by=queue&broker=broker-a&queue=0", "/dead?group=g"} {
		if body := r.get(path, http.StatusOK, "&lt;script&gt;"); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
			t.Errorf("%s: %s", path, main(body))
		}
	}
	if body := r.get("/message?topic=T&id="+res.OffsetID, http.StatusOK); strings.Count(body, "&lt;script&gt;") < 4 {
		t.Errorf("body, tag, property and its name are not all there: %s", main(body))
	}
	for _, p := range pages {
		for _, name := range []string{"q", "name", "topic", "key", "id", "group", "addr", "to", "done", "broker", "begin", "page", "lang"} {
			for _, first := range []string{"topic=T&by=key&key=k&", "topic=T&by=id&id=x&", "topic=T&by=queue&broker=broker-a&queue=0&", ""} {
				path := p.Path() + "?" + first + name + "=" + esc
				req, err := http.NewRequest(http.MethodGet, r.web.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, body := r.do(req); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
					t.Errorf("%s: %s", path, main(body))
				}
			}
		}
	}
}
