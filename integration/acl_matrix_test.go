package integration

import (
	"encoding/json"
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

// aclFile is what Java 4.9.7 answered to each case of ACL 1.0:
// GOROCKET_JAVA_LIB=.work/servers-4.9.7 RECORD_ACL=1 go test -run TestACLMatrix . writes it again.
var aclFile = filepath.Join(harness.Root(), "..", "compat", "testdata", "auth", "acl1.json")

// aclAccounts is the plain_acl.yml of the matrix.
const aclAccounts = `globalWhiteRemoteAddresses:
- 127.0.1.1
- 127.0.2.*
- 127.0.3.10-20
- 127.0.4.1,127.0.4.3
- 127.0.5.{1,2}
- 127.6-7.*.*
accounts:
- {accessKey: admin12345, secretKey: admin12345-secret, admin: true}
- accessKey: adminsome1
  secretKey: adminsome1-secret
  admin: true
  defaultTopicPerm: DENY
  topicPerms: [topicA=DENY, topicB=PUB]
  groupPerms: [groupA=SUB]
- accessKey: normal1234
  secretKey: normal1234-secret
  whiteRemoteAddress:
  admin: false
  defaultTopicPerm: DENY
  defaultGroupPerm: SUB
  topicPerms:
  - topicA=DENY
  - topicB=PUB|SUB
  - topicC=SUB
  - topicD = PUB
  - topicE=SUB|PUB
  groupPerms:
  - groupA=DENY
  - groupB=PUB|SUB
  - groupC=SUB
  - groupD=PUB
- {accessKey: pubdefault, secretKey: pubdefault-secret, defaultTopicPerm: PUB, defaultGroupPerm: DENY}
- {accessKey: subdefault, secretKey: subdefault-secret, defaultTopicPerm: SUB, defaultGroupPerm: PUB|SUB}
- {accessKey: nothing123, secretKey: nothing123-secret}
- {accessKey: oddperms12, secretKey: oddperms12-secret, defaultTopicPerm: ANY, defaultGroupPerm: pub, topicPerms: [topicB=WRITE]}
- {accessKey: address123, secretKey: address123-secret, whiteRemoteAddress: 127.0.9.*, topicPerms: [topicB=PUB]}
- {accessKey: everywhere, secretKey: everywhere-secret, whiteRemoteAddress: "*"}
`

// aclFile2 is a file below conf/acl: of an account that stands in two files the first one that is read counts.
const aclFile2 = `accounts:
- {accessKey: otherfile1, secretKey: otherfile1-secret, defaultTopicPerm: PUB}
`

// aclCaller is who asks, and from where.
type aclCaller struct{ name, key, secret, from string }

func aclCallers() (list []aclCaller) {
	for _, key := range []string{"admin12345", "adminsome1", "normal1234", "pubdefault", "subdefault", "nothing123",
		"oddperms12", "address123", "everywhere", "otherfile1", "ghost12345"} {
		list = append(list, aclCaller{key, key, key + "-secret", "127.0.0.1"})
	}
	return append(list, aclCaller{"wrong secret", "normal1234", "other-secret", "127.0.0.1"},
		aclCaller{"admin with a wrong secret", "admin12345", "x", "127.0.0.1"}, aclCaller{"", "", "", "127.0.0.1"},
		aclCaller{"no signature", "admin12345", "", "127.0.0.1"},
		aclCaller{"wrong secret, everywhere", "everywhere", "x", "127.0.0.1"},
		aclCaller{"wrong secret, own address", "address123", "x", "127.0.9.77"},
		aclCaller{"own address", "address123", "address123-secret", "127.0.9.1"},
		aclCaller{"not its address", "address123", "x", "127.0.10.1"})
}

// aclAddresses are addresses of who signs nothing.
var aclAddresses = []string{"127.0.1.1", "127.0.1.2", "127.0.2.0", "127.0.2.255", "127.0.3.9", "127.0.3.10", "127.0.3.20",
	"127.0.3.21", "127.0.4.1", "127.0.4.2", "127.0.4.3", "127.0.5.1", "127.0.5.2", "127.0.5.3", "127.6.0.1", "127.7.255.254",
	"127.5.0.1", "127.8.0.1"}

var aclQuestions = []string{
	"10 topic=topicA", "10 topic=topicB", "10 topic=topicC", "10 topic=topicD", "10 topic=topicE", "10 topic=other", "10",
	"10 topic=%RETRY%groupC group=groupC", "10 topic=%RETRY%groupA group=groupA", "10 topic=%RETRY%groupC group=groupA",
	"10 topic=%RETRY%groupC", "10 topic=%DLQ%groupC", "10 topic=RMQ_SYS_TRACE_TOPIC",
	"310 b=topicA", "310 b=topicB", "310 b=topicC", "310 b=%RETRY%groupD a=groupD", "310 b=%RETRY%groupC a=groupC", "310",
	"310 b=RMQ_SYS_TRACE_TOPIC", "320 b=topicA", "320 b=topicB",
	"36 group=groupA offset=0", "36 group=groupB offset=0", "36 group=other offset=0", "36 offset=0",
	"11 topic=topicA consumerGroup=groupB", "11 topic=topicB consumerGroup=groupA", "11 topic=topicC consumerGroup=groupC",
	"11 topic=topicD consumerGroup=groupC", "11 topic=topicC consumerGroup=groupD", "11 topic=other consumerGroup=other",
	"11 topic=%RETRY%groupC consumerGroup=groupC", "11 topic=%RETRY%groupA consumerGroup=groupC",
	"11 topic=RMQ_SYS_TRACE_TOPIC consumerGroup=groupC",
	"12 topic=topicA", "12 topic=topicC", "12 topic=topicD", "12",
	`34 | {"clientID":"c","consumerDataSet":[{"groupName":"groupC","subscriptionDataSet":[{"topic":"topicC"},{"topic":"%RETRY%groupC"}]}]}`,
	`34 | {"clientID":"c","consumerDataSet":[{"groupName":"groupC","subscriptionDataSet":[{"topic":"topicA"}]}]}`,
	`34 | {"clientID":"c","consumerDataSet":[{"groupName":"groupA","subscriptionDataSet":[]}]}`,
	`34 | {"clientID":"c","producerDataSet":[{"groupName":"p"}]}`,
	"35 clientID=c consumerGroup=groupA", "35 clientID=c consumerGroup=groupC", "35 clientID=c producerGroup=groupA",
	"38 consumerGroup=groupA", "38 consumerGroup=groupC", "38",
	"15 topic=topicC consumerGroup=groupC queueId=0 commitOffset=0", "15 topic=topicA consumerGroup=groupC queueId=0 commitOffset=0",
	"15 topic=topicC consumerGroup=groupA queueId=0 commitOffset=0", "15 topic=topicC consumerGroup=groupC",
	"14 topic=topicA consumerGroup=groupA queueId=0", "17 topic=topicA topicFilterType=SINGLE_TAG", "25 | x=y", "26", "28",
	"29 topic=topicA", "30 topic=topicA queueId=0", "33 topic=topicA offset=0", "37 topic=topicA", "200 | {}", "207 groupName=other",
	"215 topic=other", "203 consumerGroup=groupA", "315", "361 topic=topicA consumerGroup=groupA",
}

// aclSays is how an answer stands in the matrix: refused by ACL 1.0, without the line of Java's source; else let in.
func aclSays(a wire.Response) string {
	const exception = "org.apache.rocketmq.acl.common.AclException: "
	text, ok := strings.CutPrefix(a.Remark, exception)
	if a.Code != 1 || !ok {
		return "let in"
	}
	text, _, _ = strings.Cut(text, ", org.apache.")
	return text
}

// aclMatrix is what a broker says to everybody's questions.
func aclMatrix(t *testing.T, addr string) map[string]string {
	t.Helper()
	out := map[string]string{}
	put := func(name, from, question, key, secret string) {
		t.Helper()
		c, err := wire.DialFrom(from, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r := request(question, key, secret)
		if secret == "" {
			delete(r.Ext, "Signature")
		}
		if r.Code == 200 && key != "" {
			r.Body = nil // makes no group
			r = resign(r, key, secret)
		}
		a, err := c.Call(r, 20*time.Second)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, question, err)
		}
		out[name+": "+question] = aclSays(a)
	}
	for _, c := range aclCallers() {
		for _, q := range aclQuestions {
			put(c.name, c.from, q, c.key, c.secret)
		}
	}
	for _, from := range aclAddresses {
		put("from "+from, from, "10 topic=topicA", "", "")
	}
	return out
}

// resign signs a request again that was changed.
func resign(r wire.Request, key, secret string) wire.Request {
	r.Ext = maps.Clone(r.Ext)
	delete(r.Ext, "Signature")
	if secret != "" {
		sign(&r, key, secret)
	}
	return r
}

// writeACL writes conf/plain_acl.yml, and further files by name below conf, of a broker that is not there yet.
func writeACL(t *testing.T, c *harness.Cluster, broker, accounts string, more ...string) {
	t.Helper()
	files := append([]string{"plain_acl.yml", accounts}, more...)
	for pair := range slices.Chunk(files, 2) {
		file := filepath.Join(c.Dir(), broker, "conf", pair[0])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(pair[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACLMatrix: everybody's questions have the answers that Java 4.9.7 gave, where strict mode is off.
func TestACLMatrix(t *testing.T) {
	harness.Count(t)
	kind := harness.Go
	if os.Getenv("RECORD_ACL") != "" {
		kind = harness.Java
	}
	c := harness.New(t)
	c.Namesrv(kind, nil)
	writeACL(t, c, "broker-a", aclAccounts, "acl/more/second.yaml", aclFile2)
	conf := harness.Conf{"aclEnable": "true", "authorizationStrictMode": "false"}
	got := aclMatrix(t, c.Broker(kind, "broker-a", conf).Addr())
	if kind == harness.Java {
		text, err := json.MarshalIndent(got, "", "  ")
		if err == nil {
			err = os.WriteFile(aclFile, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(aclFile)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
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
