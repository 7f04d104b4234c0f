package auth

import (
	"net/netip"
	"time"

	"gorocket/remoting/wire"
)

// Settings say what is checked. Immutable. Java: AuthConfig.
type Settings struct {
	Authenticate, Authorize bool
	// Strict closes what Java leaves open: needs that are marked Ours are asked.
	Strict         bool
	SuperOnly      bool   // what changes the cluster, topics, groups or users only SUPER users do, whatever policies say
	Cluster        string // this cluster's name
	Unsigned       Codes  // whose senders are not asked who they are; authenticationWhitelist
	Unchecked      Codes  // of which no permissions are asked; authorizationWhitelist
	StatefulUsers  Cache  // zero: each request is looked at by itself
	StatefulGrants Cache
}

// Cache bounds what a stateful strategy remembers.
type Cache struct {
	Max int           // entries; 0: nothing is remembered
	For time.Duration // from when an entry was made
}

// Peer is where a request comes from.
type Peer struct {
	Conn uint64 // of the connection, never used again in this process
	Addr netip.Addr
}

// Event is a refused or an administrative request, for the audit log. It holds no secret.
type Event struct {
	User     string // as the request says; "" when it does not
	Peer     Peer
	Code     int32
	Resource string // "" where the user was refused
	Actions  Actions
	Refused  string // why; "" when it was allowed
}

// Service checks requests. Java: AuthenticationEvaluator, AuthorizationEvaluator.
type Service struct {
	*Store
	set     *Settings
	own     []byte
	table   *Table
	failing *Failing
	users   *verdicts[userKey]
	grants  *verdicts[grantKey]
	audit   func(Event)
	now     func() time.Time
	tallies Tallies
}

// userKey and grantKey are what verdicts of stateful strategies are remembered by.
type userKey struct {
	conn uint64
	user string
}

type grantKey struct {
	userKey
	kind     ResourceType
	resource string
	named    bool
	actions  Actions
	from     netip.Addr
}

// NewService makes a service. audit is called on the goroutine of the request and must be quick; nil: nobody listens.
func NewService(store *Store, set Settings, audit func(Event), now func() time.Time) *Service {
	if audit == nil {
		audit = func(Event) {}
	}
	return &Service{Store: store, set: &set, own: []byte(set.Cluster), table: NewTable(), failing: NewFailing(now),
		users: newVerdicts[userKey](set.StatefulUsers), grants: newVerdicts[grantKey](set.StatefulGrants), audit: audit,
		now: now}
}

// Java's words for what cannot be looked at.
const (
	textNoUser    = "username cannot be null."
	textSignature = "check signature failed."
	textFailed    = "Authorization failed. Please verify your access rights and try again."
)

// Check tells why a request is refused, in Java's words; "" when it is not. The answer is NO_PERMISSION (16). Safe for
// concurrent use; it blocks for nothing.
func (s *Service) Check(c *wire.Command, p Peer) (refused string) {
	p.Addr = p.Addr.Unmap().WithZone("")
	if s.set.Authenticate && !s.set.Unsigned[c.Code] {
		if refused = s.authenticate(c, p); refused != "" {
			s.tallies.Unauthenticated.Add(1)
			s.audit(Event{User: c.GetString(FieldAccessKey), Peer: p, Code: c.Code, Refused: refused})
			return refused
		}
	}
	if s.set.Authorize {
		return s.authorize(c, p)
	}
	s.tallies.Passed.Add(1)
	return ""
}

// Refuse is Check with the code of the answer.
func (s *Service) Refuse(c *wire.Command, p Peer) (code int32, refused string) {
	return wire.NoPermission, s.Check(c, p)
}

// authenticate tells why the sender is not who it says. Java: DefaultAuthenticationHandler.
func (s *Service) authenticate(c *wire.Command, p Peer) string {
	name, _ := c.Get(FieldAccessKey)
	t := s.Store.now.Load()
	if s.users == nil {
		return s.verify(t, c, name, p)
	}
	if v, ok := s.users.get(userKey{p.Conn, string(name)}, t.number, s.now); ok {
		return v
	}
	v := s.verify(t, c, name, p)
	s.users.put(userKey{p.Conn, string(name)}, t.number, v, s.now)
	return v
}

func (s *Service) verify(t *tables, c *wire.Command, name []byte, p Peer) string {
	if len(name) == 0 {
		return textNoUser
	}
	a := t.users[string(name)]
	switch {
	case a == nil:
		return "User:" + string(name) + " is not found."
	case a.Status == Disabled:
		return "User:" + string(name) + " is disabled."
	case s.failing.Blocked(a.Username, p.Addr):
		s.tallies.Slowed.Add(1)
		return textSignature
	case !a.key.Verify(c):
		s.failing.Note(a.Username, p.Addr)
		return textSignature
	}
	return ""
}

// authorize tells why the sender may not do what it asks for. Java: UserAuthorizationHandler, AclAuthorizationHandler.
func (s *Service) authorize(c *wire.Command, p Peer) (refused string) {
	if len(c.Fields) == 0 && !s.set.Strict || s.set.Unchecked[c.Code] {
		s.tallies.Passed.Add(1)
		return ""
	}
	t, row := s.Store.now.Load(), s.table.Row(c.Code)
	name, _ := c.Get(FieldAccessKey)
	var last Ask // without actions: nothing is asked for
	err := row.each(c, s.set.Strict, s.own, func(ask Ask) bool {
		last = ask
		refused = s.ask(t, name, &ask, p)
		return refused == ""
	})
	if refused == "" && err != nil {
		refused = err.Error()
	}
	if refused == "" && s.set.Strict && last.Actions == 0 {
		_, refused = s.sender(t, name)
	}
	s.tell(c, p, &last, refused)
	return refused
}

// MayHave tells why the sender of a request that was let in may not have a message of that topic, "" when it may. Some
// requests name a place in the log, and not what is there, or anything as its topic: Java gives them every message.
// Only in strict mode.
func (s *Service) MayHave(c *wire.Command, p Peer, topic string, actions Actions) (refused string) {
	if !s.set.Authorize || !s.set.Strict || s.set.Unchecked[c.Code] {
		return ""
	}
	p.Addr = p.Addr.Unmap().WithZone("")
	name, _ := c.Get(FieldAccessKey)
	Asks(topic, actions, func(ask Ask) bool {
		if refused = s.ask(s.Store.now.Load(), name, &ask, p); refused != "" {
			s.tell(c, p, &ask, refused)
		}
		return true
	})
	return refused
}

// tell counts, and tells the audit log of what concerns it.
func (s *Service) tell(c *wire.Command, p Peer, ask *Ask, refused string) {
	if refused == "" {
		s.tallies.Passed.Add(1)
		if !ask.Administrative() {
			return
		}
	} else {
		s.tallies.Unauthorized.Add(1)
	}
	s.audit(EventOf(c, p, ask, refused))
}

// EventOf is what happened to a request that asked for that; the zero Ask: for nothing.
func EventOf(c *wire.Command, p Peer, ask *Ask, refused string) Event {
	e := Event{User: c.GetString(FieldAccessKey), Peer: p, Code: c.Code, Actions: ask.Actions, Refused: refused}
	if ask.Type != UnknownType {
		e.Resource = ask.Resource()
	}
	return e
}

// sender is the user of that name, or why there is none who may do anything.
func (s *Service) sender(t *tables, name []byte) (*account, string) {
	if name == nil {
		return nil, textFailed
	}
	a := t.users[string(name)]
	switch {
	case a == nil:
		return nil, "User:" + string(name) + " not found."
	case a.Status == Disabled:
		return nil, "User:" + string(name) + " is disabled."
	}
	return a, ""
}

// ask asks for one resource.
func (s *Service) ask(t *tables, name []byte, ask *Ask, p Peer) string {
	if s.grants == nil {
		return s.decide(t, name, ask, p)
	}
	k := grantKey{userKey{p.Conn, string(name)}, ask.Type, string(ask.Name), ask.Name != nil, ask.Actions,
		p.Addr}
	if v, ok := s.grants.get(k, t.number, s.now); ok {
		return v
	}
	v := s.decide(t, name, ask, p)
	s.grants.put(k, t.number, v, s.now)
	return v
}

func (s *Service) decide(t *tables, name []byte, ask *Ask, p Peer) string {
	a, refused := s.sender(t, name)
	if refused != "" || a.Type == Super {
		return refused
	}
	if s.set.SuperOnly && ask.Administrative() {
		return "User:" + a.Username + " has no permission to access " + ask.Resource() + " from " + p.from() + ", " +
			"with secure=true SUPER users administer."
	}
	verdict := Unmatched
	if g := t.grants[a.Username]; g != nil {
		verdict = g.rules.decide(ask, p.Addr)
	}
	detail := "no matched policies."
	switch verdict {
	case Allowed:
		return ""
	case Unusable:
		return textFailed
	case Denied:
		detail = "the decision is deny."
	}
	return "User:" + a.Username + " has no permission to access " + ask.Resource() + " from " + p.from() + ", " + detail
}

// from is the peer's address as messages have it, "" when it is not known.
func (p *Peer) from() string {
	if !p.Addr.IsValid() {
		return ""
	}
	return p.Addr.String()
}

// IsSuper tells whether the sender of a request that was let in is one who may do everything. known is false when it
// names a user that does not exist. Nobody is named where nobody is asked who they are; that one may do everything.
// Java: AdminBrokerProcessor.isNotSuperUserLogin.
func (s *Store) IsSuper(c *wire.Command) (super, known bool) {
	name, ok := c.Get(FieldAccessKey)
	if !ok || len(name) == 0 {
		return true, true
	}
	a := s.now.Load().users[string(name)]
	return a != nil && a.Type == Super, a != nil
}
