package console

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

// request is one request of a browser, with who it is from.
type request struct {
	*http.Request
	w     http.ResponseWriter
	s     *Server
	lang  string
	token string   // that its forms carry
	b     *backend // nil: nobody has logged in
}

// page is what a browser may look at.
type page struct {
	path  string
	name  string // of its template, and of its texts
	nav   bool   // it stands in the navigation
	under string // the page of the navigation that it belongs to, if it is none itself
	show  func(r *request) (any, error)
}

// action is what a browser may do. do returns where to go then.
type action struct {
	path string // the text done.<path> says that it is done
	do   func(r *request) (to string, err error)
}

// pages and actions are all there is, beside login, logout, static files and data.
var (
	pages []page // see init: a page shows links to others
	acts  []action
)

func init() {
	pages = []page{
		{"/{$}", "cluster", true, "", showCluster}, {"/broker", "broker", false, "cluster", showBroker},
		{"/topics", "topics", true, "", showTopics}, {"/topic", "topic", false, "topics", showTopic},
		{"/groups", "groups", true, "", showGroups}, {"/group", "group", false, "groups", showGroup},
		{"/messages", "messages", true, "", showMessages}, {"/message", "message", false, "messages", showMessage},
		{"/waiting", "waiting", true, "", showWaiting}, {"/dead", "dead", true, "", showDead},
		{"/replication", "replication", true, "", showReplication}, {"/access", "access", true, "", showAccess},
		{"/settings", "settings", true, "", showSettings},
	}
	acts = []action{
		{"topic/put", putTopic}, {"topic/delete", deleteTopic}, {"topic/send", sendMessage},
		{"group/put", putGroup}, {"group/delete", deleteGroup}, {"group/reset", resetGroup}, {"group/skip", skipGroup},
		{"group/clone", cloneGroup}, {"dead/resend", resendDead}, {"user/put", putUser}, {"user/delete", deleteUser},
		{"policy/put", putPolicy}, {"policy/delete", deletePolicy},
	}
}

// policy is the Content-Security-Policy: what is not here is not done.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves the console.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range pages {
		mux.HandleFunc("GET "+p.path, func(w http.ResponseWriter, r *http.Request) { s.page(s.request(w, r), &p) })
	}
	for _, a := range acts {
		mux.HandleFunc("POST /"+a.path, func(w http.ResponseWriter, r *http.Request) { s.act(s.request(w, r), &a) })
	}
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { s.loginPage(s.request(w, r), "") })
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) { s.logIn(s.request(w, r)) })
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) { s.logOut(s.request(w, r)) })
	mux.HandleFunc("GET /data/cluster", func(w http.ResponseWriter, r *http.Request) { s.plots(s.request(w, r)) })
	mux.HandleFunc("GET /static/{name}", s.serveAsset)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.broken(s.request(w, r), http.StatusNotFound, fail("error.page", r.URL.Path))
	})
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard is in front of everything: headers, the Host that a browser may name, how much at once.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if !s.knownHost(r.Host) {
			http.Error(w, "This console is known as localhost, not by the Host of this request.", http.StatusMisdirectedRequest)
			return
		}
		select {
		case s.turns <- struct{}{}:
			defer func() { <-s.turns }()
		default:
			h.Set("Retry-After", "1")
			http.Error(w, "The console has too much to do.", http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// knownHost refuses names that a stranger's name server may have pointed at this machine, where only this machine
// reaches the console.
func (s *Server) knownHost(host string) bool {
	if !s.loopback() {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return Loopback(strings.Trim(host, "[]"))
}

// cookie is the name of the cookie. Cookies belong to a host with all its ports: consoles of two ports have two names.
func (s *Server) cookie() string {
	if s.listener == nil {
		return "gorocket"
	}
	return "gorocket_" + strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port)
}

// request finds out who asks. Forms are bound to the session, or, where there is none, to a cookie of their own. That
// one comes with links from other sites, too: it opens nothing, and a page behind such a link would otherwise take the
// cookie away from pages that are open already.
func (s *Server) request(w http.ResponseWriter, r *http.Request) *request {
	q := &request{Request: r, w: w, s: s, lang: language(w, r)}
	value := s.cookieOf(r, s.cookie())
	if s.sessions == nil {
		q.b = s.home
	} else if x := s.sessions.of(value); x != nil {
		q.b, q.token = x.backend, s.token(value)
		return q
	}
	form := s.cookieOf(r, s.cookie()+formCookie)
	if form == "" && r.Method == http.MethodGet {
		form = newToken()
		s.setCookie(w, s.cookie()+formCookie, form, http.SameSiteLaxMode)
	}
	q.token = s.token(form)
	return q
}

// formCookie is what the name of the cookie for forms ends with.
const formCookie = "_form"

// cookieOf is the value of a cookie, "" when there is none that is ours.
func (s *Server) cookieOf(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil && len(c.Value) <= 64 {
		return c.Value
	}
	return ""
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, site http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: s.opts.Serve != nil,
		SameSite: site})
}

// page shows a page.
func (s *Server) page(r *request, p *page) {
	if r.b == nil {
		http.Redirect(r.w, r.Request, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	data, err := p.show(r)
	if err != nil {
		s.broken(r, statusOf(err), err)
		return
	}
	s.render(r, http.StatusOK, p, data)
}

// act does something, if it was asked for on a page of ours by someone who may.
func (s *Server) act(r *request, a *action) {
	switch {
	case r.b == nil:
		http.Redirect(r.w, r.Request, "/login", http.StatusSeeOther)
		return
	case !r.ours():
		s.broken(r, http.StatusForbidden, fail("error.token"))
		return
	case !s.mayAct(r.b):
		s.broken(r, http.StatusForbidden, fail("error.readonly"))
		return
	}
	to, err := a.do(r)
	r.b.forget()
	s.opts.Log.Info().Str("user", r.b.user).Str("peer", r.RemoteAddr).Str("action", a.path).Err(err).
		Msg("the console was asked to change something")
	if err != nil {
		s.broken(r, statusOf(err), err)
		return
	}
	sep := "?"
	if strings.Contains(to, "?") {
		sep = "&"
	}
	http.Redirect(r.w, r.Request, to+sep+"done="+url.QueryEscape(a.path), http.StatusSeeOther)
}

// ours tells whether a form came from a page that this browser got from this console.
func (r *request) ours() bool {
	if err := r.ParseForm(); err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(r.token)) == 1
}

// field is a value of a form or of the address, without the blanks around it.
func (r *request) field(name string) string { return strings.TrimSpace(r.FormValue(name)) }

// number is such a value as a number between two, other when it is not there.
func (r *request) number(name string, other, least, most int64) (int64, error) {
	text := r.field(name)
	if text == "" {
		return other, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fail("error.number", name, text, least, most)
	}
	return n, nil
}

// need is a value that has to be there.
func (r *request) need(name string) (string, error) {
	if v := r.field(name); v != "" {
		return v, nil
	}
	return "", fail("error.needs", name)
}

// sure tells whether the box of a form that cannot be undone is ticked.
func (r *request) sure() error {
	if r.field("sure") == "yes" {
		return nil
	}
	return fail("error.sure")
}

// mistake is an error of who uses the console: a text of the table, with what it is about.
type mistake struct {
	key  string
	args []any
}

func fail(key string, args ...any) error { return &mistake{key, args} }

func (m *mistake) Error() string { return say("en", m.key, m.args...) }

// statusOf is the HTTP status of an error: the browser's mistake, a refusal of the cluster, or its failure.
func statusOf(err error) int {
	var m *mistake
	switch {
	case errors.As(err, &m):
		return http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case admin.CodeOf(err) >= 0:
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadGateway
}

// broken is the page of an error.
func (s *Server) broken(r *request, status int, err error) {
	text := err.Error()
	var m *mistake
	if errors.As(err, &m) {
		text = say(r.lang, m.key, m.args...)
	}
	s.render(r, status, &page{name: "broken"}, struct{ Text, Back string }{text, backOf(r.Request)})
}

// backOf is the page of ours that a request came from, "/" when it does not say.
func backOf(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || !strings.HasPrefix(from.Path, "/") || strings.HasPrefix(from.Path, "//") {
		return "/"
	}
	return from.RequestURI()
}

func (s *Server) loginPage(r *request, problem string) {
	if s.sessions == nil || r.b != nil {
		http.Redirect(r.w, r.Request, "/", http.StatusSeeOther)
		return
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnauthorized
	}
	s.render(r, status, &page{name: "login"}, struct{ Problem, To string }{problem, local(r.FormValue("to"))})
}

// local is a path of this console, "/" for anything else.
func local(to string) string {
	if u, err := url.Parse(to); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.Contains(to, "\\") {
		return "/"
	}
	return to
}

func (s *Server) logIn(r *request) {
	if s.sessions == nil {
		http.Redirect(r.w, r.Request, "/", http.StatusSeeOther)
		return
	}
	if !r.ours() {
		s.broken(r, http.StatusForbidden, fail("error.token"))
		return
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr) // "" of a test
	keys := []string{"addr " + from, "name " + cut(r.field("name"), maxUserName)}
	if wait := s.slow.try(keys...); wait > 0 {
		r.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		s.broken(r, http.StatusTooManyRequests, fail("error.slow", int(wait/time.Second)+1))
		return
	}
	b, err := s.login(r.Context(), r.field("name"), r.PostForm.Get("secret"))
	s.opts.Log.Info().Str("user", cut(r.field("name"), maxUserName)).Str("peer", r.RemoteAddr).Bool("good", err == nil).
		Msg("login at the console")
	var m *mistake
	switch {
	case errors.As(err, &m) && m.key == "error.login":
		s.loginPage(r, say(r.lang, m.key))
		return
	case err != nil:
		s.slow.undo(keys...)
		s.broken(r, statusOf(err), err)
		return
	}
	s.slow.good(keys...)
	s.setCookie(r.w, s.cookie(), s.sessions.begin(b), http.SameSiteStrictMode)
	http.Redirect(r.w, r.Request, local(r.PostForm.Get("to")), http.StatusSeeOther)
}

func (s *Server) logOut(r *request) {
	if !r.ours() {
		s.broken(r, http.StatusForbidden, fail("error.token"))
		return
	}
	if c, err := r.Cookie(s.cookie()); err == nil && s.sessions != nil {
		s.sessions.end(c.Value)
	}
	s.setCookie(r.w, s.cookie(), "", http.SameSiteStrictMode)
	http.Redirect(r.w, r.Request, "/login", http.StatusSeeOther)
}

// cut shortens a text to at most n bytes.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
