package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// mayRead makes u a user who may read T by group g, and both of these.
func (r *rig) mayRead() {
	r.t.Helper()
	r.askAs("root", 3001, "username=u", `{"password":"u-secret"}`).is(r.t, 0, "")
	r.askAs("root", 3006, "subject=User:u", `{"policies":[{"entries":[{"resource":"Topic:T","actions":["Sub"],`+
		`"decision":"Allow"},{"resource":"Group:g","actions":["Sub"],"decision":"Allow"}]}]}`).is(r.t, 0, "")
	r.askAs("root", 200, "", `{"groupName":"g"}`).is(r.t, 0, "")
	r.askAs("root", 17, "topic=T&readQueueNums=1&writeQueueNums=1&perm=6&topicFilterType=SINGLE_TAG&defaultTopic=x&"+
		"order=false", "").is(r.t, 0, "")
}

// TestHeldRequestsOfOthers: who waits for messages and loses its permission, its user or its secret meanwhile gets none:
// a pull, a pop and a notification that were let in before have to come again. So has everybody else, who gets it then.
func TestHeldRequestsOfOthers(t *testing.T) {
	now := fmt.Sprint(time.Now().UnixMilli())
	for what, q := range map[string]struct {
		code   int32
		fields string
		again  int32 // the answer that has it come again
	}{
		"pull": {11, "consumerGroup=g&topic=T&queueId=0&queueOffset=0&maxMsgNums=32&sysFlag=6&commitOffset=0" +
			"&suspendTimeoutMillis=15000&subscription=*&subVersion=0", wire.PullRetryImmediately},
		"pop": {200050, "consumerGroup=g&topic=T&queueId=-1&maxMsgNums=8&invisibleTime=60000&pollTime=15000&initMode=0" +
			"&expType=TAG&exp=*&order=false&bornTime=" + now, wire.PollingTimeout},
		"notification": {200054, "consumerGroup=g&topic=T&queueId=-1&pollTime=15000&bornTime=" + now, wire.Success},
	} {
		for _, change := range []struct {
			code         int32
			fields, body string
			refused      bool
		}{
			{3008, "subject=User:u&resource=Topic:T", "", true}, {3003, "username=u", "", true},
			{3002, "username=u", `{"userStatus":"disable"}`, true}, {3002, "username=u", `{"password":"another"}`, true},
			{3001, "username=other", `{"password":"x"}`, false},
		} {
			r := startRig(t, closedConfig(t))
			r.mayRead()
			conn, fields := r.dial(), as(t, "u", "u-secret", q.fields, "")
			if _, err := conn.Write(r.frame(q.code, 0, compat.VersionV5_5_0, fields, "")); err != nil {
				t.Fatal(err)
			}
			testutil.WaitFor(t, what+" waits", func() bool {
				_, pops, _ := r.b.pops.Sizes()
				return r.b.holds.Count()+pops > 0
			})
			r.askAs("root", change.code, change.fields, change.body).is(t, 0, "")
			r.askAs("root", 10, sendFieldsText, "of others").is(t, 0, "")
			a := nextFrame(t, conn)
			if a.code != q.again || a.body != "" || a.ext["hasMsg"] == "true" {
				t.Errorf("%d %s: the %s that waits is answered %d %v %q", change.code, change.body, what, a.code, a.ext, a.body)
			}
			a = r.askOn(conn, q.code, compat.VersionV5_5_0, fields, "")
			if (a.code == wire.NoPermission) != change.refused || !change.refused && a.body == "" && a.ext["hasMsg"] != "true" {
				t.Errorf("%d %s: a new %s: %d %s %q", change.code, change.body, what, a.code, a.remark, a.body)
			}
		}
	}
}

// TestHeldRequestsOfAccounts: the same of an account of ACL 1.0 that is taken away.
func TestHeldRequestsOfAccounts(t *testing.T) {
	cfg, _ := aclConfig(t, strings.ReplaceAll(plainAccounts, "topicPerms: [topicA=PUB]", "defaultTopicPerm: SUB\n"+
		"  defaultGroupPerm: SUB"))
	r := startRig(t, cfg)
	r.askAs("admin12345", 10, sendFieldsText, "of before").is(t, 0, "")
	conn := r.dial()
	fields := as(t, "normal1234", "normal1234-secret", "consumerGroup=g&topic=T&queueId=0&queueOffset=1&maxMsgNums=32&"+
		"sysFlag=6&commitOffset=0&suspendTimeoutMillis=15000&subscription=*&subVersion=0", "")
	if _, err := conn.Write(r.frame(11, 0, compat.VersionV5_5_0, fields, "")); err != nil {
		t.Fatal(err)
	}
	testutil.WaitFor(t, "the pull waits", func() bool { return r.b.holds.Count() > 0 })
	r.askAs("admin12345", 51, "accessKey=normal1234", "").is(t, 0, "")
	r.askAs("admin12345", 10, sendFieldsText, "of others").is(t, 0, "")
	nextFrame(t, conn).is(t, wire.PullRetryImmediately, "").same(t, "")
	r.askOn(conn, 11, compat.VersionV5_5_0, fields, "").is(t, 1, "")
}
