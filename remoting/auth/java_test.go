//go:build java

package auth

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// Java's own evaluator, asked over a pipe. Needs a JDK and the jars of a Java broker: ROCKETMQ_AUTH_LIB is their class
// path. From the folder integration, `JAVAAUTH=1 go test ./javaauth` fetches the jars and runs the tests here.
const (
	envLib   = "ROCKETMQ_AUTH_LIB"
	envSeed  = "ROCKETMQ_AUTH_SEED"  // replays a run
	envPairs = "ROCKETMQ_AUTH_PAIRS" // policies and questions, 100,000 unless told
)

// oracle is a JVM running Oracle.java. For one goroutine.
type oracle struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Scanner
}

func startOracle(t *testing.T) *oracle {
	lib := os.Getenv(envLib)
	if lib == "" {
		t.Fatal(envLib + " is not set: no Java to compare with")
	}
	dir := t.TempDir()
	quiet := []byte(`<configuration><root level="OFF"/></configuration>`)
	if err := os.WriteFile(filepath.Join(dir, "rmq.logback.xml"), quiet, 0o644); err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("../../integration/javaauth/Oracle.java")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Duser.home="+dir, "-cp",
		dir+":"+lib, source)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &oracle{t: t, in: bufio.NewWriterSize(in, 1<<16), out: bufio.NewScanner(out)}
	o.out.Buffer(nil, 64<<20)
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("oracle: %v", err)
		}
	})
	return o
}

// ask sends requests and returns the answers: without their "ok ", or as they are.
func (o *oracle) ask(requests [][]string) []string {
	o.t.Helper()
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, r := range requests {
			fmt.Fprintln(o.in, strings.Join(r, " "))
		}
		o.in.Flush()
	}()
	answers := make([]string, 0, len(requests))
	for range requests {
		if !o.out.Scan() {
			o.t.Fatalf("oracle: ended: %v", o.out.Err())
		}
		answers = append(answers, strings.TrimPrefix(o.out.Text(), "ok "))
	}
	<-written
	return answers
}

func word(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func unword(t *testing.T, s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return string(b)
}

func envNumber(t *testing.T, name string, def uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, s, err)
	}
	return n
}

// dice makes what is compared.
type dice struct{ *rand.Rand }

func newDice(t *testing.T) dice {
	seed := envNumber(t, envSeed, uint64(time.Now().UnixNano()))
	t.Logf("%s=%d replays this run", envSeed, seed)
	return dice{rand.New(rand.NewPCG(seed, 1))}
}

func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

func (d dice) name() string {
	return pick(d, "", "a", "ab", "abc", "abcd", "b", "ba", "%RETRY%a", "é", "éa", "own", "a*b", "消息", "😀x")
}

func (d dice) actions(all bool) (list []Action) {
	for range 1 + d.IntN(3) {
		list = append(list, pick(d, All, Pub, Sub, Create, Update, Delete, Get, List))
	}
	if all && d.IntN(20) == 0 {
		list = append(list, Any)
	}
	return list
}

func (d dice) entry() Entry {
	r := Resource{Type: pick(d, Topic, Topic, Group, Cluster, AnyType), Pattern: pick(d, AnyPattern, Literal, Literal,
		Prefixed, Prefixed)}
	if r.Type == AnyType {
		r.Pattern = AnyPattern
	}
	if r.Pattern != AnyPattern {
		r.Name = d.name()
	}
	if r.Name == "" && r.Pattern != AnyPattern {
		r.Name = "z" // "" is written as none, which Java tells apart
	}
	e := Entry{Actions: d.actions(false), Decision: pick(d, Allow, Allow, Deny), Resource: r}
	if d.IntN(2) == 0 {
		e.Environment = &Environment{}
		for range d.IntN(3) {
			e.Environment.SourceIPs = append(e.Environment.SourceIPs, pick(d, "10.0.0.1", "10.1.0.0/16", "10.1.2.3/8",
				"0.0.0.0/0", "0:0:0:0:0:0:0:1", "fd00:0:0:0:0:0:0:1", "fd00::/8", "fd00::/64", "::/0", "::/96", "10.0.0.1/32",
				"192.168.1.1", "192.168.1.128/25", "nonsense", "10.0.0.0/8/8", "10.0.0.0/x", "10.0.0.0/"))
		}
	}
	return e
}

func (d dice) acl() *ACL {
	a := &ACL{Subject: Subject{subjectUser, "u"}}
	for range d.IntN(3) {
		p := Policy{Type: pick(d, Custom, Default)}
		for range d.IntN(6) {
			p.Entries = append(p.Entries, d.entry())
		}
		a.Policies = append(a.Policies, p)
	}
	return a
}

// javaText is an address as Java shows that of a peer.
func javaText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	var groups []string
	for b := a.As16(); len(groups) < 8; {
		i := 2 * len(groups)
		groups = append(groups, strconv.FormatUint(uint64(b[i])<<8|uint64(b[i+1]), 16))
	}
	return strings.Join(groups, ":")
}

// TestJavaDecides: random policies and questions, decided alike.
func TestJavaDecides(t *testing.T) {
	o, d := startOracle(t), newDice(t)
	const each = 50
	counts := map[byte]int{}
	for n := int(envNumber(t, envPairs, 100_000)); n > 0; n -= each {
		acl := d.acl()
		text, err := compat.Marshal(acl)
		if err != nil {
			t.Fatal(err)
		}
		request, ours := []string{"decide", word(string(text))}, ""
		var asked []string
		for range each {
			ask := Ask{Type: pick(d, Topic, Topic, Group, Cluster), Name: []byte(d.name()), Actions: Of(d.actions(true)...)}
			name := word(string(ask.Name))
			if d.IntN(20) == 0 {
				ask.Name, name = nil, "-"
			}
			from := netip.MustParseAddr(pick(d, "10.0.0.1", "10.1.2.3", "10.2.0.1", "192.168.1.1", "192.168.1.200", "::1",
				"fd00::1", "fd00:0:0:1::1", "::a01:203"))
			if d.IntN(30) == 0 {
				from = netip.Addr{}
			}
			request = append(request, word(ask.Type.String()), name, word(ask.Actions.String()), word(javaText(from)))
			asked = append(asked, fmt.Sprintf("%s %s from %s", ask.Resource(), ask.Actions, from))
			ours += "AUDX"[compile(acl).decide(&ask, from):][:1]
		}
		theirs := o.ask([][]string{request})[0]
		for i := range asked {
			if i >= len(theirs) || theirs[i] != ours[i] {
				t.Fatalf("%s\n%s\nours %c, Java's %s", text, asked[i], ours[i], theirs[min(i, len(theirs)):][:1])
			}
			counts[ours[i]]++
		}
	}
	t.Logf("allowed %d, unmatched %d, denied %d, exceptions %d", counts['A'], counts['U'], counts['D'], counts['X'])
	for _, v := range []byte("AUDX") {
		if counts[v] < 50 {
			t.Errorf("only %d of kind %c", counts[v], v)
		}
	}
}

// TestJavaNeeds: every request code with random fields needs the same as in Java, where strict mode is off.
func TestJavaNeeds(t *testing.T) {
	o, d := startOracle(t), newDice(t)
	keys := []string{"topic", "b", "group", "consumerGroup", "groupName", "producerGroup", "destGroup", "srcGroup",
		"compareGroup", "filterGroups", "topicList", "clusterName", "brokerClusterName", "username", "subject", "a"}
	values := []string{"T", "T", "%RETRY%g", "%DLQ%g", "", " ", "f,g", "T;U;%RETRY%g", "g", "ns%T"}
	bodies := []string{`{"clientID":"c","consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"T"},` +
		`{"topic":"%RETRY%g"}]},{"groupName":"%RETRY%h","subscriptionDataSet":[]}],"producerDataSet":[{"groupName":"p"}]}`,
		`{"consumerGroup":"g","clientId":"c","mqSet":[{"brokerName":"b","queueId":1,"topic":"T"},{"brokerName":"b",` +
			`"queueId":1,"topic":"%RETRY%g"}]}`, `{"consumerGroup":"%RETRY%g"}`, `{"clientID":"c","consumerDataSet":[]}`, `{`, ``}
	questions := 0
	for _, r := range wire.RequestNames() {
		for range 60 {
			body := pick(d, bodies...)
			kv := []string{"AccessKey", "u", "topicFilterType", "SINGLE_TAG"} // without it, Java does not read 17
			for range d.IntN(5) {
				kv = append(kv, pick(d, keys...), pick(d, values...))
			}
			request := []string{"needs", fmt.Sprint(r.Code), word(body)}
			for _, s := range kv {
				request = append(request, word(s))
			}
			if body == "" {
				request[2] = "-"
			}
			theirs := o.ask([][]string{request})[0]
			list, err := asks(t, false, r.Code, body, kv...)
			ours := strings.Join(list, ";")
			if text, failed := strings.CutPrefix(theirs, "error "); failed {
				theirs = "error " + unword(t, text)
			} else {
				theirs = unword(t, theirs)
			}
			if err != nil {
				ours = "error " + err.Error()
			}
			if r.Code == wire.ReqHeartBeat && err == nil { // a set in Java
				ours, theirs = sorted(ours), sorted(theirs)
			}
			if r.Code == wire.ReqControllerElectMaster && theirs == "Cluster: Update" {
				continue // Java's header begins with an empty name; we ask for the own cluster. Java's controller asks nobody
			}
			if ours != theirs {
				t.Errorf("%d %q %s:\nours   %s\nJava's %s", r.Code, kv, body, ours, theirs)
			}
			questions++
		}
	}
	t.Logf("%d questions about %d codes", questions, len(wire.RequestNames()))
}

func sorted(list string) string {
	parts := strings.Split(list, ";")
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

// TestJavaSigns: random fields and bodies have the same signature.
func TestJavaSigns(t *testing.T) {
	o, d := startOracle(t), newDice(t)
	var requests [][]string
	var ours []string
	for range 5000 {
		secret, body, version := pick(d, "12345678", "é", "消息消息消息"), pick(d, "", "x", "消息", strings.Repeat("b", 1000)),
			pick(d, 0, lastWithoutQueryFlag, lastWithoutQueryFlag+1, 513)
		c := &wire.Command{Fields: fields("AccessKey", "u"), Body: []byte(body), Version: int32(version)}
		request := []string{"sign", "10", fmt.Sprint(version), word(secret), word(body), word("AccessKey"), word("u")}
		for range d.IntN(40) {
			key := pick(d, "a", "b", "topic", "Signature", "SecurityToken", fieldUniqueKeyQuery, "k\uE000", "k😀", "k\uFFFD", "kz",
				"é", fmt.Sprint("k", d.IntN(100)))
			c.Fields = append(c.Fields, fields(key, d.name())...)
			request = append(request, word(key), word(string(c.Fields[len(c.Fields)-1].Value)))
		}
		s := NewKey(secret).take()
		s.sign(c.Fields, c.Body, c.Version <= lastWithoutQueryFlag)
		requests, ours = append(requests, request), append(ours, string(s.text[:]))
	}
	for i, theirs := range o.ask(requests) {
		if theirs != ours[i] {
			t.Errorf("%q: ours %s, Java's %s", requests[i], ours[i], theirs)
		}
	}
}
