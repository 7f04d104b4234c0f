package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
	"gorocket/integration/wire"
)

// closed are the keys of a broker that asks for users and permissions, as Java's broker.conf has them.
var closed = harness.Conf{
	"authenticationEnabled": "true", "authorizationEnabled": "true",
	"authenticationMetadataProvider":       "org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider",
	"authorizationMetadataProvider":        "org.apache.rocketmq.auth.authorization.provider.LocalAuthorizationMetadataProvider",
	"initAuthenticationUser":               `{"username":"root","password":"root-secret"}`,
	"innerClientAuthenticationCredentials": `{"accessKey":"inner","secretKey":"inner-secret"}`,
}

// adminAs has mqadmin sign as a user from now on.
func adminAs(t *testing.T, c *harness.Cluster, user, secret string) {
	t.Helper()
	dir := filepath.Join(c.Dir(), "mqadmin", "conf")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "accessKey: " + user + "\nsecretKey: " + secret + "\n"
	if err := os.WriteFile(filepath.Join(dir, "tools.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestJavaClientAuth: mqadmin makes a user and what it may do, and Apache's Java client works as that user, who may do
// nothing but send and consume, and nothing with another secret.
func TestJavaClientAuth(t *testing.T) {
	harness.Count(t)
	const version = "5.5.0"
	needJava(t, version)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	broker := c.Broker(harness.Go, "broker-a", closed)
	adminAs(t, c, "root", "root-secret")
	at := []string{"-b", broker.Addr()}
	says := func(want string, args ...string) {
		t.Helper()
		if out := c.MQAdmin(append(args, at...)...); !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("mqadmin %v says %s\nwithout %s", args, out, want)
		}
	}
	says("success", "createUser", "-u", "alice", "-p", "alice-secret")
	says("alice alice-secret Normal enable", "getUser", "-u", "alice")
	says("success", "createAcl", "-s", "User:alice", "-r", "Topic:*,Group:*", "-a", "All", "-d", "Allow")
	says("success", "createAcl", "-s", "User:alice", "-r", "Topic:forbidden", "-a", "Pub,Sub", "-d", "Deny", "-i",
		"127.0.0.0/8")
	says("User:alice Custom Topic:forbidden [Pub, Sub] [127.0.0.0/8] Deny", "listAcl", "-s", "User:alice")
	says("inner inner-secret Super enable", "listUser")

	dir, err := javaclient.MkDir(c.Dir(), "client-auth")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := func(user, secret, phase string, cases ...string) ([]javaclient.Result, string) {
		t.Helper()
		flags := []string{"-Dgorocket.accessKey=" + user, "-Dgorocket.secretKey=" + secret}
		results, out, err := javaclient.RunWith(ctx, flags, version, dir, c.Names(), newRunID(), phase, cases...)
		if err != nil {
			t.Fatalf("%v\n%s", err, tail(out))
		}
		return results, out
	}
	cases := []string{"sendSync", "sendBatch", "sendOneway", "body4MiB", "unicode", "pushTags", "pull", "litePull",
		"orderlyByKey", "retryThenSuccess", "rebalance3", "offsetClientRestart", "bulk10000", "queryByKey", "searchByTime"}
	results, out := run("alice", "alice-secret", "all", cases...)
	expect(t, results, cases)
	results, more := run("alice", "alice-secret", "transaction", javaclient.TransactionCases...)
	expect(t, results, javaclient.TransactionCases)
	if t.Failed() {
		t.Log(tail(out), tail(more))
	}
	results, out = run("alice", "another-secret", "all", "sendSync")
	if len(results) != 1 || results[0].Pass || !strings.Contains(out, "CODE: 16") ||
		!strings.Contains(out, "check signature failed.") {
		t.Errorf("with another secret: %+v\n%s", results, tail(out))
	}
	adminAs(t, c, "alice", "alice-secret")
	says("User:alice has no permission to access Cluster:DefaultCluster from 127.0.0.1, no matched policies.",
		"updateBrokerConfig", "-k", "longPollingEnable", "-v", "false")
}

// TestGoClientAuth: Apache's Go client works as a user with credentials, and nothing works without.
func TestGoClientAuth(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns := c.Namesrv(harness.Go, nil)
	broker := c.Broker(harness.Go, "broker-a", closed)
	runSigned(t, goclient.NewEnvAs(t, ns.Addr(), broker.Addr(), newRunID(),
		primitive.Credentials{AccessKey: "root", SecretKey: "root-secret"}))
}

// runSigned runs the cases of the Go client in which it signs everything.
func runSigned(t *testing.T, e *goclient.Env) {
	t.Helper()
	ran := 0
	signed := map[string]bool{"sendSync": true, "sendAsync": true, "sendOneway": true, "sendBatch": true, "body4MiB": true,
		"unicode": true, "pushTags": true, "orderlyByKey": true, "retryThenSuccess": true, "twoGroups": true,
		"rebalance3": true, "transaction": true} // others have requests of their own, which nobody signs
	for _, cs := range goclient.Cases() {
		if !signed[cs.Name] {
			continue
		}
		ran++
		t.Run(cs.Name, func(t *testing.T) {
			t.Parallel()
			cs.Run(t, e)
		})
	}
	if ran != len(signed) {
		t.Errorf("%d of %d cases", ran, len(signed))
	}
}

// TestUsersComeFromJava: users and permissions of a Java broker come over by Java's mqadmin, and ours answers everybody
// as the Java broker does then: the commands of docs/migrating.md.
func TestUsersComeFromJava(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Java, nil)
	theirs := c.Broker(harness.Java, "broker-a", closed)
	conf := maps.Clone(closed)
	conf["authorizationStrictMode"] = "false"
	ours := c.Broker(harness.Go, "broker-b", conf)
	prepare(t, theirs.Addr())
	adminAs(t, c, "root", "root-secret")
	for _, command := range []string{"copyUser", "copyAcl"} {
		t.Logf("%s", c.MQAdmin(command, "-f", theirs.Addr(), "-t", ours.Addr()))
	}
	if a := ask(t, theirs.Addr(), "3003 username=alice", "root", "root-secret"); a.Code != 0 {
		t.Fatalf("code %d %s", a.Code, a.Remark)
	}
	c.MQAdmin("copyUser", "-f", ours.Addr(), "-t", theirs.Addr(), "-u", "alice") // and back
	c.MQAdmin("copyAcl", "-f", ours.Addr(), "-t", theirs.Addr(), "-s", "User:alice")
	for _, q := range []string{"3005", "3010"} {
		a, b := ask(t, theirs.Addr(), q, "root", "root-secret"), ask(t, ours.Addr(), q, "root", "root-secret")
		var x, y []map[string]any
		if json.Unmarshal(a.Body, &x) != nil || json.Unmarshal(b.Body, &y) != nil || !reflect.DeepEqual(x, y) || len(x) < 8 {
			t.Errorf("%s: Java has %s\nwe have %s", q, a.Body, b.Body)
		}
	}
	for _, caller := range callers() {
		if caller.user == "" {
			continue
		}
		for _, q := range questions[:12] {
			a, b := ask(t, theirs.Addr(), q, caller.name, caller.secret), ask(t, ours.Addr(), q, caller.name, caller.secret)
			if (a.Code == 16) != (b.Code == 16) || a.Code == 16 && a.Remark != b.Remark {
				t.Errorf("%s: %s: Java answers %d %s, we %d %s", caller.name, q, a.Code, a.Remark, b.Code, b.Remark)
			}
		}
	}
}

// TestClosedPairs: a slave of either kind signs what it asks a master of the other kind for, and has its tables then.
func TestClosedPairs(t *testing.T) {
	for _, k := range [][2]harness.Kind{{harness.Go, harness.Java}, {harness.Java, harness.Go}} {
		t.Run(fmt.Sprint(k[0], " and a slave in ", k[1]), func(t *testing.T) {
			harness.Count(t)
			c := harness.New(t)
			c.Namesrv(k[0], nil)
			of := func(role, id string) harness.Conf {
				conf := maps.Clone(closed)
				conf["brokerName"], conf["brokerRole"], conf["brokerId"] = "broker-a", role, id
				return conf
			}
			master := c.Broker(k[0], "first", of("ASYNC_MASTER", "0"))
			slave := c.Broker(k[1], "second", of("SLAVE", "1"))
			if a := ask(t, master.Addr(), "17 topic=T defaultTopic=TBW102 readQueueNums=2 writeQueueNums=2 perm=6 "+
				"topicFilterType=SINGLE_TAG topicSysFlag=0 order=false", "root", "root-secret"); a.Code != 0 {
				t.Fatalf("code %d %s", a.Code, a.Remark)
			}
			end := time.Now().Add(90 * time.Second) // Java looks once a minute
			for {
				a := ask(t, slave.Addr(), "351 topic=T", "root", "root-secret")
				if a.Code == 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("the slave does not have the topic: code %d %s", a.Code, a.Remark)
				}
				time.Sleep(500 * time.Millisecond)
			}
			if a := ask(t, slave.Addr(), "351 topic=T", "", ""); a.Code != 16 {
				t.Errorf("the slave is open: code %d", a.Code)
			}
		})
	}
}

// TestClosedControllers: controllers and brokers that ask each other for signatures elect a master, and another one when
// it is killed; to strangers the controllers say nothing.
func TestClosedControllers(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	g, err := harness.StartControllers(harness.ControllersOptions{Kind: harness.Go, Dir: c.Dir(), Scan: "500",
		Conf: harness.Conf{"controllerAuthenticationEnabled": "true", "initAuthenticationUser": closed["initAuthenticationUser"],
			"innerClientAuthenticationCredentials": closed["innerClientAuthenticationCredentials"]},
		Sign: func(r *wire.Request) { sign(r, "root", "root-secret") }})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Kill()
	for _, addr := range g.Addrs {
		if a := ask(t, addr, "1005", "", ""); a.Code != 16 {
			t.Errorf("a controller tells a stranger: code %d", a.Code)
		}
	}
	brokers := map[string]*harness.Server{}
	for _, name := range []string{"first", "second"} {
		conf := g.BrokerConf("broker-a")
		maps.Copy(conf, closed)
		conf["controllerHeartBeatTimeoutMills"] = "3000"
		s := c.Broker(harness.Go, name, conf)
		brokers[s.Addr()] = s
	}
	send := func() (master string) {
		t.Helper()
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			for addr := range brokers {
				a, err := wire.Call(addr, request("10 topic=T producerGroup=p defaultTopic=TBW102 defaultTopicQueueNums=1 queueId=0 "+
					"sysFlag=0 bornTimestamp=1 flag=0 | body", "root", "root-secret"), 5*time.Second)
				if err == nil && a.Code == 0 {
					return addr
				}
				if time.Now().After(end) {
					t.Fatalf("no master takes a message: code %d %s, %v", a.Code, a.Remark, err)
				}
			}
		}
	}
	master := send()
	end := time.Now().Add(60 * time.Second) // until the other one is in the sync state set
	for {
		a := ask(t, g.Addrs[g.Leader()], "1004 brokerName=broker-a", "root", "root-secret")
		if bytes.Count(a.Body, []byte(",")) > 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not in sync: code %d %s %s", a.Code, a.Remark, a.Body)
		}
		time.Sleep(100 * time.Millisecond)
	}
	brokers[master].Kill()
	delete(brokers, master)
	began := time.Now()
	t.Logf("%s is master after %s, %v after its end", send(), master, time.Since(began))
}
