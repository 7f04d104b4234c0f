package console

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/admin"
)

// normalUser: one who is not SUPER gets in, sees what the broker lets it see, and changes nothing.
func (r *rig) normalUser() {
	r.t.Helper()
	if err := r.cl.CreateUser(r.t.Context(), r.broker, &admin.User{Name: "alice", Password: "alice-secret-12345",
		Type: "Normal"}); err != nil {
		r.t.Fatal(err)
	}
	r.login("alice", "wrong", http.StatusUnauthorized)
	r.login("alice", "alice-secret-12345", http.StatusSeeOther)
	r.get("/", http.StatusOK, "Log out alice", "you can look, not change", "broker-a")
	r.get("/topics", http.StatusUnprocessableEntity, "has no permission")
	if x := r.s.sessions.of(cookieOf(r, r.s.cookie())); x == nil || x.backend.super || r.s.mayAct(x.backend) {
		r.t.Errorf("%+v", x)
	}
	for _, a := range acts {
		r.post("/"+a.path, http.StatusForbidden, url.Values{"token": {r.s.token(cookieOf(r, r.s.cookie()))}, "name": {"T"}})
	}
	if _, _, err := r.cl.TopicConfig(r.t.Context(), r.broker, "T"); err != nil {
		r.t.Errorf("T is gone: %v", err)
	}
}

// TestLoginNeedsUsers: a broker that asks nobody who they are believes any secret; nobody logs in by it.
func TestLoginNeedsUsers(t *testing.T) {
	r := newRig(t)
	o := r.s.opts
	o.Login = true
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	if _, err := s.login(t.Context(), "root", "x"); err == nil || !strings.Contains(err.Error(), "nobody can log in") {
		t.Error(err)
	}
}

// TestSessionLimits: there are only so many sessions; they end when nobody uses them, and after a day's work.
func TestSessionLimits(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	s := newSessions(func() time.Time { return now })
	begin := func() string {
		b, err := r.s.open(nil)
		if err != nil {
			t.Fatal(err)
		}
		return s.begin(b)
	}
	first := begin()
	for range maxSessions {
		now = now.Add(time.Millisecond)
		begin()
	}
	if len(s.all) != maxSessions || s.of(first) != nil || s.of("") != nil {
		t.Errorf("%d sessions, the first one: %v", len(s.all), s.of(first))
	}
	last := begin()
	began := now
	for now.Sub(began) < sessionLives-10*time.Minute {
		if now = now.Add(10 * time.Minute); s.of(last) == nil {
			t.Fatalf("it ended after %v", now.Sub(began))
		}
	}
	if len(s.all) != 1 {
		t.Errorf("%d sessions that nobody uses", len(s.all))
	}
	if now = now.Add(11 * time.Minute); s.of(last) != nil || len(s.all) != 0 {
		t.Error("a session of more than twelve hours")
	}
}

// TestSlowdown: waits double up to a minute, good logins end them, and what is remembered has a bound.
func TestSlowdown(t *testing.T) {
	now := time.Now()
	s := newSlowdown(func() time.Time { return now })
	for i, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second} {
		s.note([]string{"a", "b"})
		if got := s.longest([]string{"a"}); got != want {
			t.Errorf("after %d failures: %v, want %v", i+1, got, want)
		}
	}
	for range 20 {
		s.note([]string{"a"})
	}
	if got := s.longest([]string{"x", "a"}); got != maxWait {
		t.Error(got)
	}
	if s.good("b"); s.longest([]string{"b"}) != 0 {
		t.Error("a good login waits")
	}
	if now = now.Add(forgetAfter + 1); s.longest([]string{"a"}) > 0 {
		t.Error("still waits")
	}
	if s.note([]string{"a"}); s.longest([]string{"a"}) != 0 {
		t.Error("old failures count")
	}
	for i := range maxFailing + 10 {
		now = now.Add(time.Microsecond)
		s.note([]string{fmt.Sprint(i)})
	}
	if len(s.all) > maxFailing {
		t.Errorf("%d are remembered", len(s.all))
	}
}

// TestStart: the console serves on a port of its own, takes only so many connections at once, and ends sessions when it
// stops.
func TestStart(t *testing.T) {
	r := newRig(t, withLogin)
	o := r.s.opts
	s, err := New(o)
	if err == nil {
		err = s.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	browser := newBrowser(t)
	for range 3 {
		resp, err := browser.Get(s.URL() + "login")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", resp, err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Error(err)
		}
		_ = resp.Body.Close()
		if c := resp.Cookies(); len(c) > 0 && !strings.HasPrefix(c[0].Name, "gorocket_") {
			t.Errorf("%v does not name its port", c)
		}
	}
	b, err := s.login(t.Context(), rootName, rootSecret)
	if err != nil {
		t.Fatal(err)
	}
	s.sessions.begin(b)
	if err := s.Stop(t.Context()); err != nil || len(s.sessions.all) != 0 {
		t.Errorf("%v, %d sessions", err, len(s.sessions.all))
	}
	if _, err := browser.Get(s.URL()); err == nil {
		t.Error("it still answers")
	}
	inner, outer := net.Pipe()
	one := newRoom(&oneConn{outer}, 1)
	c, err := one.Accept()
	if err != nil || len(one.seats) != 1 {
		t.Fatalf("%v, %d seats", err, len(one.seats))
	}
	_ = c.Close()
	_ = c.Close()
	if len(one.seats) != 0 {
		t.Errorf("%d seats", len(one.seats))
	}
	_ = inner.Close()
}

// oneConn is a listener of one connection.
type oneConn struct{ c net.Conn }

func (l *oneConn) Accept() (net.Conn, error) { return l.c, nil }
func (*oneConn) Close() error                { return nil }
func (l *oneConn) Addr() net.Addr            { return l.c.LocalAddr() }

// TestLoginsAtOnce: secrets that are tried at the same time count as if they came one after the other.
func TestLoginsAtOnce(t *testing.T) {
	r := newRig(t, withLogin)
	form := url.Values{"token": {r.token("/login")}, "name": {"root"}, "secret": {"wrong"}}
	cookie := &http.Cookie{Name: r.s.cookie() + formCookie, Value: cookieOf(r, r.s.cookie()+formCookie)}
	answers, start := make(chan int, 3*maxAtOnce/4), make(chan struct{})
	for range cap(answers) {
		go func() {
			req, err := http.NewRequest(http.MethodPost, r.web.URL+"/login", strings.NewReader(form.Encode()))
			if err != nil {
				answers <- 0
				return
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.AddCookie(cookie)
			<-start
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				answers <- 0
				return
			}
			_ = resp.Body.Close()
			answers <- resp.StatusCode
		}()
	}
	close(start)
	all := map[int]int{}
	for range cap(answers) {
		all[<-answers]++
	}
	if all[http.StatusUnauthorized] != freeFailures || all[http.StatusTooManyRequests] != cap(answers)-freeFailures {
		t.Errorf("answers: %v, want %d that were tried", all, freeFailures)
	}
}
