package broker

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// closedConfig is one that asks everybody who they are and what they may do; root may do everything.
func closedConfig(t *testing.T) config.Config {
	cfg := testConfig(t, t.TempDir())
	cfg.AuthenticationEnabled, cfg.AuthorizationEnabled = true, true
	cfg.InitAuthenticationUser = `{"username":"root","password":"root-secret"}`
	return cfg
}

// as is a request's fields as a user with a secret signs them.
func as(t testing.TB, user, secret, fields, body string) string {
	t.Helper()
	values, err := url.ParseQuery(fields)
	if err != nil {
		t.Fatal(err)
	}
	var list []wire.Field
	for key := range values {
		list = append(list, wire.Field{Key: []byte(key), Value: []byte(values.Get(key))})
	}
	for _, f := range auth.NewSigner(auth.Credentials{AccessKey: user, SecretKey: secret}).Sign(list, []byte(body)) {
		values.Set(f.Key, f.Value)
	}
	return values.Encode()
}

// askAs sends a signed request; the secret of a user is its name and "-secret".
func (r *rig) askAs(user string, code int32, fields, body string) answer {
	r.t.Helper()
	return r.ask(code, as(r.t, user, user+"-secret", fields, body), body)
}

// TestUserRequests: 3001 to 3005 in Java's words, by a user with all rights and by one who may change the cluster.
func TestUserRequests(t *testing.T) {
	r := startRig(t, closedConfig(t))
	root := func(code int32, fields, body string) answer { t.Helper(); return r.askAs("root", code, fields, body) }
	root(3001, "username=adm", `{"password":"adm-secret"}`).is(t, 0, "").same(t, "")
	root(3001, "username=adm", `{"password":"x"}`).is(t, 16, "The user is existed")
	root(3001, "", `{"username":"adm","password":"x"}`).is(t, 29, "The username is blank")
	root(3001, "username=+", `{"password":"x"}`).is(t, 16, "username can not be blank")
	root(3001, "username=n", `{"password":" "}`).is(t, 16, "password can not be blank")
	root(3001, "username=n", `{"password":"x","userType":"King"}`).is(t, 29, "The user type")
	root(3001, "username=n", `{"password":"x","userStatus":"dead"}`).is(t, 29, "The user status")
	root(3001, "username=n", ``).is(t, 1, "")
	root(3001, "username=n", `{`).is(t, 1, "")
	root(3001, "username=sup", `{"password":"sup-secret","userType":"super","userStatus":"DISABLE"}`).is(t, 0, "")
	root(3002, "username=none", `{"password":"x"}`).is(t, 16, "The user is not exist")
	root(3002, "username=sup", `{"userStatus":"enable"}`).is(t, 0, "")
	root(3004, "username=sup", "").is(t, 0, "").same(t,
		`{"password":"sup-secret","userStatus":"enable","userType":"Super","username":"sup"}`)
	root(3004, "username=none", "").is(t, 0, "").same(t, "")
	root(3004, "username=+", "").is(t, 29, "The username is blank")
	root(3005, "filter=a", "").is(t, 0, "").same(t,
		`[{"password":"adm-secret","userStatus":"enable","userType":"Normal","username":"adm"}]`)
	root(3005, "filter=zzz", "").is(t, 0, "").same(t, "")
	root(3003, "username=none", "").is(t, 0, "")
	root(3003, "", "").is(t, 16, "username can not be blank")

	adm := func(code int32, fields, body string) answer { t.Helper(); return r.askAs("adm", code, fields, body) }
	adm(3001, "username=n", `{"password":"n"}`).is(t, 16, "User:adm has no permission to access Cluster:DefaultCluster from "+
		"127.0.0.1, no matched policies.")
	root(3006, "subject=User:adm", `{"policies":[{"entries":[{"resource":"Cluster:*","actions":["Update","Get"],`+
		`"decision":"Allow"}]}]}`).is(t, 0, "")
	adm(3001, "username=n", `{"password":"n-secret"}`).is(t, 0, "")
	adm(3001, "username=m", `{"password":"m","userType":"Super"}`).is(t, 1,
		"The super user can only be create by super user")
	adm(3002, "username=n", `{"userType":"Super"}`).is(t, 1, "The super user can only be update by super user")
	adm(3002, "username=sup", `{"password":"mine"}`).is(t, 16, "The super user can only be update by super user")
	adm(3003, "username=sup", "").is(t, 16, "The super user can only be update by super user")
	adm(3004, "username=sup", "").is(t, 0, "").same(t, `{"userStatus":"enable","userType":"Super","username":"sup"}`)
	if list := adm(3005, "", "").is(t, 0, ""); strings.Contains(list.body, "secret") || !strings.Contains(list.body, "root") {
		t.Errorf("a user without all rights is told %s", list.body)
	}
	adm(wire.ReqGetUsers, "", "").is(t, 16, "users are told to a signed request of a super user only")
	adm(3003, "username=n", "").is(t, 0, "")
	if _, there := r.b.users.User("n"); there {
		t.Error("n is still there")
	}
}

// TestUsersAreKept: users and permissions come over a restart, in files of their owner's only; the first users are made
// where they are missing, and no secret is in the configuration that peers are told.
func TestUsersAreKept(t *testing.T) {
	cfg := closedConfig(t)
	cfg.InnerClientCredentials = `{"accessKey":"inner","secretKey":"inner-secret"}`
	r := startRig(t, cfg)
	r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
	r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"Topic:T","actions":["Pub"],`+
		`"decision":"Allow"}]}]}`).is(t, 0, "")
	r.askAs("root", 3002, "username=root", `{"password":"new"}`).is(t, 0, "")
	r.askAs("root", 28, "", "").is(t, 16, "check signature failed.")
	conf := r.ask(26, as(t, "root", "new", "", ""), "").is(t, 0, "").has(t, "initAuthenticationUser=***",
		"innerClientAuthenticationCredentials=***", "authenticationProvider=\n")
	if strings.Contains(conf.body, "-secret") {
		t.Errorf("the configuration tells a secret: %s", conf.body)
	}
	for _, change := range []string{"authenticationEnabled=false", `initAuthenticationUser={"username":"x","password":"y"}`} {
		r.ask(25, as(t, "root", "new", "", change), change).is(t, 16, "Can not update config in black list.")
	}
	r.stop()
	for _, name := range []string{"users.json", "acls.json"} {
		info, err := os.Stat(filepath.Join(cfg.StorePathRootDir, "config", name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	r = startRig(t, cfg)
	r.ask(10, as(t, "u", "u-secret", sendFieldsText, "b"), "b").is(t, 0, "")
	r.ask(28, as(t, "root", "root-secret", "", ""), "").is(t, 16, "check signature failed.")
	r.ask(28, as(t, "root", "new", "", ""), "").is(t, 0, "")
	if u, _ := r.b.users.User("inner"); u.Type != auth.Super || u.Password != "inner-secret" {
		t.Errorf("inner is %v", u.Type)
	}
	r.ask(28, as(t, "inner", "inner-secret", "", ""), "").is(t, 0, "")
}

// sendFieldsText are the fields of a send to topic T.
const sendFieldsText = "topic=T&producerGroup=p&defaultTopic=TBW102&defaultTopicQueueNums=4&queueId=0&sysFlag=0&" +
	"bornTimestamp=1&flag=0"

// TestClosedDoors: on the main and the fast port nothing is served without a signature of somebody who may do it; what is
// refused changes nothing, and one-way requests get no answer.
func TestClosedDoors(t *testing.T) {
	cfg := closedConfig(t)
	r := startRig(t, cfg)
	r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(t, 0, "")
	r.ask(10, sendFieldsText, "b").is(t, 16, "username cannot be null.")
	r.ask(10, as(t, "u", "x", sendFieldsText, "b"), "b").is(t, 16, "check signature failed.")
	r.askAs("u", 10, sendFieldsText, "b").is(t, 16, "User:u has no permission to access Topic:T from 127.0.0.1, no matched")
	if r.b.topics.Get("T") != nil {
		t.Error("a refused send made its topic")
	}
	for _, code := range Codes() {
		r.ask(code, "topic=T", "{}").is(t, 16, "username cannot be null.")
		if code == 34 || code == 35 || code == 37 || code == 18 || code == 225 || code == 46 ||
			code == wire.ReqBatchAckMessage {
			continue // ask for nothing that could be refused
		}
		r.askAs("u", code, "topic=T", "{}").is(t, 16, "")
	}
	fast := *r
	fast.addr, fast.conn = strings.Replace(r.addr, itoa(int64(cfg.ListenPort)), itoa(int64(cfg.ListenPort-2)), 1), nil
	fast.ask(10, sendFieldsText, "b").is(t, 16, "username cannot be null.")
	conn := r.dial()
	if _, err := conn.Write(r.frame(15, 2, compat.VersionV5_5_0, "topic=T&consumerGroup=g&queueId=0&commitOffset=5", "")); err != nil {
		t.Fatal(err)
	}
	r.askOn(conn, 28, compat.VersionV5_5_0, as(t, "root", "root-secret", "", ""), "").is(t, 0, "")
	if n := r.b.offsets.Query("g", "T", 0); n != -1 {
		t.Errorf("a refused one-way request committed %d", n)
	}
	r.ask(7777, "topic=T", "").is(t, 16, "username cannot be null.")
	r.askAs("root", 7777, "topic=T", "").is(t, 3, " request type 7777 not supported")
}

// TestOpenDoors: without the two keys nobody is asked anything, but users can be made ready.
func TestOpenDoors(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(10, sendFieldsText, "b").is(t, 0, "")
	r.ask(3001, "username=u", `{"password":"p","userType":"Super"}`).is(t, 0, "")
	r.ask(3004, "username=u", "").is(t, 0, "").has(t, `"password":"p"`)
	r.ask(wire.ReqGetUsers, "AccessKey=u", "").is(t, 16, "users are told to a signed request of a super user only")
	r.ask(3001, "username=v&AccessKey=none", `{"password":"p","userType":"Super"}`).is(t, 1, "")
}
