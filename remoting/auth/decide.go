package auth

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// Actions is a set of them; a request needs any one of its set.
type Actions uint16

// Of is the set of these actions.
func Of(list ...Action) (s Actions) {
	for _, a := range list {
		s |= 1 << a
	}
	return s
}

// Has tells whether the set has an action.
func (s Actions) Has(a Action) bool { return s&(1<<a) != 0 }

// String lists the set as the audit log has it: Pub,Sub.
func (s Actions) String() string {
	var list []string
	for a := UnknownAction; a <= List; a++ {
		if s.Has(a) {
			list = append(list, a.String())
		}
	}
	return strings.Join(list, ",")
}

// Ask is one resource and what somebody wants to do with it. Java: DefaultAuthorizationContext.
type Ask struct {
	Type    ResourceType
	Name    []byte // nil: the request does not say which, which only an entry for all of the type matches
	Actions Actions
}

// Resource is the key that messages name it by.
func (a *Ask) Resource() string {
	if a.Name == nil {
		return a.Type.String() + ":null"
	}
	return a.Type.String() + ":" + string(a.Name)
}

// Administrative tells whether it is about a change to the cluster, a topic, a group or a user: what an audit log
// notes even where it is allowed.
func (a *Ask) Administrative() bool {
	return a.Actions != 0 && a.Actions&^Of(Create, Update, Delete) == 0
}

// Verdict is what policies say about an Ask.
type Verdict uint8

// The verdicts.
const (
	Allowed   Verdict = iota
	Unmatched         // no entry matches
	Denied            // the first entry that matches denies
	Unusable          // an entry that would count names an address that cannot be read, or the peer has none
)

// rules is an ACL made ready to be asked. Immutable.
type rules struct {
	custom, standard []rule
}

// rule is one entry made ready.
type rule struct {
	resource Resource
	actions  Actions
	deny     bool
	from     []source // empty: from everywhere
}

// source is one address or range of an entry.
type source struct {
	addr  netip.Addr   // the zero Addr: a range
	block netip.Prefix // of numbers, see number
	bad   bool         // Java throws when it is asked
}

// compile makes an ACL ready.
func compile(a *ACL) *rules {
	r := &rules{}
	if p := a.policy(Custom); p != nil {
		r.custom = compileEntries(p.Entries)
	}
	if p := a.policy(Default); p != nil {
		r.standard = compileEntries(p.Entries)
	}
	return r
}

func compileEntries(entries []Entry) []rule {
	list := make([]rule, len(entries))
	for i := range entries {
		e := &entries[i]
		list[i] = rule{resource: e.Resource, actions: Of(e.Actions...), deny: e.Decision == Deny}
		if e.Environment == nil {
			continue
		}
		for _, text := range e.Environment.SourceIPs {
			s, _ := parseSource(text)
			list[i].from = append(list[i].from, s)
		}
	}
	return list
}

// parseSource reads an address or a range in CIDR notation. What is neither matches nothing; a range that cannot be
// read is bad, as Java throws there.
func parseSource(text string) (source, bool) {
	ip, length, _ := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(ip)
	addr = addr.Unmap().WithZone("")
	if length == "" || strings.Contains(length, "/") {
		if strings.Contains(text, "/") {
			addr = netip.Addr{}
		}
		return source{addr: addr}, addr.IsValid()
	}
	n, atoiErr := strconv.Atoi(length)
	if err != nil || atoiErr != nil || n < 0 || n > addr.BitLen() {
		return source{bad: true}, false
	}
	return source{block: netip.PrefixFrom(number(addr), n+128-addr.BitLen()).Masked()}, true
}

// number is an address as Java compares it with a range: as a number, whatever its kind, so that ::/0 holds the
// addresses of IPv4 too.
func number(a netip.Addr) netip.Addr {
	if !a.Is4() {
		return a
	}
	var b [16]byte
	v4 := a.As4()
	copy(b[12:], v4[:])
	return netip.AddrFrom16(b)
}

// decide asks custom entries, and default ones where none of these matches. from is the peer's address without zone,
// unmapped; the zero Addr when it is not known. Java: AclAuthorizationHandler.
func (r *rules) decide(ask *Ask, from netip.Addr) Verdict {
	best, usable := first(r.custom, ask, from)
	if best == nil && usable {
		best, usable = first(r.standard, ask, from)
	}
	switch {
	case !usable:
		return Unusable
	case best == nil:
		return Unmatched
	case best.deny:
		return Denied
	}
	return Allowed
}

// first is the entry that comes before all others that match, nil when none does.
func first(list []rule, ask *Ask, from netip.Addr) (best *rule, usable bool) {
	for i := range list {
		r := &list[i]
		if !r.about(ask) || !r.allows(ask.Actions) {
			continue
		}
		match, ok := r.comesFrom(from)
		if !ok {
			return nil, false
		}
		if match && (best == nil || r.before(best)) {
			best = r
		}
	}
	return best, true
}

// about tells whether the entry's resource is the one that is asked for. Java: Resource.isMatch.
func (r *rule) about(ask *Ask) bool {
	if r.resource.Type == AnyType {
		return true
	}
	if r.resource.Type != ask.Type {
		return false
	}
	switch r.resource.Pattern {
	case AnyPattern:
		return true
	case Literal:
		return ask.Name != nil && string(ask.Name) == r.resource.Name
	}
	return ask.Name != nil && bytes.HasPrefix(ask.Name, []byte(r.resource.Name))
}

// allows tells whether the entry is about one of the actions. Java: PolicyEntry.isMatchAction.
func (r *rule) allows(asked Actions) bool {
	if r.actions == 0 || asked == 0 {
		return false
	}
	return asked.Has(Any) || r.actions.Has(All) || r.actions&asked != 0
}

// comesFrom tells whether the entry is about requests from there; ok is false when that cannot be said. Java:
// Environment.isMatch.
func (r *rule) comesFrom(from netip.Addr) (match, ok bool) {
	if len(r.from) == 0 {
		return true, true
	}
	if !from.IsValid() {
		return false, false
	}
	for i := range r.from {
		s := &r.from[i]
		switch {
		case s.bad:
			return false, false
		case s.addr == from, s.block.IsValid() && s.block.Contains(number(from)):
			return true, true
		}
	}
	return false, true
}

// before is the order of entries that match: those of a type before those of any, a name before a prefix before all, a
// longer prefix before a shorter one, and what denies before what allows. Java: comparePolicyEntries.
func (r *rule) before(o *rule) bool {
	a, b := &r.resource, &o.resource
	if a.Type != b.Type && (a.Type == AnyType || b.Type == AnyType) {
		return b.Type == AnyType
	}
	if x, y := rank(a.Pattern), rank(b.Pattern); x != y {
		return x < y
	}
	if a.Pattern == Prefixed && len(a.Name) != len(b.Name) {
		return len(a.Name) > len(b.Name)
	}
	return r.deny && !o.deny
}

func rank(p Pattern) int {
	switch p {
	case Literal:
		return 0
	case Prefixed:
		return 1
	}
	return 2
}
