// Package guard puts users and permissions in front of a server's handlers: what package auth decides, for connections,
// with lines in the log.
package guard

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// The audit log has so many lines of refused requests, and as many of what administrators did, in a period; the others
// are counted.
const (
	auditBurst  = 100
	auditPeriod = time.Second
	auditText   = 300 // bytes of one text that a peer gives
)

// New is a service that tells log of refused requests and of what administrators did.
func New(users *auth.Store, set auth.Settings, log zerolog.Logger, now func() time.Time) *auth.Service {
	return auth.NewService(users, set, Auditor(log), now)
}

// Checker decides about requests: why one is refused, "" when it is not, and the code of that answer.
type Checker interface {
	Refuse(c *wire.Command, p auth.Peer) (code int32, refused string)
}

// Of is Options.Guard of a server whose requests all of these have to let in; nil without any.
func Of(all ...Checker) func(*remoting.Conn, *wire.Command) remoting.Refusal {
	if len(all) == 0 {
		return nil
	}
	return func(c *remoting.Conn, req *wire.Command) remoting.Refusal {
		for _, s := range all {
			if code, refused := s.Refuse(req, Peer(c)); refused != "" {
				return remoting.Refusal{Code: code, Remark: refused}
			}
		}
		return remoting.Refusal{}
	}
}

// Peer is where the requests of a connection come from.
func Peer(c *remoting.Conn) auth.Peer {
	return auth.Peer{Conn: c.ID(), Addr: c.RemoteAddrPort().Addr()}
}

// Sign is Options.Sign of a client that signs as c; nil: it does not.
func Sign(c *auth.Credentials) remoting.Signer {
	if c == nil {
		return nil
	}
	return auth.NewSigner(*c)
}

// Auditor writes the audit log; what servers repeat by themselves once for each of them. Java: the logger
// RocketmqAuthAudit.
func Auditor(log zerolog.Logger) func(auth.Event) {
	throttled := throttle.New(log, auditBurst, auditPeriod)
	clip := func(s string) string { return s[:min(len(s), auditText)] }
	seen := &routine{}
	return func(e auth.Event) {
		if e.Refused == "" && repeated[e.Code] && !seen.first(&e) {
			return
		}
		line := throttled.Info("administered")
		if e.Refused != "" {
			line = throttled.Warn("refused").Str("refused", clip(e.Refused))
		}
		line.Str("user", clip(e.User)).Str("peer", e.Peer.Addr.String()).Int32("code", e.Code).
			Str("resource", clip(e.Resource)).Str("actions", e.Actions.String()).Msg("audit")
	}
}

// repeated are what servers ask for by themselves, again and again: registrations each half minute, heartbeats and the
// users of a slave each second. They would bury what people do.
var repeated = auth.Codes{wire.ReqRegisterBroker: true, wire.ReqBrokerHeartbeat: true, wire.ReqGetUsers: true}

// maxRoutine is how many askers are remembered.
const maxRoutine = 10000

// asker is who repeats a request.
type asker struct {
	user string
	addr netip.Addr
	code int32
}

// routine remembers which repeated requests were told. Any goroutine.
type routine struct {
	mu   sync.Mutex
	told map[asker]bool // guarded by mu
}

// first tells whether nobody of that name and address had asked for that before; with too many all are forgotten.
func (r *routine) first(e *auth.Event) bool {
	who := asker{e.User, e.Peer.Addr, e.Code}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[who] {
		return false
	}
	if len(r.told) >= maxRoutine || r.told == nil {
		r.told = map[asker]bool{}
	}
	r.told[who] = true
	return true
}

var errNoUser = errors.New("guard: signatures are asked for, and there is nobody who could sign: set " +
	"initAuthenticationUser or innerClientAuthenticationCredentials")

// ForServer is Options.Guard of a NameServer or a controller that asks for signatures: of its own users, who have all
// rights, but for the codes of open, of which it asks nothing. nil when it does not ask.
func ForServer(on bool, own auth.Signing, log zerolog.Logger, open auth.Codes) (func(*remoting.Conn,
	*wire.Command) remoting.Refusal, error) {
	if !on {
		return nil, nil
	}
	users := auth.NewStore()
	var err error
	if users.First, err = own.FirstUsers(); err == nil && len(users.First) == 0 {
		err = errNoUser
	}
	if err == nil {
		err = users.Begin()
	}
	if err != nil {
		return nil, err
	}
	set := auth.Settings{Authenticate: true, Authorize: true, Strict: true, Unsigned: open, Unchecked: open}
	return Of(New(users, set, log, time.Now)), nil
}
