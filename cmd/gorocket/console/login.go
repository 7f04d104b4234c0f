package console

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

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
