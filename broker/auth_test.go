package broker

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

const innerCredentials = `{"accessKey":"inner","secretKey":"inner-secret"}`

// startClosedPair is a master and a slave that ask for signatures, and sign as inner.
func startClosedPair(t *testing.T) pair {
	t.Helper()
	mc, sc := closedConfig(t), closedConfig(t)
	mc.InnerClientCredentials, sc.InnerClientCredentials = innerCredentials, innerCredentials
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	return p
}

// TestUsersReachTheSlave: a slave signs what it asks its master for, has its tables, users and permissions among them,
// in a file of its owner's only, and lets in who the master lets in.
func TestUsersReachTheSlave(t *testing.T) {
	p := startClosedPair(t)
	p.master.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
	p.master.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"*","actions":["All"],`+
		`"decision":"Allow"}]}]}`).is(t, 0, "")
	p.master.askAs("u", 10, sendFieldsText, "b").is(t, 0, "")
	p.follows(t)
	same := func() bool { return p.slave.b.users.Version() == p.master.b.users.Version() }
	testutil.WaitFor(t, "topics and users", func() bool { return p.slave.b.topics.Get("T") != nil && same() })
	p.slave.askAs("u", 28, "", "").is(t, 0, "")
	p.master.askAs("root", 3002, "username=u", `{"userStatus":"disable"}`).is(t, 0, "")
	testutil.WaitFor(t, "the change", func() bool { u, _ := p.slave.b.users.User("u"); return u.Status == auth.Disabled })
	p.slave.askAs("u", 28, "", "").is(t, 16, "User:u is disabled.")
	p.slave.askAs("root", 3003, "username=u", "").is(t, 0, "") // does not last
	testutil.WaitFor(t, "u is back", func() bool { _, there := p.slave.b.users.User("u"); return there && same() })
	testutil.WaitFor(t, "the file", func() bool {
		text, err := os.ReadFile(filepath.Join(p.slave.dir, "config", "users.json"))
		return err == nil && strings.Contains(string(text), "u-secret")
	})
	if info, err := os.Stat(filepath.Join(p.slave.dir, "config", "users.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	version := p.master.b.users.Version()
	p.master.askAs("inner", wire.ReqGetUsers, "", version).is(t, 0, "").same(t, "")
	p.master.askAs("inner", wire.ReqGetUsers, "", "other").is(t, 0, "").has(t, `"u-secret"`, `"acls":[`)
	if err := p.slave.b.replica.Health(); err != nil {
		t.Error(err)
	}
}

// TestNobodyCanSign: a broker that asks for signatures and has no user locks everybody out: its log says so, and the way
// out. A user of before is one.
func TestNobodyCanSign(t *testing.T) {
	const text = "authenticationEnabled, and there is no user"
	cfg := closedConfig(t)
	for i, first := range []string{"", cfg.InitAuthenticationUser, ""} {
		cfg.InitAuthenticationUser = first
		lines := &logLines{}
		b, err := New(cfg, zerolog.New(lines))
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, b, cfg)
		line := lines.find(text)
		if want := i == 0; (line != nil) != want {
			t.Errorf("start %d: %v", i, line)
		}
		if line != nil && (line["level"] != "error" || !strings.Contains(fmt.Sprint(line["message"]), "initAuthenticationUser")) {
			t.Errorf("start %d: %v", i, line)
		}
		r.stop()
	}
}

// TestSlaveCannotSign: a slave whose cluster asks for signatures needs somebody to sign as, or gets no table of its
// master's: the start names the key.
func TestSlaveCannotSign(t *testing.T) {
	for _, c := range []struct {
		slave bool
		inner string
		want  bool
	}{{true, "", true}, {true, `{"accessKey":"inner","secretKey":"x"}`, false}, {false, "", false}} {
		cfg := closedConfig(t)
		if c.slave {
			cfg.BrokerRole, cfg.BrokerID = "SLAVE", 1
		}
		cfg.InnerClientCredentials = c.inner
		lines := &logLines{}
		b, err := New(cfg, zerolog.New(lines))
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, b, cfg)
		if line := lines.find("a slave without innerClientAuthenticationCredentials"); (line != nil) != c.want {
			t.Errorf("%+v: %v", c, line)
		}
		r.stop()
	}
}

// TestAudit: the log tells who was refused and what administrators did, and nothing that is secret; and that permissions
// without signatures are not worth much.
func TestAudit(t *testing.T) {
	cfg := closedConfig(t)
	cfg.AuthenticationEnabled = false
	lines := &logLines{}
	b, err := New(cfg, zerolog.New(lines))
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, b, cfg)
	r.ask(10, "AccessKey=root&Signature=secret-signature&topic=T", "").is(t, 1, "") // let in, and lacks fields
	if line := lines.find("audit"); line != nil {
		t.Errorf("%v", line)
	}
	long := strings.Repeat("x", 1000)
	r.ask(10, "AccessKey="+long+"&Signature=secret-signature&topic="+long, "").is(t, 16, "User:xxx")
	line := lines.find("audit")
	if line["level"] != "warn" || len(fmt.Sprint(line["user"])) != 300 || line["peer"] != "127.0.0.1" ||
		line["code"] != 10.0 || line["resource"] != "Topic:"+long[:300-6] || line["actions"] != "Pub" ||
		len(fmt.Sprint(line["refused"])) != 300 {
		t.Errorf("%v", line)
	}
	r.ask(3001, "AccessKey=root&Signature=secret-signature&username=u", `{"password":"u-secret"}`).is(t, 0, "")
	if line = lines.find("audit"); line["level"] != "info" || line["user"] != "root" || line["actions"] != "Update" ||
		line["resource"] != "Cluster:DefaultCluster" || line["refused"] != nil {
		t.Errorf("%v", line)
	}
	if line = lines.find("user created"); line["user"] != "u" {
		t.Errorf("%v", line)
	}
	if lines.find("authorizationEnabled without authenticationEnabled") == nil {
		t.Error("no warning")
	}
	lines.mu.Lock()
	defer lines.mu.Unlock()
	for _, line := range lines.lines {
		if text := fmt.Sprint(line); strings.Contains(text, "secret") {
			t.Errorf("the log tells %s", text)
		}
	}
}

// TestBadCredentials: a broker does not start with credentials that it cannot use, and does not say what they are.
func TestBadCredentials(t *testing.T) {
	for _, edit := range []func(*config.Config){
		func(c *config.Config) { c.InitAuthenticationUser = `{"username":"","password":"hidden"}` },
		func(c *config.Config) { c.InnerClientCredentials = `{"secretKey":"hidden"` },
	} {
		cfg := testConfig(t, t.TempDir())
		edit(&cfg)
		if _, err := New(cfg, zerolog.Nop()); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%v", err)
		}
	}
}

// TestPlacesInTheLog: who names a place in the log gets the message there only if its topic may be read, whatever the
// request says its topic is, 33, 36 and 309, ends the transaction that is there only if it may send to its topic, and has
// its producer asked again, 323, only if it may change its topic. Java gives them all; so does
// authorizationStrictMode=false.
func TestPlacesInTheLog(t *testing.T) {
	for _, strict := range []bool{true, false} {
		cfg := closedConfig(t)
		cfg.AuthorizationStrictMode = strict
		r := startRig(t, cfg)
		r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
		r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"Topic:mine","actions":["All"],`+
			`"decision":"Allow"},{"resource":"Group:g","actions":["All"],"decision":"Allow"}]}]}`).is(t, 0, "")
		send := func(topic string) string {
			a := r.askAs("root", 10, strings.Replace(sendFieldsText, "topic=T", "topic="+topic, 1), "b").is(t, 0, "")
			return a.ext["msgId"]
		}
		secretID := send("secret")
		size := r.b.store.MaxPhyOffset()
		mineID := send("mine")
		r.askAs("root", 200, "", `{"groupName":"g"}`).is(t, 0, "")
		refused := func(a answer) {
			t.Helper()
			if strict {
				a.is(t, 16, "User:u has no permission to access Topic:secret from 127.0.0.1, no matched policies.")
			} else if a.code == 16 {
				t.Errorf("refused: %s", a.remark)
			}
		}
		mine := fmt.Sprint(size)
		refused(r.askAs("u", 33, "topic=mine&offset=0", ""))
		refused(r.askAs("u", 36, "group=g&offset=0&delayLevel=0&originTopic=mine", ""))
		refused(r.askAs("u", 309, "consumerGroup=g&topic=mine&clientId=c&msgId="+secretID, ""))
		r.askAs("u", 33, "topic=mine&offset="+mine, "").is(t, 0, "")
		r.askAs("u", 36, "group=g&offset="+mine+"&delayLevel=0", "").is(t, 0, "")
		r.askAs("u", 309, "consumerGroup=g&topic=mine&clientId=c&msgId="+mineID, "").is(t, 1, "The Consumer <g> <c> not online")
		r.askAs("root", 33, "topic=mine&offset=0", "").is(t, 0, "")
		half := r.b.store.MaxPhyOffset()
		props := url.QueryEscape("TRAN_MSG\x01true\x02PGROUP\x01p\x02UNIQ_KEY\x01U\x02")
		r.askAs("root", 10, strings.NewReplacer("topic=T", "topic=secret", "sysFlag=0", "sysFlag=4").Replace(sendFieldsText)+
			"&properties="+props, "b").is(t, 0, "")
		end := fmt.Sprintf("producerGroup=p&tranStateTableOffset=0&commitLogOffset=%d&commitOrRollback=12&msgId=U", half)
		if strict {
			refused(r.askAs("u", 37, end, ""))
			refused(r.askAs("u", 37, end+"&topic=mine", ""))
			r.askAs("u", 37, end+"&topic=secret", "").is(t, 16, "User:u has no permission to access Topic:secret")
		}
		m := r.record(compat.TopicTransHalf, 0, 0)
		resume := r.askAs("u", 323, "topic=mine&msgId="+string(m.AppendMessageID(nil)), "")
		refused(resume)
		if !strict {
			resume.is(t, 0, "")
		}
		r.askAs("root", 37, end, "").is(t, 0, "")
	}
}

// TestMessagesOfOthers: who may read a group of its own reads no retry topic of another group by it, 11 and 361, and who
// may read a topic of its own no message of another one whose hash is the same, 12: Aa and BB. Java gives both; so does
// authorizationStrictMode=false.
func TestMessagesOfOthers(t *testing.T) {
	for _, strict := range []bool{true, false} {
		cfg := closedConfig(t)
		cfg.AuthorizationStrictMode = strict
		r := startRig(t, cfg)
		r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
		r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"Topic:BB","actions":["All"],`+
			`"decision":"Allow"},{"resource":"Group:g","actions":["All"],"decision":"Allow"}]}]}`).is(t, 0, "")
		r.askAs("root", 200, "", `{"groupName":"g"}`).is(t, 0, "")
		for _, topic := range []string{"BB", "Aa", "%25RETRY%25other"} {
			r.askAs("root", 10, strings.Replace(sendFieldsText, "topic=T", "topic="+topic, 1)+"&properties="+
				url.QueryEscape("KEYS\x01k\x02"), "of "+topic).is(t, 0, "")
		}
		pull := "consumerGroup=g&topic=%25RETRY%25other&queueId=0&queueOffset=0&maxMsgNums=32&sysFlag=4&commitOffset=0" +
			"&suspendTimeoutMillis=0&subscription=*&subVersion=0"
		for _, code := range []int32{11, 361} {
			if a := r.askAs("u", code, pull, ""); strict {
				a.is(t, 16, "User:u has no permission to access Group:other from 127.0.0.1, no matched policies.").same(t, "")
			} else {
				a.is(t, 0, "").has(t, "of %25RETRY%25other")
			}
		}
		testutil.WaitFor(t, "the index", func() bool {
			return strings.Contains(r.askAs("root", 12, queryFields("Aa", "k", ""), "").body, "of Aa")
		})
		a := r.askAs("u", 12, queryFields("BB", "k", ""), "").is(t, 0, "").has(t, "of BB")
		if leaks := strings.Contains(a.body, "of Aa"); leaks == strict {
			t.Errorf("strict %v: a message of another topic with the same hash: %v", strict, leaks)
		}
	}
}

// TestTransactionsOfOthers: who says that it is of a producer group is asked about its half messages, and so shown them,
// only if it may send to their topic. Java shows them to anybody; so does authorizationStrictMode=false.
func TestTransactionsOfOthers(t *testing.T) {
	for _, strict := range []bool{true, false} {
		cfg := closedConfig(t)
		cfg.AuthorizationStrictMode = strict
		cfg.TransactionTimeOut, cfg.TransactionCheckInterval = 50, 50
		r := startRig(t, cfg)
		r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
		r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"Topic:mine","actions":["Pub"],`+
			`"decision":"Allow"}]}]}`).is(t, 0, "")
		stranger := r.dial()
		beat := `{"clientID":"c","producerDataSet":[{"groupName":"p"}]}`
		r.askOn(stranger, 34, 513, as(t, "u", "u-secret", "", beat), beat).is(t, 0, "")
		half := func(topic string) {
			t.Helper()
			fields := strings.NewReplacer("topic=T", "topic="+topic, "sysFlag=0", "sysFlag=4", "bornTimestamp=1",
				"bornTimestamp="+fmt.Sprint(time.Now().UnixMilli())).Replace(sendFieldsText) + "&properties=" + url.QueryEscape("TRAN_MSG\x01true\x02PGROUP\x01p\x02UNIQ_KEY\x01U"+topic+"\x02")
			r.askAs("root", 10, fields, "of "+topic).is(t, 0, "")
		}
		half("secret") // comes before the other one
		half("mine")
		for a := nextFrame(t, stranger); !strings.Contains(a.body, "of mine"); a = nextFrame(t, stranger) {
			if strings.Contains(a.body, "of secret") && strict {
				t.Errorf("code %d shows another's half message", a.code)
			} else if a.code != 39 {
				t.Errorf("code %d", a.code)
			}
		}
	}
}

// TestEncryptedReplication: with haTlsEnable the log goes over encrypted, between brokers that know the secret; who does
// not, and who is plain as Java's slaves, is sent away, and named.
func TestEncryptedReplication(t *testing.T) {
	for _, c := range []struct {
		secret    string
		encrypted bool
		want      string // "": it follows
	}{{"inner-secret", true, ""}, {"another", true, "does not know the secret"},
		{"inner-secret", false, "the connection is not encrypted"}} {
		t.Run(c.want, func(t *testing.T) { encryptedReplication(t, c.secret, c.encrypted, c.want) })
	}
}

func encryptedReplication(t *testing.T, secret string, encrypted bool, want string) {
	lines := &logLines{}
	start := func(edit func(*config.Config)) *rig {
		c := closedConfig(t)
		c.InnerClientCredentials, c.TLSEnable, c.HATLSEnable = innerCredentials, true, true
		edit(&c)
		b, err := New(c, zerolog.New(lines))
		if err != nil {
			t.Fatal(err)
		}
		return run(t, b, c)
	}
	master := start(func(c *config.Config) { c.BrokerRole = "SYNC_MASTER" })
	master.askAs("root", 10, sendFieldsText, "b").is(t, 0, "")
	slave := start(func(c *config.Config) {
		c.InnerClientCredentials = fmt.Sprintf(`{"accessKey":"inner","secretKey":%q}`, secret)
		c.BrokerRole, c.BrokerID, c.HATLSEnable = "SLAVE", 1, encrypted
		c.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(master.b.Config().HAListenPort))
	})
	slave.b.replica.Found(master.addr, "")
	if want == "" {
		testutil.WaitFor(t, "the slave has it", func() bool {
			return slave.b.store.MaxPhyOffset() == master.b.store.MaxPhyOffset()
		})
		return
	}
	testutil.WaitFor(t, "the reason", func() bool {
		line := lines.find("a slave does not follow any more")
		return line != nil && strings.Contains(fmt.Sprint(line["error"]), want)
	})
	if n := slave.b.store.MaxPhyOffset(); n != 0 {
		t.Errorf("it has %d bytes of the log", n)
	}
}
