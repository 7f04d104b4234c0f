package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
)

// accountsOf49 is a plain_acl.yml as a 4.9 broker has it.
const accountsOf49 = `globalWhiteRemoteAddresses:
accounts:
- accessKey: administrator
  secretKey: administrator-secret
  whiteRemoteAddress:
  admin: true
- accessKey: application
  secretKey: application-secret
  whiteRemoteAddress:
  admin: false
  defaultTopicPerm: PUB|SUB
  defaultGroupPerm: SUB
  topicPerms:
  - forbidden=DENY
`

// TestAccountsOf49 is what docs/migrating.md says: Java's clients of 4.9.8 and 5.5.0 work with the accounts of a 4.9
// broker, and after these became users of 2.0, with the same keys; nothing works with another secret.
func TestAccountsOf49(t *testing.T) {
	harness.Count(t)
	for _, version := range javaVersions {
		needJava(t, version)
	}
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	writeACL(t, c, "broker-a", accountsOf49)
	broker := c.Broker(harness.Go, "broker-a", harness.Conf{"aclEnable": "true"})
	dir, err := javaclient.MkDir(c.Dir(), "client-acl")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cases := []string{"sendSync", "sendBatch", "sendOneway", "pushTags", "pull", "orderlyByKey", "retryThenSuccess",
		"queryByKey", "offsetClientRestart"}
	all := func(want string) {
		t.Helper()
		for _, version := range javaVersions {
			run := func(user, secret string, cases ...string) ([]javaclient.Result, string) {
				flags := []string{"-Dgorocket.accessKey=" + user, "-Dgorocket.secretKey=" + secret}
				results, out, err := javaclient.RunWith(ctx, flags, version, dir, c.Names(), newRunID(), "all", cases...)
				if err != nil {
					t.Fatalf("%s: %v\n%s", version, err, tail(out))
				}
				return results, out
			}
			results, out := run("administrator", "administrator-secret", cases...) // they make topics
			expect(t, results, cases)
			if t.Failed() {
				t.Log(version, tail(out))
			}
			results, _ = run("application", "application-secret", "sendSync")
			expect(t, results, []string{"sendSync"})
			results, out = run("application", "another-secret", "sendSync")
			if len(results) != 1 || results[0].Pass || version != "4.9.8" && !strings.Contains(out, want) { // it says nothing
				t.Errorf("%s with another secret: %+v\n%s", version, results, tail(out))
			}
		}
	}
	all("Check signature failed for accessKey=application")
	if _, err := broker.Stop(); err != nil {
		t.Fatal(err)
	}
	delete(broker.Conf, "aclEnable")
	for key, value := range map[string]string{"migrateAuthFromV1Enabled": "true", "authenticationEnabled": "true",
		"authorizationEnabled": "true", "innerClientAuthenticationCredentials": `{"accessKey":"inner","secretKey":"inner-secret"}`} {
		broker.Conf[key] = value
	}
	c.Start(broker)
	all("check signature failed.")
	says := func(question, want string) {
		t.Helper()
		a := ask(t, broker.Addr(), question, "administrator", "administrator-secret")
		if a.Code != 0 || !strings.Contains(string(a.Body), want) {
			t.Errorf("%s: code %d %s %s", question, a.Code, a.Remark, a.Body)
		}
	}
	says("3004 username=administrator", `"userType":"Super"`)
	says("3009 subject=User:application", `{"actions":["All"],"decision":"Deny","resource":"Topic:forbidden"}`)
	if a := ask(t, broker.Addr(), "10 topic=forbidden", "application", "application-secret"); a.Code != 16 {
		t.Errorf("forbidden: code %d %s", a.Code, a.Remark)
	}
}

// TestGoClientACL: Apache's Go client works with an account of ACL 1.0.
func TestGoClientACL(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns := c.Namesrv(harness.Go, nil)
	writeACL(t, c, "broker-a", accountsOf49)
	broker := c.Broker(harness.Go, "broker-a", harness.Conf{"aclEnable": "true"})
	runSigned(t, goclient.NewEnvAs(t, ns.Addr(), broker.Addr(), newRunID(),
		primitive.Credentials{AccessKey: "administrator", SecretKey: "administrator-secret"}))
}
