package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/admin"
)

// dead puts a dead letter of a group into its topic, as a broker does.
func (r *rig) dead(group, key string) {
	r.t.Helper()
	cl, err := admin.Open(admin.Options{NameServers: []string{r.names}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Close()
	topic := "%DLQ%" + group
	route, err := cl.Route(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := cl.Send(r.t.Context(), admin.NodeOf(route, "broker-a"), "p", 0, &admin.Outgoing{Topic: topic, Keys: key,
		Body: []byte("dead " + key), Properties: map[string]string{"RETRY_TOPIC": "T"}}); err != nil {
		r.t.Fatal(err)
	}
}

// TestDLQ: dead letters are counted, shown and sent again: one, by key, all; to the group alone or to where they came
// from; never without a choice.
func TestDLQ(t *testing.T) {
	r := newRig(t)
	for _, topic := range []string{"T", "%DLQ%g", "%RETRY%g"} {
		r.want("updateTopic -b BROKER -r 1 -w 1 -p 6 -t "+topic, 0)
	}
	for i := range 3 {
		r.dead("g", fmt.Sprint("k", i))
	}
	r.want("dlq list", 0, "g                                                                 3 ")
	r.want("dlq show -g g", 0, "T                                 k2 ")
	r.want("dlq show -g g -k k1 -d true", 0, "dead k1")
	if out := r.want("dlq show -g g -m 1", 0, "k0"); strings.Contains(out, "k1") {
		t.Errorf("more than one: %s", out)
	}
	r.want("dlq", 2)
	r.want("dlq show", 2, "needs option -g")
	r.want("dlq resend -g g", 2, "which?")
	r.want("dlq resend -g g -a --dry-run", 0, "would resend 3 messages of group [g]")
	r.want("topicStatus -t %RETRY%g", 0, "0     0                     0 ")
	r.want("dlq resend -g g -k k1", 0, "resend 1 messages of group [g], 0 failed")
	r.want("printMsg -t %RETRY%g", 0, "BODY: dead k1", "RETRY_TOPIC=T")
	began := time.Now()
	r.want("dlq resend -g g -a -o true -r 20", 0, "resend 3 messages of group [g], 0 failed")
	if time.Since(began) < 140*time.Millisecond {
		t.Errorf("three at 20 per second took %v", time.Since(began))
	}
	r.want("topicStatus -t T", 0, "0     0                     3 ")
}

// TestDoctor: a healthy cluster has no complaint; one whose broker is told to be elsewhere, and a NameServer that is
// gone, are found.
func TestDoctor(t *testing.T) {
	r := newRig(t)
	r.want("updateTopic -b BROKER -t T", 0)
	out := r.want("doctor -w 0", 0, "nameservers", "brokers", "replication", "topics", "groups")
	if strings.Contains(out, levelFail) {
		t.Errorf("a healthy cluster: %s", out)
	}
	r.want("doctor -w 0 -n 127.0.0.1:1;"+r.names, 1, "FAIL  nameservers   127.0.0.1:1")
	r.want("doctor -w x", 2)
	var all []finding
	if err := json.Unmarshal([]byte(r.want("doctor -w 0 --json", 0)), &all); err != nil || len(all) < 5 {
		t.Errorf("%v %+v", err, all)
	}
	d := &doctor{c: &call{ctx: context.Background()}}
	d.good("x", 0, "fine")
	d.say(levelWarn, "x", "y", "no")
	d.good("x", 0, "fine")
	if len(d.findings) != 2 {
		t.Errorf("%+v", d.findings)
	}
}

func TestTop(t *testing.T) {
	r := newRig(t)
	r.want("top --once", 0, "#InTPS", "broker-a", "#Growth/s")
	r.want("top -i 0", 2)
	rows := admin.LagsOf("b", &admin.ConsumeStatsList{})
	if len(rows) != 0 {
		t.Error(rows)
	}
}

// TestCompletion: commands, options and names of the cluster.
func TestCompletion(t *testing.T) {
	r := newRig(t)
	r.want("updateTopic -b BROKER -t Orders", 0)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		r.want("completion "+shell, 0, "mqadmin __complete")
	}
	r.want("completion", 2)
	r.want("completion dos", 2)
	complete := func(words ...string) string {
		var o strings.Builder
		Run(t.Context(), append([]string{"__complete"}, words...), &o, &o, func(string) string { return r.names })
		return o.String()
	}
	for want, words := range map[string][]string{"topicRoute\ntopicStatus\n": {"topicR", "topicS"}, "Orders\n": nil} {
		got := ""
		for _, w := range words {
			got += complete(w)
		}
		if words == nil {
			got = complete("topicRoute", "-t", "Ord")
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := complete("deleteTopic", "--d"); got != "--dry-run\n" {
		t.Errorf("%q", got)
	}
	if got := complete("brokerStatus", "-b", ""); got != r.broker+"\n" {
		t.Errorf("%q", got)
	}
	if got := complete("getBrokerConfig", "-c", "Def"); got != "DefaultCluster\n" {
		t.Errorf("%q", got)
	}
}
