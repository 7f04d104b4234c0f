package integration

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/wire"
)

// matrixFile is what Java 5.5.0 answered to each case: RECORD_AUTH=1 go test -run TestAuthMatrix . writes it again.
var matrixFile = filepath.Join(harness.Root(), "..", "compat", "testdata", "auth", "matrix.json")

// caller is a user, and what it may do: policy type and entries "resource actions decision addresses".
type caller struct {
	name, secret string
	user         string // body of CREATE_USER; "" for one who is not made
	custom       []string
	standard     []string
}

func callers() []caller {
	normal := func(name string) string { return fmt.Sprintf(`{"password":"%s-secret"}`, name) }
	of := func(name string, custom ...string) caller {
		return caller{name, name + "-secret", normal(name), custom, nil}
	}
	return []caller{
		{"root", "root-secret", "", nil, nil},
		of("alice", "Topic:lit All Allow", "Topic:pre* Pub Allow", "Topic:prefix* Sub Allow", "Group:g* Sub Allow",
			"Topic:deny Pub Deny", "Topic:de* Pub Allow"),
		{"bob", "bob-secret", normal("bob"), []string{"Topic:lit Pub Deny"}, []string{"Topic:* Pub,Sub Allow", "Group:* Sub Allow"}},
		of("carol", "* All Allow 127.0.0.0/8"), of("dave", "* All Allow 10.0.0.0/8,192.168.1.1"),
		of("erin", "Cluster:* Get Allow"), of("frank"), of("grace", "Group:* All Allow", "Topic:* Sub,Get Allow"),
		{"henry", "henry-secret", `{"password":"henry-secret","userStatus":"disable"}`, nil, nil},
		of("ivan", "* All Deny", "Topic:lit All Allow", "Group:g1 Sub Allow"),
		of("judy", "Topic:lit Get Allow", "Group:g1 Update Allow", "Cluster:DefaultCluster Update Allow"),
		{"wrong secret", "x", "", nil, nil}, {"ghost", "ghost-secret", "", nil, nil}, {"", "", "", nil, nil},
	}
}

// question is one request, in words "code key=value key=value | body".
var questions = []string{
	"10 topic=lit", "10 topic=deny", "10 topic=other", "10 topic=%RETRY%g1", "10 topic=%RETRY%other", "10 topic=%DLQ%g1",
	"310 b=prefixed", "310 b=%RETRY%g1", "320 b=lit", "11 topic=lit consumerGroup=g1", "11 topic=prefixed consumerGroup=g1",
	"11 topic=other consumerGroup=other", "11 topic=%RETRY%g1 consumerGroup=g1", "12 topic=lit", "14 topic=lit consumerGroup=g1",
	"15 topic=lit consumerGroup=g1", "17 topic=lit topicFilterType=SINGLE_TAG", "25", "26", "28", "29 topic=lit", "30 topic=other",
	"33 topic=lit offset=0", "33 offset=0",
	`34 | {"clientID":"c","consumerDataSet":[{"groupName":"g1","subscriptionDataSet":[{"topic":"lit"},{"topic":"%RETRY%g1"}]}]}`,
	`34 | {"clientID":"c","consumerDataSet":[{"groupName":"g1","subscriptionDataSet":[{"topic":"other"}]}]}`,
	`34 | {"clientID":"c","producerDataSet":[{"groupName":"p"}]}`, "34 | {", "35 consumerGroup=g1", "35 producerGroup=p",
	"36 group=g1 offset=0", "37 topic=lit", "37", "38 consumerGroup=g1", `41 | {"consumerGroup":"g1","mqSet":[{"topic":"lit"}]}`,
	"105 topic=lit", "105 topic=other", "105 topic=%RETRY%g1", "200 | {}", "203 consumerGroup=g1", "207 groupName=other",
	"208 consumerGroup=g1 topicList=lit;other", "215 topic=other", "222 group=g1 topic=lit", "304", "315", "345 group=g1 topic=lit",
	"361 topic=other consumerGroup=other", "3004 username=frank", "3009 subject=User:frank", "3001 username=new | {}",
	"200051 consumerGroup=g1 topic=lit",
}

// request makes a question into one that somebody signs.
func request(question, user, secret string) wire.Request {
	text, body, _ := strings.Cut(question, " | ")
	words := strings.Fields(text)
	r := wire.Request{Version: 513, Ext: map[string]any{}, Body: []byte(body)}
	_, _ = fmt.Sscan(words[0], &r.Code)
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		r.Ext[key] = value
	}
	if user != "" {
		sign(&r, user, secret)
	}
	return r
}

// sign signs a request as Java's AclClientRPCHook does.
func sign(r *wire.Request, user, secret string) {
	r.Ext["AccessKey"] = user
	mac := hmac.New(sha1.New, []byte(secret))
	for _, key := range slices.Sorted(maps.Keys(r.Ext)) {
		mac.Write([]byte(r.Ext[key].(string)))
	}
	mac.Write(r.Body)
	r.Ext["Signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// ask sends a question as somebody.
func ask(t *testing.T, addr, question, user, secret string) wire.Response {
	t.Helper()
	answer, err := wire.Call(addr, request(question, user, secret), 20*time.Second)
	if err != nil {
		t.Fatalf("%s by %s: %v", question, user, err)
	}
	return answer
}

// prepare makes the users and their permissions.
func prepare(t *testing.T, addr string) {
	t.Helper()
	asRoot := func(question string) {
		t.Helper()
		if a := ask(t, addr, question, "root", "root-secret"); a.Code != 0 {
			t.Fatalf("%s: code %d %s", question, a.Code, a.Remark)
		}
	}
	for _, c := range callers() {
		if c.user == "" {
			continue
		}
		asRoot("3001 username=" + c.name + " | " + c.user)
		for kind, entries := range map[string][]string{"Custom": c.custom, "Default": c.standard} {
			var list []map[string]any
			for _, e := range entries {
				w := append(strings.Fields(e), "")
				entry := map[string]any{"resource": w[0], "actions": strings.Split(w[1], ","), "decision": w[2]}
				if w[3] != "" {
					entry["sourceIps"] = strings.Split(w[3], ",")
				}
				list = append(list, entry)
			}
			if len(list) == 0 {
				continue
			}
			body, _ := json.Marshal(map[string]any{"policies": []any{map[string]any{"policyType": kind, "entries": list}}})
			asRoot("3006 subject=User:" + c.name + " | " + string(body))
		}
	}
}

// matrix is what a broker says to everybody's questions: why it refuses, or that it does not.
func matrix(t *testing.T, addr string) map[string]string {
	t.Helper()
	prepare(t, addr)
	out := map[string]string{}
	for _, c := range callers() {
		user := c.name
		if user == "wrong secret" {
			user = "alice"
		}
		for _, q := range questions {
			a := ask(t, addr, q, user, c.secret)
			said := "let in"
			if a.Code == 16 {
				said = a.Remark
			}
			out[c.name+": "+q] = said
		}
	}
	return out
}

// TestAuthMatrix: everybody's questions have the answers that Java 5.5.0 gave, where strict mode is off.
func TestAuthMatrix(t *testing.T) {
	harness.Count(t)
	if os.Getenv("RECORD_AUTH") != "" {
		recordMatrix(t)
	}
	text, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	conf := maps.Clone(closed)
	conf["authorizationStrictMode"] = "false"
	got := matrix(t, c.Broker(harness.Go, "broker-a", conf).Addr())
	if len(got) < 150 || len(got) != len(want) {
		t.Errorf("%d cases, %d recorded", len(got), len(want))
	}
	for name, said := range want {
		if got[name] != said {
			t.Errorf("%s:\nwe say   %s\nJava says %s", name, got[name], said)
		}
	}
	t.Logf("%d cases", len(got))
}

// recordMatrix writes what Java answers.
func recordMatrix(t *testing.T) {
	c := harness.New(t)
	c.Namesrv(harness.Java, nil)
	text, err := json.MarshalIndent(matrix(t, c.Broker(harness.Java, "broker-a", closed).Addr()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(matrixFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(matrixFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
