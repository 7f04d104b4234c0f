package broker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting/auth"
)

const plainAccounts = `# ours
accounts:
- accessKey: admin12345 # the first
  secretKey: admin12345-secret
  admin: true
- accessKey: normal1234
  secretKey: normal1234-secret
  topicPerms: [topicA=PUB]
`

// aclConfig is a broker with aclEnable and these accounts; home is its ROCKETMQ_HOME.
func aclConfig(t *testing.T, accounts string) (cfg config.Config, home string) {
	t.Helper()
	cfg, home = testConfig(t, t.TempDir()), t.TempDir()
	cfg.ACLEnable, cfg.RocketmqHome = true, home
	if err := os.MkdirAll(filepath.Join(home, "conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "conf", "plain_acl.yml"), []byte(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, home
}

// TestAccountRequests: 50 to 54 by an admin, in Java's words; what they write has comments and mode of before, and acts
// at once.
func TestAccountRequests(t *testing.T) {
	cfg, home := aclConfig(t, plainAccounts)
	r := startRig(t, cfg)
	file := filepath.Join(home, "conf", "plain_acl.yml")
	admin := func(code int32, fields string) answer { t.Helper(); return r.askAs("admin12345", code, fields, "") }
	const exception = "org.apache.rocketmq.acl.common.AclException: "
	r.ask(28, "", "").is(t, 1, exception+"No accessKey is configured")
	r.askAs("normal1234", 50, "accessKey=normal1234&secretKey=normal1234-secret&admin=true", "").
		is(t, 1, exception+"Need admin permission for request code=50, but accessKey=normal1234 is not")
	r.askAs("another123", 28, "", "").is(t, 1, exception+"No acl config for another123")
	admin(50, "accessKey=another123&secretKey=another123-secret&topicPerms=topicB%3DSUB,topicC%3DPUB%7CSUB&defaultGroupPerm=SUB").
		is(t, 0, "")
	r.askAs("another123", 28, "", "").is(t, 0, "")
	r.askAs("another123", 12, "topic=topicA&key=k&maxNum=1&beginTimestamp=0&endTimestamp=1", "").
		is(t, 1, exception+"No default permission for topic:topicA")
	admin(50, "accessKey=another123&secretKey=short").is(t, 209, "The accessKey=another123 and secretKey=*** cannot be null")
	admin(50, "accessKey=another123&secretKey=another123-secret&topicPerms=topicB").is(t, 209, "Parse Resource format error")
	admin(50, "accessKey=another123&secretKey=another123-secret&groupPerms=g%3DALL").is(t, 209, "Parse resource permission error")
	admin(50, "accessKey=another123&secretKey=another123-secret&whiteRemoteAddress=nowhere").
		is(t, 209, file+":").has(t, "")
	admin(50, "secretKey=another123-secret").is(t, 1, "")
	admin(50, "accessKey=another123&secretKey=another456-secret&whiteRemoteAddress=").is(t, 0, "")
	r.ask(28, as(t, "another123", "another456-secret", "", ""), "").is(t, 0, "")
	admin(54, "").is(t, 0, "").has(t, `"accessKey":"another123","admin":false,"defaultGroupPerm":"SUB"`).
		has(t, `"topicPerms":["topicB=SUB","topicC=PUB|SUB"]`)
	version := admin(52, "").is(t, 0, "")
	if version.ext["brokerName"] != cfg.BrokerName || !strings.Contains(version.ext["allAclFileVersion"], file) ||
		!strings.HasPrefix(version.ext["version"], `{"counter":2,`) {
		t.Errorf("52: %v", version.ext)
	}
	admin(53, "globalWhiteAddrs=10.0.0.*,127.0.0.1&aclFileFullPath="+file).is(t, 0, "")
	r.ask(28, "", "").is(t, 0, "") // from a white address
	r.ask(51, "accessKey=admin12345", "").is(t, 1, exception+"Need a signature of an admin for request code=51")
	admin(53, "globalWhiteAddrs=10.0.0.0-300&aclFileFullPath=").is(t, 211, file+":")
	admin(53, "globalWhiteAddrs=10.0.0.1&aclFileFullPath=/etc/passwd").is(t, 211, "The globalWhiteAddresses[10.0.0.1] has been")
	admin(51, "accessKey=another123").is(t, 0, "")
	admin(51, "accessKey=another123").is(t, 210, "The accesskey[another123] corresponding to accessConfig has been deleted")
	text, err := os.ReadFile(file)
	info, statErr := os.Stat(file)
	if err != nil || statErr != nil || info.Mode().Perm() != 0o600 || !strings.Contains(string(text), "# ours") ||
		!strings.Contains(string(text), "# the first") || strings.Contains(string(text), "another123") {
		t.Errorf("%v %v %v\n%s", err, statErr, info.Mode(), text)
	}
}

// TestWithoutAclEnable: the codes are unknown, as to 5.5.0.
func TestWithoutAclEnable(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for code := int32(50); code <= 54; code++ {
		r.ask(code, "accessKey=x", "").is(t, 3, " request type ")
	}
}

// TestAclNeedsFiles: what cannot be used stops the start, with the file and the line, and nothing that is secret.
func TestAclNeedsFiles(t *testing.T) {
	for text, want := range map[string]string{
		"accounts:\n- accessKey: admin12345\n  secretKey: hidden\n": "plain_acl.yml:2: The accessKey=admin12345 and secretKey=***",
		"accounts:\n- accessKey: [x]\n":                             "plain_acl.yml:2: a text has to stand here",
	} {
		cfg, _ := aclConfig(t, text)
		if err := startFails(t, cfg); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", text, err)
		}
	}
	cfg, _ := aclConfig(t, "")
	cfg.RocketmqHome = ""
	t.Setenv("ROCKETMQ_HOME", "")
	if err := startFails(t, cfg); err == nil || !strings.Contains(err.Error(), "rocketmqHome") {
		t.Errorf("without a home: %v", err)
	}
}

func startFails(t *testing.T, cfg config.Config) error {
	t.Helper()
	b, err := New(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err = b.Start(t.Context()); err == nil {
		err = b.Stop(t.Context())
		t.Error("it starts")
	}
	return err
}

// TestBothDoors: with accounts and users a request has to be let in by both.
func TestBothDoors(t *testing.T) {
	cfg, _ := aclConfig(t, plainAccounts)
	cfg.AuthenticationEnabled, cfg.AuthorizationEnabled = true, true
	cfg.InitAuthenticationUser = `{"username":"admin12345","password":"admin12345-secret"}`
	r := startRig(t, cfg)
	r.askAs("admin12345", 28, "", "").is(t, 0, "")
	r.askAs("normal1234", 28, "", "").is(t, 16, "User:normal1234 is not found.")
	r.askAs("admin12345", 3001, "username=onlyuser12", `{"password":"onlyuser12-secret","userType":"Super"}`).is(t, 0, "")
	r.askAs("onlyuser12", 28, "", "").is(t, 1, "org.apache.rocketmq.acl.common.AclException: No acl config for onlyuser12")
}

// TestMigrate: accounts become users and permissions at the start, once; who was changed since stays so.
func TestMigrate(t *testing.T) {
	cfg, _ := aclConfig(t, plainAccounts)
	cfg.ACLEnable, cfg.MigrateAuthFromV1Enabled = false, true
	cfg.AuthenticationEnabled, cfg.AuthorizationEnabled = true, true
	r := startRig(t, cfg)
	r.askAs("admin12345", 25, "", "longPollingEnable=true\n").is(t, 0, "")
	r.askAs("normal1234", 25, "", "longPollingEnable=true\n").is(t, 16, "User:normal1234 has no permission")
	r.askAs("normal1234", 12, "topic=topicA&key=k&maxNum=1&beginTimestamp=0&endTimestamp=1", "").is(t, 16, "User:normal1234 has no")
	r.askAs("admin12345", 3009, "subject=User:normal1234", "").is(t, 0, "").has(t, `"resource":"Topic:topicA"`).
		has(t, `"resource":"Topic:RMQ_SYS_TRACE_TOPIC"`)
	r.askAs("admin12345", 3002, "username=normal1234", `{"userStatus":"disable"}`).is(t, 0, "")
	r.stop()
	r = startRig(t, cfg)
	testutil.WaitFor(t, "the users", func() bool { _, there := r.b.users.User("normal1234"); return there })
	if u, _ := r.b.users.User("normal1234"); u.Status != auth.Disabled {
		t.Errorf("changed back: %+v", u)
	}
}

// TestUsersFromWhiteAddresses: whoever comes from a white address and signs nothing changes no users and sees no
// passwords: while accounts become users, their secrets are the same. Java has no users of 2.0 beside accounts;
// authorizationStrictMode=false lets white addresses do everything.
func TestUsersFromWhiteAddresses(t *testing.T) {
	for _, strict := range []bool{true, false} {
		cfg, _ := aclConfig(t, plainAccounts+"globalWhiteRemoteAddresses: [127.0.0.1]\n")
		cfg.AuthorizationStrictMode, cfg.MigrateAuthFromV1Enabled = strict, true
		r := startRig(t, cfg)
		for _, q := range []struct {
			code         int32
			fields, body string
		}{{3004, "username=admin12345", ""}, {3005, "", ""}, {3001, "username=mallory", `{"password":"x","userType":"Super"}`},
			{3002, "username=admin12345", `{"password":"x"}`}, {3006, "subject=User:normal1234", `{"policies":[{"entries":[` +
				`{"resource":"*","actions":["All"],"decision":"Allow"}]}]}`}, {3008, "subject=User:normal1234", ""},
			{3009, "subject=User:admin12345", ""}, {3010, "", ""}, {3003, "username=normal1234", ""}} {
			a := r.ask(q.code, q.fields, q.body)
			forged := r.ask(q.code, q.fields+"&AccessKey=admin12345&Signature=x", q.body)
			if strict {
				a.is(t, 1, "org.apache.rocketmq.acl.common.AclException: Need a signature of an admin for request code=")
				forged.is(t, 1, "org.apache.rocketmq.acl.common.AclException: Check signature failed")
			} else if strings.Contains(a.remark, "AclException") {
				t.Errorf("%d: %d %s", q.code, a.code, a.remark)
			}
		}
		if strict {
			r.askAs("normal1234", 3001, "username=mallory", `{"password":"x"}`).is(t, 1, "")
		}
		r.askAs("admin12345", 3001, "username=alice", `{"password":"x"}`).is(t, 0, "")
		r.ask(10, sendFieldsText, "b").is(t, 0, "") // what white addresses are for
	}
}
