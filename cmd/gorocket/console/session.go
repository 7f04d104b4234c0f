package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// Limits of sessions.
const (
	maxSessions  = 64
	sessionIdle  = 30 * time.Minute
	sessionLives = 12 * time.Hour
	maxUserName  = 255
	maxSecret    = 255
)

// session is a user who has logged in.
type session struct {
	backend *backend
	began   time.Time
	used    time.Time // guarded by the lock of sessions
}

// sessions are all of them, by the hash of their cookie: what leaks out of memory opens nothing.
type sessions struct {
	now func() time.Time
	mu  sync.Mutex
	all map[[32]byte]*session // guarded by mu
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[[32]byte]*session{}}
}

// newToken is a name that nobody guesses.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, or ends the program
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// begin makes a session and returns its cookie. The one that was used longest ago ends when there are too many.
func (s *sessions) begin(b *backend) string {
	token, now := newToken(), s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	for len(s.all) >= maxSessions {
		var oldest [32]byte
		for k, x := range s.all {
			if o := s.all[oldest]; o == nil || x.used.Before(o.used) {
				oldest = k
			}
		}
		s.drop(oldest)
	}
	s.all[sha256.Sum256([]byte(token))] = &session{backend: b, began: now, used: now}
	return token
}

// of finds the session of a cookie, nil when it has none.
func (s *sessions) of(token string) *session {
	if s == nil {
		return nil
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	x := s.all[sha256.Sum256([]byte(token))]
	if x != nil {
		x.used = now
	}
	return x
}

func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(sha256.Sum256([]byte(token)))
}

func (s *sessions) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.all {
		s.drop(k)
	}
}

// expire ends what is over. The caller holds mu.
func (s *sessions) expire(now time.Time) {
	for k, x := range s.all {
		if now.Sub(x.used) > sessionIdle || now.Sub(x.began) > sessionLives {
			s.drop(k)
		}
	}
}

// drop ends one. The caller holds mu. Requests of it that are under way fail.
func (s *sessions) drop(key [32]byte) {
	if x := s.all[key]; x != nil {
		delete(s.all, key)
		_ = x.backend.close() // connections that nobody needs any more
	}
}

// token is what a page proves with that it is ours: it goes with one cookie.
func (s *Server) token(cookie string) string {
	h := hmac.New(sha256.New, s.key[:])
	_, _ = h.Write([]byte(cookie)) // never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// login asks a broker as the user, and says whether it is one. A user without the right to ask about users is known all
// the same: the broker refuses that by other words than a wrong secret.
func (s *Server) login(ctx context.Context, name, secret string) (*backend, error) {
	if name == "" || secret == "" || len(name) > maxUserName || len(secret) > maxSecret {
		return nil, fail("error.login")
	}
	nodes, err := s.home.nodes(ctx)
	if err != nil {
		return nil, err
	}
	b, err := s.open(&auth.Credentials{AccessKey: name, SecretKey: secret})
	if err != nil {
		return nil, err
	}
	b.user, b.names = name, s.home
	if b.super, err = s.verify(ctx, b, nodes); err != nil {
		_ = b.close() // nothing was sent that counts
		return nil, err
	}
	return b, nil
}

// verify asks the brokers, up to the first that answers, whether b signs as a user, and whether that is a SUPER one.
func (s *Server) verify(ctx context.Context, b *backend, nodes []admin.Node) (super bool, err error) {
	err = fail("error.brokers")
	for _, n := range nodes {
		// A broker that asks nobody who they are would believe any secret.
		if _, open := s.nobody.User(ctx, n.Addr, b.user); !asksWho(open) {
			continue
		}
		u, asked := b.User(ctx, n.Addr, b.user)
		switch {
		case asked == nil && u != nil:
			return strings.EqualFold(u.Type, "Super"), nil
		case denied(asked, b.user):
			return false, nil
		case admin.CodeOf(asked) < 0 && asked != nil:
			err = asked // does not answer: the next one
		default:
			return false, fail("error.login")
		}
	}
	return false, err
}

// asksWho tells whether a broker refused a request because nobody had signed it. Java: DefaultAuthenticationHandler.
func asksWho(err error) bool {
	var e *admin.Error
	return errors.As(err, &e) && e.Code == wire.NoPermission && strings.Contains(e.Remark, "username cannot be null")
}

// denied tells whether a broker knows the user and only refuses what it asks for. Java:
// AclAuthorizationHandler.throwException.
func denied(err error, name string) bool {
	var e *admin.Error
	return errors.As(err, &e) && e.Code == wire.NoPermission &&
		strings.Contains(e.Remark, "User:"+name+" has no permission to access")
}
