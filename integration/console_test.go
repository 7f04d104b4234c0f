package integration

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// consoleOf starts the console beside a cluster and returns its address.
func consoleOf(t *testing.T, c *harness.Cluster, flags ...string) string {
	t.Helper()
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{harness.Binary("gorocket"), "console", "-n", c.Names(), "--port", fmt.Sprint(port)}, flags...)
	p, err := harness.StartProcess("console", c.Dir(), nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if code, err := p.Terminate(10 * time.Second); err != nil || code != 0 {
			t.Errorf("the console ended with %d, %v\n%s", code, err, p.Tail(20))
		}
	})
	ready := regexp.MustCompile(`(?m)^ready console=(\S+)/$`)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(p.Log)
		if m := ready.FindStringSubmatch(string(text)); err == nil && m != nil {
			return m[1]
		}
		if time.Now().After(end) || p.Ended() {
			t.Fatalf("the console is not ready: %s", text)
		}
	}
}

// browser asks a console as one does, with cookies and the tokens of forms.
type browser struct {
	t      *testing.T
	origin string
	http.Client
}

func newBrowser(t *testing.T, origin string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, origin, http.Client{Jar: jar, Timeout: time.Minute}}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func (b *browser) read(resp *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Errorf("%s: %d, %v\n%s", resp.Request.URL, resp.StatusCode, err, body)
	}
	return string(body)
}

// get reads a page, which has to have texts.
func (b *browser) get(path string, texts ...string) (body string) {
	b.t.Helper()
	body = b.read(b.Get(b.origin + path))
	for _, text := range texts {
		if !strings.Contains(body, text) {
			b.t.Errorf("%s lacks %q\n%s", path, text, body)
		}
	}
	return body
}

var formToken = regexp.MustCompile(`name="token" value="([^"]*)"`)

// post sends a form of a page: names and values.
func (b *browser) post(page, path string, pairs ...string) string {
	b.t.Helper()
	m := formToken.FindStringSubmatch(b.get(page))
	if m == nil {
		b.t.Fatalf("%s has no form", page)
	}
	form := url.Values{"token": {m[1]}}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.read(b.PostForm(b.origin+path, form))
}

// act does something that has to be done then.
func (b *browser) act(page, path string, pairs ...string) {
	b.t.Helper()
	if body := b.post(page, path, pairs...); !strings.Contains(body, `class="done"`) {
		b.t.Errorf("%s %v: %s", path, pairs, body)
	}
}

// TestConsoleOnJava: every page of the console shows a cluster of Java's, and what it does there is done.
func TestConsoleOnJava(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Java, nil)
	b := c.Broker(harness.Java, "broker-a", harness.Conf{"traceTopicEnable": "true", "timerWheelEnable": "true"})
	w := newBrowser(t, consoleOf(t, c))
	w.act("/topics", "/topic/put", "name", "T", "cluster", "DefaultCluster", "read", "2", "write", "2", "perm", "6")
	w.act("/groups", "/group/put", "name", "g", "cluster", "DefaultCluster", "retries", "3", "enabled", "yes")
	w.act("/topic?name=T", "/topic/send", "name", "T", "keys", "k", "body", `{"a":1}`)
	w.act("/topic?name=T", "/topic/send", "name", "T", "keys", "late", "body", "x", "delay", "3600")
	w.get("/topic?name=T", "broker-a", `<td class="n">2</td>`)
	w.act("/topics", "/topic/put", "name", "%DLQ%g", "cluster", "DefaultCluster", "read", "1", "write", "1", "perm", "6")
	w.act("/topic?name=%25DLQ%25g", "/topic/send", "name", "%DLQ%g", "keys", "dead", "body", "dead")
	w.get("/", "broker-a", "V5_5_0")
	w.get("/broker?addr="+b.Addr(), "brokerVersionDesc")
	w.get("/groups?q=g", ">g</a>")
	w.get("/group?name=g", "Nobody of this group is connected")
	w.get("/messages?topic=T&by=key&key=k", "<td>k</td>")
	w.get("/messages?topic=T&by=time", "<td>k</td>")
	w.get("/waiting", "T <small>broker-a</small> 1")
	w.get("/dead", `>g</a></td><td class="n">1</td>`)
	w.get("/dead?group=g", "<td>dead</td>")
	w.get("/replication", "broker-a:0")
	w.get("/settings?all=yes&q=fileReserved", "fileReservedTime")
	w.get("/access", "Not all could be asked") // Java without users
	w.act("/topic?name=T", "/topic/delete", "name", "T", "sure", "yes")
	w.act("/group?name=g", "/group/delete", "name", "g", "sure", "yes")
}

// TestConsoleUsersOnJava: who is a SUPER user of Java's broker logs in, sees its users and what they may do, and changes
// both; another user logs in and changes nothing, a wrong secret does not.
func TestConsoleUsersOnJava(t *testing.T) {
	t.Parallel()
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Java, nil)
	c.Broker(harness.Java, "broker-a", closed)
	origin := consoleOf(t, c, "--login")
	w := newBrowser(t, origin)
	w.post("/login", "/login", "name", "root", "secret", "root-secret", "to", "/access")
	w.get("/access", "<td>root</td><td>Super</td><td>enable</td><td>broker-a</td>")
	w.act("/access", "/user/put", "name", "alice", "secret", "alice-secret", "type", "Normal", "status", "enable")
	w.get("/access", "<td>alice</td><td>Normal</td><td>enable</td>")
	policy := []string{"subject", "alice", "resource", "Topic:orders", "action", "Pub", "action", "Sub", "decision", "Allow",
		"sources", "10.0.0.0/8"}
	w.act("/access", "/policy/put", policy...)
	w.get("/access", "<td>User:alice</td><td>Custom</td><td>Topic:orders</td><td>Pub, Sub</td><td>Allow</td><td>10.0.0.0/8</td>")
	w.act("/access", "/policy/put", "subject", "User:alice", "resource", "Topic:*", "action", "Get", "action", "List",
		"decision", "Allow")
	w.get("/access", "<td>Topic:orders</td>", "<td>Topic:*</td>")

	alice := newBrowser(t, origin)
	alice.post("/login", "/login", "name", "alice", "secret", "alice-secret")
	if body := alice.get("/topics"); strings.Contains(body, `action="/topic/put"`) || !strings.Contains(body, "alice") {
		t.Errorf("a NORMAL user sees %s", body)
	}

	stranger := newBrowser(t, origin)
	token := formToken.FindStringSubmatch(stranger.get("/login"))[1]
	resp, err := stranger.PostForm(origin+"/login", url.Values{"token": {token}, "name": {"alice"}, "secret": {"root-secret"}})
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %v, %v", resp, err)
	}
	if err == nil {
		resp.Body.Close()
	}

	w.act("/access", "/policy/delete", "subject", "User:alice", "resource", "Topic:orders")
	w.act("/access", "/user/put", "name", "alice", "type", "Normal", "status", "disable")
	w.get("/access", "<td>alice</td><td>Normal</td><td>disable</td>")
	w.act("/access", "/user/delete", "name", "alice", "sure", "yes")
	if body := w.get("/access"); strings.Contains(body, "<td>alice</td>") || strings.Contains(body, "<td>Topic:orders</td>") {
		t.Errorf("what was deleted is there: %s", body)
	}
}
