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
func consoleOf(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p, err := harness.StartProcess("console", c.Dir(), nil, harness.Binary("gorocket"), "console", "-n", c.Names(), "--port",
		fmt.Sprint(port))
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

// TestConsoleOnJava: every page of the console shows a cluster of Java's, and what it does there is done.
func TestConsoleOnJava(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Java, nil)
	b := c.Broker(harness.Java, "broker-a", harness.Conf{"traceTopicEnable": "true", "timerWheelEnable": "true"})
	origin := consoleOf(t, c)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	defer browser.CloseIdleConnections()
	read := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v\n%s", resp.Request.URL, resp.StatusCode, err, body)
		}
		return string(body)
	}
	get := func(path string, texts ...string) {
		t.Helper()
		body := read(browser.Get(origin + path))
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %q\n%s", path, text, body)
			}
		}
	}
	token := regexp.MustCompile(`name="token" value="([^"]*)"`)
	act := func(page, path string, pairs ...string) {
		t.Helper()
		m := token.FindStringSubmatch(read(browser.Get(origin + page)))
		if m == nil {
			t.Fatalf("%s has no form", page)
		}
		form := url.Values{"token": {m[1]}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		if body := read(browser.PostForm(origin+path, form)); !strings.Contains(body, `class="done"`) {
			t.Errorf("%s %v: %s", path, form, body)
		}
	}
	act("/topics", "/topic/put", "name", "T", "cluster", "DefaultCluster", "read", "2", "write", "2", "perm", "6")
	act("/groups", "/group/put", "name", "g", "cluster", "DefaultCluster", "retries", "3", "enabled", "yes")
	act("/topic?name=T", "/topic/send", "name", "T", "keys", "k", "body", `{"a":1}`)
	act("/topic?name=T", "/topic/send", "name", "T", "keys", "late", "body", "x", "delay", "3600")
	get("/topic?name=T", "broker-a", `<td class="n">2</td>`)
	act("/topics", "/topic/put", "name", "%DLQ%g", "cluster", "DefaultCluster", "read", "1", "write", "1", "perm", "6")
	act("/topic?name=%25DLQ%25g", "/topic/send", "name", "%DLQ%g", "keys", "dead", "body", "dead")
	get("/", "broker-a", "V5_5_0")
	get("/broker?addr="+b.Addr(), "brokerVersionDesc")
	get("/groups?q=g", ">g</a>")
	get("/group?name=g", "Nobody of this group is connected")
	get("/messages?topic=T&by=key&key=k", "<td>k</td>")
	get("/messages?topic=T&by=time", "<td>k</td>")
	get("/waiting", "T <small>broker-a</small> 1")
	get("/dead", `>g</a></td><td class="n">1</td>`)
	get("/dead?group=g", "<td>dead</td>")
	get("/replication", "broker-a:0")
	get("/settings?all=yes&q=fileReserved", "fileReservedTime")
	get("/access", "Not all could be asked") // Java without users
	act("/topic?name=T", "/topic/delete", "name", "T", "sure", "yes")
	act("/group?name=g", "/group/delete", "name", "g", "sure", "yes")
}
