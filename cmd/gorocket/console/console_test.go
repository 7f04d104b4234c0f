package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/protocol"
)

func newTopic(name string, queues int) protocol.TopicConfig {
	t := protocol.NewTopicConfig(name)
	t.ReadQueueNums, t.WriteQueueNums = queues, queues
	return t
}

// paths are the addresses of all pages of a rig on which the topic T and the group g exist.
func (r *rig) paths() []string {
	return []string{"/", "/broker?addr=" + r.broker, "/topics", "/topics?all=yes&q=t", "/topic?name=T", "/groups",
		"/groups?all=yes&sort=lag&q=g", "/group?name=g", "/messages", "/messages?topic=T&by=key&key=k",
		"/messages?topic=T&by=time", "/messages?topic=T&by=queue&broker=broker-a&queue=0",
		"/message?topic=T&id=" + r.sent, "/waiting", "/dead", "/dead?group=g", "/replication", "/access", "/settings",
		"/settings?all=yes&q=broker", "/settings?all=yes&addr=" + r.names}
}

// TestPages: every page is there in both languages, says so, has the headers, and holds no script or style of its own.
func TestPages(t *testing.T) {
	r := newRig(t)
	r.furnish()
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|javascript:|hx-on|(src|href)="(https?:)?//`)
	asked := map[string]bool{}
	for _, path := range append(r.paths(), "/nothing") {
		for lang, html := range map[string]string{"en": `lang="en"`, "zh": `lang="zh-CN"`} {
			req := httptest.NewRequest(http.MethodGet, path, nil)
			req.Host, req.RequestURI = "localhost", ""
			req.URL, _ = url.Parse(r.web.URL + path)
			req.Header.Set("Accept-Language", lang)
			resp, body := r.do(req)
			want := http.StatusOK
			if path == "/nothing" {
				want = http.StatusNotFound
			}
			if resp.StatusCode != want || !strings.Contains(body, "<html "+html) {
				t.Errorf("%s in %s: %d\n%s", path, lang, resp.StatusCode, main(body))
			}
			if found := inline.FindString(body); found != "" {
				t.Errorf("%s holds %q", path, found)
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self';") ||
				strings.Contains(csp, "unsafe") || resp.Header.Get("X-Content-Type-Options") != "nosniff" ||
				resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %v", path, resp.Header)
			}
		}
		asked[strings.SplitN(path, "?", 2)[0]] = true
	}
	for _, p := range pages {
		if !asked[p.Path()] {
			t.Errorf("page %s was not asked for", p.Path())
		}
	}
	for name := range r.s.static {
		r.get("/static/"+name, http.StatusOK)
	}
	r.get("/static/none", http.StatusNotFound)
	r.get("/data/cluster", http.StatusOK, `"throughput":{"names":["broker-a:0 In/s"`, `"times":[`)
}

// TestTexts: each text that is asked for exists, in both languages and with the same arguments, and each is used.
func TestTexts(t *testing.T) {
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	asks := regexp.MustCompile(`(?:\bt|Synced =|say\(\w+(?:\.\w+)?,|say\("en",|fail\() ?"([a-z0-9A-Z./]*[a-zA-Z0-9])"`)
	for _, f := range append(files, more...) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asks.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
			if !has(m[1]) {
				t.Errorf("%s asks for %q, which nobody has written", f, m[1])
			}
		}
	}
	for _, p := range pages {
		used["page."+p.name] = true
	}
	for _, a := range acts {
		used["done."+a.path] = true
	}
	for _, k := range []string{"page.login", "page.broken", "ago.days", "ago.hours", "ago.minutes"} {
		used[k] = true
	}
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, w := range texts {
		if strings.TrimSpace(w[0]) == "" || strings.TrimSpace(w[1]) == "" {
			t.Errorf("%s is not said in both languages", key)
		}
		if a, b := verbs.FindAllString(w[0], -1), verbs.FindAllString(w[1], -1); strings.Join(a, "") != strings.Join(b, "") {
			t.Errorf("%s: arguments %v and %v", key, a, b)
		}
		if !used[key] {
			t.Errorf("nobody says %s", key)
		}
	}
	for key := range used {
		if !has(key) {
			t.Errorf("nobody has written %s", key)
		}
	}
}

// TestTopicActions: topics are made, changed, sent to and deleted, and the broker knows.
func TestTopicActions(t *testing.T) {
	r := newRig(t)
	r.act("/topics", "topic/put", "name", "Orders", "cluster", "DefaultCluster", "read", "3", "write", "2", "perm", "6",
		"kind", "DELAY", "order", "yes")
	c, _, err := r.cl.TopicConfig(t.Context(), r.broker, "Orders")
	if err != nil || c.ReadQueueNums != 3 || c.WriteQueueNums != 2 || c.Perm != 6 || !c.Order ||
		c.Attributes["message.type"] != "DELAY" {
		t.Fatalf("%+v, %v", c, err)
	}
	if kv, err := r.cl.KV(t.Context(), "ORDER_TOPIC_CONFIG", "Orders"); err != nil || kv != "broker-a:2" {
		t.Errorf("%q, %v", kv, err)
	}
	r.act("/topic?name=Orders", "topic/put", "name", "Orders", "cluster", "DefaultCluster", "read", "4", "write", "4",
		"perm", "4")
	if c, _, err = r.cl.TopicConfig(t.Context(), r.broker, "Orders"); err != nil || c.WriteQueueNums != 4 || c.Perm != 4 {
		t.Fatalf("%+v, %v", c, err)
	}
	token := r.token("/topics")
	for _, bad := range []url.Values{{"name": {"a b"}, "cluster": {"DefaultCluster"}}, {"name": {""}},
		{"name": {"X"}, "cluster": {"nowhere"}}, {"name": {"X"}, "cluster": {"DefaultCluster"}, "read": {"0"}},
		{"name": {"X"}, "cluster": {"DefaultCluster"}, "kind": {"STRANGE"}},
		{"name": {"X"}, "cluster": {"DefaultCluster"}, "perm": {"9"}}} {
		bad.Set("token", token)
		r.post("/topic/put", http.StatusBadRequest, bad)
	}
	r.post("/topic/delete", http.StatusBadRequest, url.Values{"token": {token}, "name": {"Orders"}})
	r.post("/topic/delete", http.StatusBadRequest, url.Values{"token": {token}, "name": {"TBW102"}, "sure": {"yes"}})
	r.act("/topic?name=Orders", "topic/delete", "name", "Orders", "sure", "yes")
	if _, err := r.cl.Route(t.Context(), "Orders"); err == nil {
		t.Error("the topic is still there")
	}
	if body := r.get("/topics", http.StatusOK); strings.Contains(body, "Orders") {
		t.Error("and is shown")
	}
}

// TestGuards: a request from another site, without the token, with a token of another browser, or to another name is
// refused, and nothing happens.
func TestGuards(t *testing.T) {
	r := newRig(t)
	token := r.token("/topics")
	form := url.Values{"token": {token}, "name": {"X"}, "cluster": {"DefaultCluster"}}
	send := func(change func(*http.Request, url.Values)) int {
		v := url.Values{}
		for k, x := range form {
			v[k] = x
		}
		req, err := http.NewRequest(http.MethodPost, r.web.URL+"/topic/put", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(req, v)
		body := strings.NewReader(v.Encode())
		req.Body, req.ContentLength = http.NoBody, body.Size()
		fresh := req.Clone(t.Context())
		fresh.Body = readCloser{body}
		resp, _ := r.do(fresh)
		return resp.StatusCode
	}
	for what, change := range map[string]func(*http.Request, url.Values){
		"cross-site":      func(req *http.Request, _ url.Values) { req.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same site":       func(req *http.Request, _ url.Values) { req.Header.Set("Sec-Fetch-Site", "same-site") },
		"other origin":    func(req *http.Request, _ url.Values) { req.Header.Set("Origin", "http://evil.example") },
		"no token":        func(_ *http.Request, v url.Values) { v.Del("token") },
		"wrong token":     func(_ *http.Request, v url.Values) { v.Set("token", token[1:]+"A") },
		"another browser": func(_ *http.Request, v url.Values) { v.Set("token", r.s.token(newToken())) },
	} {
		if status := send(change); status != http.StatusForbidden {
			t.Errorf("%s: status %d", what, status)
		}
	}
	cookie := &http.Cookie{Name: r.s.cookie() + formCookie, Value: cookieOf(r, r.s.cookie()+formCookie)} // of 127.0.0.1: the jar has none for other names
	for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "10.0.0.1:8082": http.StatusMisdirectedRequest,
		"localhost": http.StatusSeeOther, "[::1]:8082": http.StatusSeeOther} {
		if status := send(func(req *http.Request, _ url.Values) { req.Host = host; req.AddCookie(cookie) }); status != want {
			t.Errorf("Host %s: status %d", host, status)
		}
		if _, _, err := r.cl.TopicConfig(t.Context(), r.broker, "X"); (err == nil) != (want == http.StatusSeeOther) {
			t.Errorf("Host %s: %v", host, err)
		}
		if err := r.cl.DeleteTopic(t.Context(), r.broker, "X"); err != nil {
			t.Error(err)
		}
	}
	for _, a := range acts { // all of them ask for the token, and for a POST
		r.post("/"+a.path, http.StatusForbidden, url.Values{"name": {"X"}})
		r.get("/"+a.path, http.StatusNotFound)
	}
	open := *r.s
	open.opts.Host = "0.0.0.0"
	if !open.knownHost("any.example") || open.mayAct(r.s.home) {
		t.Error("a console that others reach has other names, and changes nothing without login")
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestLogin: users get in with their secret only, and SUPER users change things.
func TestLogin(t *testing.T) {
	r := newRig(t, withLogin)
	for _, path := range r.paths() {
		req, err := http.NewRequest(http.MethodGet, r.web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, body := r.do(req); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/login?to=%2F") ||
			strings.Contains(body, r.broker) {
			t.Errorf("%s without login: %d %s", path, resp.StatusCode, resp.Header)
		}
	}
	r.get("/data/cluster", http.StatusUnauthorized)
	for _, a := range acts {
		if to, _ := r.post("/"+a.path, http.StatusSeeOther, url.Values{"token": {r.token("/login")}, "name": {"X"}}); to != "/login" {
			t.Errorf("%s without login leads to %s", a.path, to)
		}
	}
	r.login("root", "wrong", http.StatusUnauthorized)
	r.login("nobody", rootSecret, http.StatusUnauthorized)
	r.login("", "", http.StatusUnauthorized)
	if body := r.login("root", "wrong", http.StatusTooManyRequests); !strings.Contains(body, "Try again in") {
		t.Error(main(body))
	}
	r.login(rootName, rootSecret, http.StatusTooManyRequests) // the right one waits, too
	r.s.slow.now = func() time.Time { return time.Now().Add(2 * maxWait) }
	req, err := http.NewRequest(http.MethodGet, r.web.URL+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	before := cookieOf(r, r.s.cookie())
	r.do(req)
	r.sameSite(rootName, rootSecret)
	r.login(rootName, rootSecret, http.StatusSeeOther)
	if after := cookieOf(r, r.s.cookie()); after == before || after == "" {
		t.Error("the cookie of before the login goes on")
	}
	r.get("/", http.StatusOK, "broker-a", "Log out root")
	r.act("/topics", "topic/put", "name", "T", "cluster", "DefaultCluster")
	old, token := cookieOf(r, r.s.cookie()), r.token("/topics")
	r.post("/logout", http.StatusSeeOther, url.Values{"token": {token}})
	if r.s.sessions.of(old) != nil {
		t.Error("the session goes on")
	}
	r.get("/", http.StatusSeeOther)
	r.normalUser()
}

// sameSite: a session's cookie comes with a login only, and goes to no other site; that of forms goes with links.
func (r *rig) sameSite(name, secret string) {
	r.t.Helper()
	fresh := newBrowser(r.t)
	cookies := func(resp *http.Response, err error) map[string]*http.Cookie {
		if err != nil {
			r.t.Fatal(err)
		}
		_ = resp.Body.Close()
		all := map[string]*http.Cookie{}
		for _, c := range resp.Cookies() {
			if all[c.Name] = c; !c.HttpOnly {
				r.t.Errorf("scripts can read %s", c)
			}
		}
		return all
	}
	form := cookies(fresh.Get(r.web.URL + "/login"))
	if c := form[r.s.cookie()+formCookie]; len(form) != 1 || c == nil || c.SameSite != http.SameSiteLaxMode {
		r.t.Errorf("%v", form)
	}
	inside := cookies(fresh.PostForm(r.web.URL+"/login", url.Values{"name": {name}, "secret": {secret},
		"token": {r.s.token(form[r.s.cookie()+formCookie].Value)}}))
	c := inside[r.s.cookie()]
	if c == nil || c.SameSite != http.SameSiteStrictMode || r.s.sessions.of(c.Value) == nil {
		r.t.Fatalf("%v", inside)
	}
	if r.s.sessions.end(c.Value); r.s.sessions.of(c.Value) != nil {
		r.t.Error("the session goes on")
	}
}

// cookieOf is the browser's cookie.
func cookieOf(r *rig, name string) string {
	u, err := url.Parse(r.web.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range r.browser.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// TestReadOnly: who reaches the console from elsewhere without login changes nothing.
func TestReadOnly(t *testing.T) {
	r := newRig(t)
	r.furnish()
	token := r.token("/topics")
	r.s.opts.Host = "0.0.0.0"
	for _, path := range r.paths() {
		if body := r.get(path, http.StatusOK, "you can look, not change"); strings.Contains(body, "<form method=\"post\"") {
			t.Errorf("%s has a form that changes something", path)
		}
	}
	for _, a := range acts {
		r.post("/"+a.path, http.StatusForbidden, url.Values{"token": {token}, "name": {"T"}, "sure": {"yes"}})
	}
	r.get("/topic?name=T", http.StatusOK)
}
