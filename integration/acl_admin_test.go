package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

// aclVersion is the release whose mqadmin changes accounts.
const aclVersion = "4.9.7"

// TestAccountsByMQAdmin: mqadmin of 4.9 makes, changes, lists and deletes accounts, and changes white addresses, as
// docs/security.md says: for admins, at once, in the files that accounts are read from, whose comments and mode stay.
func TestAccountsByMQAdmin(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	writeACL(t, c, "broker-a", "# ours\n"+accountsOf49, "acl/team.yml", "accounts: # of the team\n"+
		"- {accessKey: teamaccount, secretKey: teamaccount-secret, defaultTopicPerm: PUB}\n")
	broker := c.Broker(harness.Go, "broker-a", harness.Conf{"aclEnable": "true"})
	conf := filepath.Join(c.Dir(), "broker-a", "conf")
	says := func(want string, args ...string) {
		t.Helper()
		out := c.MQAdminOf(aclVersion, append(args, "-b", broker.Addr())...)
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("mqadmin %v says %s\nwithout %s", args, out, want)
		}
	}
	may := func(user, secret, question string, code int) {
		t.Helper()
		if a := ask(t, broker.Addr(), question, user, secret); a.Code != code {
			t.Errorf("%s, %s: code %d %s, want %d", user, question, a.Code, a.Remark, code)
		}
	}
	const sub = "12 topic=topicB key=k maxNum=1 beginTimestamp=0 endTimestamp=1"

	adminAs(t, c, "application", "application-secret")
	says("Need admin permission for request code=50, but accessKey=application is not", "updateAclConfig", "-a",
		"application", "-s", "application-secret", "-m", "true")
	adminAs(t, c, "administrator", "a-wrong-secret")
	says("Check signature failed for accessKey=administrator", "deleteAclConfig", "-a", "application")
	adminAs(t, c, "administrator", "administrator-secret")
	says("create or update plain access config to "+broker.Addr()+" success", "updateAclConfig", "-a", "fresh12345",
		"-s", "fresh12345-secret", "-i", "DENY", "-u", "SUB", "-t", "topicA=PUB,topicB=PUB|SUB", "-g", "groupA=DENY")
	may("fresh12345", "fresh12345-secret", sub, 22) // let in: there is no such message
	may("fresh12345", "fresh12345-secret", strings.Replace(sub, "topicB", "topicA", 1), 1)
	says("accessKey : fresh12345", "getAclConfig")
	says("topicPerms : [topicA=PUB, topicB=PUB|SUB] groupPerms : [groupA=DENY]", "getAccessConfigSubCommand")
	says("create or update plain access config", "updateAclConfig", "-a", "teamaccount", "-s", "another-secret", "-i",
		"SUB")
	may("teamaccount", "teamaccount-secret", sub, 1)
	may("teamaccount", "another-secret", sub, 22)
	for _, bad := range [][]string{{"-t", "topicA"}, {"-t", "topicA=ALL"}, {"-g", "a=PUB=SUB"}, {"-w", "nowhere"}} {
		args := append([]string{"updateAclConfig", "-a", "fresh12345", "-s", "fresh12345-secret"}, bad...)
		says("UpdateAccessConfigSubCommand command failed", args...)
	}
	says("UpdateAccessConfigSubCommand command failed", "updateAclConfig", "-a", "fresh12345", "-s", "short")
	says("get broker's plain access config version success", "clusterAclConfigVersion")
	says(filepath.Join(conf, "acl", "team.yml"), "clusterAclConfigVersion")
	says("update global white remote addresses to "+broker.Addr()+" success", "updateGlobalWhiteAddr", "-g",
		"10.10.1.*,127.0.0.1")
	may("", "", sub, 22)
	says("update global white remote addresses", "updateGlobalWhiteAddr", "-g", "10.10.1.*", "-p",
		filepath.Join(conf, "plain_acl.yml"))
	may("", "", sub, 1)
	for _, bad := range [][]string{{"-g", "10.0.0.0-300"}, {"-g", "10.0.0.1", "-p", "/etc/passwd"},
		{"-g", "10.0.0.1", "-p", filepath.Join(conf, "..", "..", "broker-a", "x.yml")}} {
		says("UpdateGlobalWhiteAddrSubCommand command failed", append([]string{"updateGlobalWhiteAddr"}, bad...)...)
	}
	says("delete plain access config account from "+broker.Addr()+" success", "deleteAclConfig", "-a", "fresh12345")
	may("fresh12345", "fresh12345-secret", sub, 1)
	says("DeleteAccessConfigSubCommand command failed", "deleteAccessConfig", "-a", "fresh12345")
	for name, want := range map[string]string{"plain_acl.yml": "# ours", "acl/team.yml": "# of the team"} {
		text, err := os.ReadFile(filepath.Join(conf, name))
		info, statErr := os.Stat(filepath.Join(conf, name))
		if err != nil || statErr != nil || info.Mode().Perm() != 0o600 || !strings.Contains(string(text), want) ||
			strings.Contains(string(text), "fresh12345") {
			t.Errorf("%s: %v %v\n%s", name, err, statErr, text)
		}
	}
}
