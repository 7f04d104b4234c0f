package broker

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/remoting/wire"
)

// attackers are who may send an attack: with nobody asked who they are; and where users are asked for, nobody, a user
// with all permissions there are, and the one who may do everything.
func attackers(t *testing.T, edit func(*config.Config), attack func(t *testing.T, r *rig, send func(code int32, fields,
	body string) answer, known bool)) {
	open := func(c *config.Config) { *c = testConfig(t, c.StorePathRootDir) }
	for name, who := range map[string]string{"open": "", "nobody": "", "user": "u", "super": "root"} {
		t.Run(name, func(t *testing.T) {
			cfg := closedConfig(t)
			if name == "open" {
				open(&cfg)
			}
			edit(&cfg)
			r := startRig(t, cfg)
			if name != "open" {
				r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
				r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"*","actions":["All"],`+
					`"decision":"Allow"}]}]}`).is(t, 0, "")
			}
			attack(t, r, func(code int32, fields, body string) answer {
				if who == "" {
					return r.ask(code, fields, body)
				}
				return r.askAs(who, code, fields, body)
			}, name != "nobody")
		})
	}
}

// TestCVE202333246: a shell command by UPDATE_BROKER_CONFIG. There rocketmqHome becomes part of the command line that
// starts filter servers every 30 s, as many as filterServerNums; namesrvAddr takes the broker along to other NameServers.
func TestCVE202333246(t *testing.T) {
	dir := t.TempDir()
	file, mark := filepath.Join(dir, "broker.conf"), filepath.Join(dir, "pwned")
	const text = "brokerName=broker-a\n"
	edit := func(c *config.Config) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.BrokerConfigPath = file
	}
	attackers(t, edit, func(t *testing.T, r *rig, send func(int32, string, string) answer, known bool) {
		for _, body := range []string{
			"filterServerNums=1\nrocketmqHome=-c $@|sh . echo touch " + mark + ";\n",
			"rocketmqHome=-c $@|sh . echo touch " + mark + ";\n", "filterServerNums=1\n",
			"rocketmq\\u0048ome=/x\n", "namesrvAddr=10.9.9.9:9876\n", "brokerConfigPath=" + mark + "\n",
			"storePathRootDir=" + dir + "\nlongPollingEnable=false\n", "configBlackList=\n",
			"brokerName=x\\nrocketmqHome=/x\n",
		} {
			want := "Can not update config in black list."
			if !known {
				want = "username cannot be null."
			}
			send(wire.ReqUpdateBrokerConfig, "", body).is(t, wire.NoPermission, want)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("the file is %q, %v", got, err)
		}
		if _, err := os.Stat(mark); !os.IsNotExist(err) {
			t.Errorf("%s: %v", mark, err)
		}
		if !r.b.cfg().LongPollingEnable || r.b.cfg().NamesrvAddr != "" {
			t.Error("something of it acts")
		}
		for _, code := range []int32{wire.ReqRegisterFilterServer, wire.ReqRegisterMessageFilterClass} { // what it started
			if got := send(code, "filterServerAddr=x", "x"); got.code == wire.Success {
				t.Errorf("%d is served", code)
			}
		}
	})
}

// TestCVE202333246Lines: a value with the end of a line in it becomes no second line of the file.
func TestCVE202333246Lines(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerConfigPath = filepath.Join(t.TempDir(), "broker.conf")
	r := startRig(t, cfg)
	r.ask(wire.ReqUpdateBrokerConfig, "", "msgTraceTopicName=T\\nrocketmqHome=/x\\rfilterServerNums=1").is(t, 0, "")
	c, unknown, err := config.Load(cfg.BrokerConfigPath)
	if err != nil || len(unknown) > 0 || !strings.HasPrefix(c.MsgTraceTopicName, "T\nrocketmqHome") {
		t.Errorf("%v, %q, %q", err, unknown, c.MsgTraceTopicName)
	}
}

// TestCVE202423321: a user without rights reads the administrator's password by an interface. No answer to any code has
// a secret in it, but for those that tell users to one who may do everything anyway.
func TestCVE202423321(t *testing.T) {
	edit := func(c *config.Config) {
		if c.AuthenticationEnabled {
			c.InnerClientCredentials = innerCredentials
		} else { // set, and not asked for
			c.InitAuthenticationUser = `{"username":"root","password":"root-secret"}`
			c.InnerClientCredentials = innerCredentials
		}
	}
	attackers(t, edit, func(t *testing.T, r *rig, send func(int32, string, string) answer, known bool) {
		super := strings.HasSuffix(t.Name(), "/super")
		for _, code := range Codes() {
			for _, fields := range []string{"", "username=root", "username=inner", "subject=User:root", "filter=root"} {
				got := send(code, fields, "")
				tells := code == wire.ReqAuthGetUser || code == wire.ReqAuthListUser || code == wire.ReqGetUsers
				if all := url.QueryEscape(got.remark) + got.body; !(super && tells) &&
					(strings.Contains(all, "root-secret") || strings.Contains(all, "inner-secret")) {
					t.Errorf("%d with %q tells %d %s %s", code, fields, got.code, got.remark, got.body)
				}
			}
		}
	})
}
