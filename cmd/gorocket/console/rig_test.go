package console

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker"
	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/namesrv"
	"gorocket/remoting/admin"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/protocol"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// rig is a NameServer, a broker and a console in this process, with a browser.
type rig struct {
	t             *testing.T
	names, broker string
	cl            *admin.Client // signs as root where users are asked who they are
	s             *Server
	web           *httptest.Server
	browser       *http.Client
	sent          string // id of the message that furnish sent
}

// Users of a rig with login.
const (
	rootName, rootSecret = "root", "root-secret-12345"
)

func newRig(t *testing.T, change ...func(*config.Config)) *rig {
	t.Helper()
	dir := t.TempDir()
	nc := namesrv.DefaultConfig()
	nc.ListenPort, nc.BindAddress, nc.MetricsExporterType = testutil.FreePort(t), "127.0.0.1", "DISABLE"
	nc.KVConfigPath, nc.ConfigStorePath = filepath.Join(dir, "kv.json"), filepath.Join(dir, "namesrv.properties")
	n, err := namesrv.New(nc, zerolog.Nop())
	if err == nil {
		err = n.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	cfg, _, err := config.Load("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.StorePathRootDir, cfg.BrokerIP1, cfg.BindAddress = filepath.Join(dir, "store"), "127.0.0.1", "127.0.0.1"
	cfg.ListenPort, cfg.BrokerName = testutil.FreePort(t, -2, 1), "broker-a"
	cfg.NamesrvAddr = fmt.Sprintf("127.0.0.1:%d", nc.ListenPort)
	cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = 1<<20, 100, 400
	cfg.MetricsExporterType, cfg.DiskSpaceWarningLevelRatio = "DISABLE", 100
	for _, f := range change {
		f(&cfg)
	}
	b, err := broker.New(cfg, zerolog.Nop())
	if err == nil {
		err = b.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	r := &rig{t: t, names: cfg.NamesrvAddr, broker: fmt.Sprintf("127.0.0.1:%d", cfg.ListenPort)}
	o := Options{Host: "127.0.0.1", NameServers: []string{r.names}, Login: cfg.AuthenticationEnabled, Version: "test",
		Credentials: cfg.Credentials(), Log: zerolog.Nop()}
	r.open(o)
	return r
}

// open opens the console and a client beside it.
func (r *rig) open(o Options) {
	r.t.Helper()
	var err error
	if r.s, err = New(o); err != nil {
		r.t.Fatal(err)
	}
	r.web = httptest.NewServer(r.s.Handler())
	r.browser = newBrowser(r.t)
	var root *auth.Credentials
	if o.Login {
		root = &auth.Credentials{AccessKey: rootName, SecretKey: rootSecret}
	}
	r.cl, err = admin.Open(admin.Options{NameServers: o.NameServers, Sign: guard.Sign(root)})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		r.web.Close()
		_ = r.s.Stop(context.Background())
		_ = r.cl.Close()
	})
}

// withLogin makes the broker ask who its users are.
func withLogin(c *config.Config) {
	c.AuthenticationEnabled, c.AuthorizationEnabled = true, true
	c.InitAuthenticationUser = fmt.Sprintf(`{"username":%q,"password":%q}`, rootName, rootSecret)
	c.InnerClientCredentials = `{"accessKey":"inner","secretKey":"inner-secret-12345"}`
}

// newBrowser keeps cookies and follows no redirects of itself.
func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// do sends a request and reads the answer.
func (r *rig) do(req *http.Request) (*http.Response, string) {
	r.t.Helper()
	resp, err := r.browser.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(body)
}

// get asks for a page, which has to come with status and to hold texts.
func (r *rig) get(path string, status int, holds ...string) string {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.web.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, body := r.do(req)
	if resp.StatusCode != status {
		r.t.Errorf("GET %s: status %d, want %d\n%s", path, resp.StatusCode, status, main(body))
	}
	for _, text := range holds {
		if !strings.Contains(body, text) {
			r.t.Errorf("GET %s lacks %q\n%s", path, text, main(body))
		}
	}
	return body
}

// main is the part of a page that is its own.
func main(body string) string {
	if _, rest, ok := strings.Cut(body, "<main"); ok {
		return rest
	}
	return body
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]*)"`)

// token is that of the forms of a page.
func (r *rig) token(page string) string {
	r.t.Helper()
	m := tokenField.FindStringSubmatch(r.get(page, http.StatusOK))
	if m == nil {
		r.t.Fatalf("%s has no form", page)
	}
	return m[1]
}

// post sends a form and returns where the answer leads, and the answer.
func (r *rig) post(path string, status int, form url.Values) (string, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.web.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, body := r.do(req)
	if resp.StatusCode != status {
		r.t.Errorf("POST %s %v: status %d, want %d\n%s", path, form, resp.StatusCode, status, main(body))
	}
	return resp.Header.Get("Location"), body
}

// act does something on a page, by the token that the page has, and looks at the page where that leads.
func (r *rig) act(page, path string, pairs ...string) string {
	r.t.Helper()
	form := url.Values{"token": {r.token(page)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	to, _ := r.post("/"+path, http.StatusSeeOther, form)
	if to == "" {
		return ""
	}
	return r.get(to, http.StatusOK, say("en", "done."+path))
}

// login logs the browser in.
func (r *rig) login(name, secret string, status int) string {
	r.t.Helper()
	_, body := r.post("/login", status, url.Values{"token": {r.token("/login")}, "name": {name}, "secret": {secret}})
	return body
}

// topic makes a topic at the broker.
func (r *rig) topic(name string, queues int) {
	r.t.Helper()
	t := newTopic(name, queues)
	if err := r.cl.PutTopic(r.t.Context(), r.broker, &t); err != nil {
		r.t.Fatal(err)
	}
}

// send sends a message to a queue of a topic and returns its id.
func (r *rig) send(topic string, queue int, m *admin.Outgoing) *admin.SendResult {
	r.t.Helper()
	m.Topic = topic
	res, err := r.cl.Send(r.t.Context(), admin.Node{Broker: "broker-a", Addr: r.broker}, "p", queue, m)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// furnish makes what the pages of paths show: the topic T with a message, and the group g, which has consumed nothing
// and has a dead letter.
func (r *rig) furnish() {
	r.t.Helper()
	r.topic("T", 2)
	r.topic("%RETRY%g", 1)
	r.topic("%DLQ%g", 1)
	g := protocol.NewSubscriptionGroupConfig("g")
	if err := r.cl.PutGroup(r.t.Context(), r.broker, &g); err != nil {
		r.t.Fatal(err)
	}
	r.sent = r.send("T", 0, &admin.Outgoing{Keys: "k", Tags: "t", Body: []byte(`{"a":1}`)}).ID
	r.send("%DLQ%g", 0, &admin.Outgoing{Keys: "dead", Body: []byte("dead"), Properties: map[string]string{"RETRY_TOPIC": "T"}})
	if err := r.cl.CommitOffset(r.t.Context(), r.broker, "g", "T", 0, 0); err != nil {
		r.t.Fatal(err)
	}
	testutil.WaitFor(r.t, "the message can be found by its key", func() bool {
		_, err := r.cl.QueryMessages(r.t.Context(), admin.Query{Topic: "T", Key: "k", Type: admin.IndexKey, Max: 1, End: math.MaxInt64})
		return err == nil
	})
}
