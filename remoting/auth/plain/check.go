package plain

import (
	"fmt"
	"net/netip"

	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// exception begins the remarks of Java 4.9, which answers SYSTEM_ERROR (1).
const exception = "org.apache.rocketmq.acl.common.AclException: "

// topicTrace takes traces of messages from every account. Java: TopicValidator.RMQ_SYS_TRACE_TOPIC.
const topicTrace = "RMQ_SYS_TRACE_TOPIC"

// Refuse tells why a request is refused, and the code of that answer; "" when it is not refused. It blocks for nothing.
// Java: PlainPermissionManager.validate.
func (s *Service) Refuse(c *wire.Command, p auth.Peer) (code int32, refused string) {
	p.Addr = p.Addr.Unmap().WithZone("")
	st := s.now.Load()
	a, refused, trusted := s.sender(st, c, p)
	if refused != "" {
		s.tallies.Unauthenticated.Add(1)
		s.audit(auth.Event{User: c.GetString(auth.FieldAccessKey), Peer: p, Code: c.Code, Refused: refused})
		return wire.SystemError, exception + refused
	}
	var last auth.Ask
	if !trusted {
		last, refused = s.may(a, c)
	} else if s.set.Strict && aboutAccounts(c.Code) {
		last, refused = s.own, "Need a signature of an admin for request code="+fmt.Sprint(c.Code)
	}
	s.tell(c, p, &last, refused)
	if refused != "" {
		return wire.SystemError, exception + refused
	}
	return 0, ""
}

// sender is the account that a request is from, or why there is none. trusted: its address is enough, whoever it is.
func (s *Service) sender(st *state, c *wire.Command, p auth.Peer) (a *account, refused string, trusted bool) {
	if st.isWhite(p.Addr) && !s.signedAdministration(c) {
		return nil, "", true
	}
	key, given := c.Get(auth.FieldAccessKey)
	if !given {
		return nil, "No accessKey is configured", false
	}
	a = st.accounts[string(key)]
	switch {
	case a == nil:
		return nil, fmt.Sprintf("No acl config for %.300s", key), false
	case a.white.Match(p.Addr) && !s.signedAdministration(c):
		return a, "", true
	case s.failing.Blocked(a.AccessKey, p.Addr):
		s.tallies.Slowed.Add(1)
	case a.key.Verify(c) || a.key.VerifyUnqueried(c):
		return a, "", false
	default:
		s.failing.Note(a.AccessKey, p.Addr)
	}
	return nil, "Check signature failed for accessKey=" + a.AccessKey, false
}

func (s *state) isWhite(peer netip.Addr) bool {
	for i := range s.white {
		if s.white[i].Match(peer) {
			return true
		}
	}
	return false
}

// signedAdministration tells that a request changes accounts or shows their secrets, and is signed: then the signature
// counts, and not the address, in strict mode.
func (s *Service) signedAdministration(c *wire.Command) bool {
	if !s.set.Strict || !aboutAccounts(c.Code) {
		return false
	}
	_, signed := c.Get(auth.FieldAccessKey)
	return signed
}

// aboutAccounts tells that a request is about the accounts themselves, for admins only; Java 4.9 lets every account do
// it. Or about the users that they become, with the same secrets: Java 4.9 has none.
func aboutAccounts(code int32) bool {
	return code >= wire.ReqUpdateAndCreateAclConfig && code <= wire.ReqGetBrokerClusterAclConfig ||
		code >= wire.ReqAuthCreateUser && code <= wire.ReqAuthListAcl
}

// may tells why an account may not do what it asks for.
func (s *Service) may(a *account, c *wire.Command) (last auth.Ask, refused string) {
	if aboutAccounts(c.Code) {
		return s.own, a.needAdmin(c.Code)
	}
	if s.set.Strict {
		return s.mayStrictly(a, c)
	}
	if last, refused = a.mayAsJava(c); last.Type == auth.Cluster {
		last = s.own
	}
	return last, refused
}

func (a *account) needAdmin(code int32) string {
	if a.Admin {
		return ""
	}
	return fmt.Sprintf("Need admin permission for request code=%d, but accessKey=%s is not", code, a.AccessKey)
}

// mayStrictly asks for what package auth's table says. Pub is PUB; Sub, Get and List are SUB; everything else of a
// topic or a group, and everything but Get of the cluster, is for admins.
func (s *Service) mayStrictly(a *account, c *wire.Command) (last auth.Ask, refused string) {
	err := s.table.Row(c.Code).Asks(c, s.own.Name, func(ask auth.Ask) bool {
		last = ask
		if isTrace(&ask) {
			refused = ""
			return false
		}
		refused = a.mayAsk(&ask, c.Code)
		return refused == ""
	})
	if refused == "" && err != nil && !isTrace(&last) {
		refused = err.Error()
	}
	return last, refused
}

func isTrace(ask *auth.Ask) bool {
	return ask.Type == auth.Topic && string(ask.Name) == topicTrace && ask.Actions == auth.Of(auth.Pub)
}

// mayAsk tells why an account may not do one thing.
func (a *account) mayAsk(ask *auth.Ask, code int32) string {
	var needed perm
	if ask.Actions.Has(auth.Pub) {
		needed |= pub
	}
	if ask.Actions&auth.Of(auth.Sub, auth.Get, auth.List) != 0 {
		needed |= sub
	}
	messages := ask.Actions&auth.Of(auth.Pub, auth.Sub) != 0
	switch {
	case ask.Type == auth.Cluster && needed == sub && !messages:
		return ""
	case needed == 0 || ask.Type == auth.Cluster || ask.Name == nil:
		return a.needAdmin(code)
	case a.Admin && (a.hasNoEntries || !messages):
		return ""
	}
	return a.check(ask.Type == auth.Group, string(ask.Name), needed)
}

// check asks for one topic or group. Java: PlainPermissionManager.checkPerm.
func (a *account) check(group bool, name string, needed perm) string {
	kind, listed, own := "topic", a.topics, a.topic
	if group {
		kind, listed, own = "group", a.groups, a.group
	}
	if p, there := listed[name]; there {
		own = p
	}
	if own.allows(needed) {
		return ""
	}
	return "No default permission for " + kind + ":" + name
}

// MayHave is auth.Service.MayHave for accounts: why the sender of a request that was let in may not have a message of
// that topic.
func (s *Service) MayHave(c *wire.Command, p auth.Peer, topic string, actions auth.Actions) (refused string) {
	p.Addr = p.Addr.Unmap().WithZone("")
	st := s.now.Load()
	if !s.set.Strict || st.isWhite(p.Addr) {
		return ""
	}
	a := st.accounts[c.GetString(auth.FieldAccessKey)]
	if a == nil { // was taken away meanwhile
		return "No acl config for " + c.GetString(auth.FieldAccessKey)
	}
	if a.white.Match(p.Addr) {
		return ""
	}
	auth.Asks(topic, actions, func(ask auth.Ask) bool {
		if refused = a.mayAsk(&ask, c.Code); refused != "" {
			s.tell(c, p, &ask, refused)
		}
		return true
	})
	return refused
}

// tell counts, and tells the audit log of what concerns it.
func (s *Service) tell(c *wire.Command, p auth.Peer, ask *auth.Ask, refused string) {
	switch {
	case refused != "":
		s.tallies.Unauthorized.Add(1)
	case s.set.Alone:
		s.tallies.Passed.Add(1)
	}
	if refused != "" || s.set.Alone && ask.Administrative() {
		s.audit(auth.EventOf(c, p, ask, refused))
	}
}
