package console

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

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

// broken is the page of an error.
func (s *Server) broken(r *request, status int, err error) {
	text := err.Error()
	var m *mistake
	if errors.As(err, &m) {
		text = say(r.lang, m.key, m.args...)
	}
	s.render(r, status, &page{name: "broken"}, struct{ Text, Back string }{text, backOf(r.Request)})
}
