package console

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

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

// backOf is the page of ours that a request came from, "/" when it does not say.
func backOf(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || !strings.HasPrefix(from.Path, "/") || strings.HasPrefix(from.Path, "//") {
		return "/"
	}
	return from.RequestURI()
}

// cut shortens a text to at most n bytes.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
