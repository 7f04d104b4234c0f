package auth

import "strings"

// Action is something done to a resource. Java: Action.
type Action int8

// The actions, by Java's codes.
const (
	UnknownAction Action = iota
	All
	Any
	Pub
	Sub
	Create
	Update
	Delete
	Get
	List
)

// ResourceType is a kind of resource. Java: ResourceType.
type ResourceType int8

// The kinds of resources, by Java's codes.
const (
	UnknownType ResourceType = iota
	AnyType
	Cluster
	Namespace
	Topic
	Group
)

// Pattern says which resources of its type an entry means. Java: ResourcePattern.
type Pattern int8

// The patterns, by Java's codes.
const (
	AnyPattern Pattern = 1 // all of the type
	Literal    Pattern = 2 // that name
	Prefixed   Pattern = 3 // names that begin so
)

// PolicyType says in which turn a policy is asked. Java: PolicyType.
type PolicyType int8

// The types of policies: default ones count only where no custom one matches.
const (
	Custom  PolicyType = 1
	Default PolicyType = 2
)

// Decision is what an entry decides. Java: Decision.
type Decision int8

// The decisions.
const (
	Allow Decision = 1
	Deny  Decision = 2
)

var (
	actionNames   = names{"Unknown", "All", "Any", "Pub", "Sub", "Create", "Update", "Delete", "Get", "List"}
	typeNames     = names{"Unknown", "Any", "Cluster", "Namespace", "Topic", "Group"}
	patternNames  = names{"", "ANY", "LITERAL", "PREFIXED"}
	policyNames   = names{"", "Custom", "Default"}
	decisionNames = names{"", "Allow", "Deny"}
)

func (a Action) String() string       { return actionNames.name(int(a)) }
func (t ResourceType) String() string { return typeNames.name(int(t)) }
func (t PolicyType) String() string   { return policyNames.name(int(t)) }
func (d Decision) String() string     { return decisionNames.name(int(d)) }

// ActionOf is the action of that name, in any case; false when there is none.
func ActionOf(name string) (Action, bool) {
	code := actionNames.find(name)
	return Action(code), code >= 0
}

// PolicyTypeOf is the type of that name, in any case; 0 for none.
func PolicyTypeOf(name string) PolicyType { return PolicyType(policyNames.find(name)) }

// DecisionOf is the decision of that name, in any case; 0 for none.
func DecisionOf(name string) Decision { return Decision(decisionNames.find(name)) }

// UnmarshalJSON reads a number, or the name of Java's constant.
func (a *Action) UnmarshalJSON(text []byte) error {
	return actionNames.decode("action", text, (*int8)(a))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (t *ResourceType) UnmarshalJSON(text []byte) error {
	return typeNames.decode("resourceType", text, (*int8)(t))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (p *Pattern) UnmarshalJSON(text []byte) error {
	return patternNames.decode("resourcePattern", text, (*int8)(p))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (t *PolicyType) UnmarshalJSON(text []byte) error {
	return policyNames.decode("policyType", text, (*int8)(t))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (d *Decision) UnmarshalJSON(text []byte) error {
	return decisionNames.decode("decision", text, (*int8)(d))
}

// Resource is what an entry is about. Java: Resource.
type Resource struct {
	Name    string       `json:"resourceName,omitempty"` // "" with AnyPattern
	Pattern Pattern      `json:"resourcePattern,omitempty"`
	Type    ResourceType `json:"resourceType"`
}

// ParseResource reads *, Cluster:name, Topic:*, Topic:prefix*, Group:name. false for what Java takes for none.
func ParseResource(key string) (Resource, bool) {
	if key == "*" {
		return Resource{Type: AnyType, Pattern: AnyPattern}, true
	}
	kind, name, _ := strings.Cut(key, ":")
	code := typeNames.find(kind)
	if code < 0 || strings.TrimSpace(key) == "" {
		return Resource{}, false
	}
	r := Resource{Type: ResourceType(code), Pattern: Literal, Name: name}
	switch {
	case name == "*":
		r.Name, r.Pattern = "", AnyPattern
	case strings.HasSuffix(name, "*"): // all behind the first star is cut, as Java does
		r.Name, r.Pattern = name[:strings.Index(name, "*")], Prefixed
	}
	return r, true
}

// String is the text that ParseResource reads.
func (r Resource) String() string {
	if r.Type == AnyType {
		return "*"
	}
	switch r.Pattern {
	case AnyPattern:
		return r.Type.String() + ":*"
	case Prefixed:
		return r.Type.String() + ":" + r.Name + "*"
	}
	return r.Type.String() + ":" + r.Name
}

// Environment bounds where a request may come from. Java: Environment.
type Environment struct {
	SourceIPs []string `json:"sourceIps,omitempty"`
}

// Entry is one rule. Java: PolicyEntry.
type Entry struct {
	Actions     []Action     `json:"actions"`
	Decision    Decision     `json:"decision,omitempty"`
	Environment *Environment `json:"environment,omitempty"`
	Resource    Resource     `json:"resource"`
}

// Policy is the entries of one type. Java: Policy.
type Policy struct {
	Entries []Entry    `json:"entries"`
	Type    PolicyType `json:"policyType,omitempty"`
}

// Subject is whose policies they are, in the document of an ACL.
type Subject struct {
	SubjectType subject `json:"subjectType"`
	Username    string  `json:"username"`
}

// ACL is what one user may do, as its document in config/acls.json has it. Java: Acl.
type ACL struct {
	Policies []Policy `json:"policies"`
	Subject  Subject  `json:"subject"`
}

// policy is the first of that type, nil when there is none.
func (a *ACL) policy(t PolicyType) *Policy {
	for i := range a.Policies {
		if a.Policies[i].Type == t {
			return &a.Policies[i]
		}
	}
	return nil
}

// merged is a with the policies of b: an entry for a resource that a has an entry for takes its place. Java:
// Acl.updatePolicy.
func (a *ACL) merged(b []Policy) *ACL {
	m := a.clone()
	for _, p := range b {
		old := m.policy(p.Type)
		if old == nil {
			m.Policies = append(m.Policies, p)
			continue
		}
		for _, e := range p.Entries {
			if i := old.find(e.Resource); i >= 0 {
				old.Entries[i] = e
			} else {
				old.Entries = append(old.Entries, e)
			}
		}
	}
	return m
}

// without is a without the entry for one resource, and without a policy that is empty then. Java: Acl.deletePolicy.
func (a *ACL) without(t PolicyType, r Resource) *ACL {
	m := a.clone()
	p := m.policy(t)
	if p == nil {
		return m
	}
	if i := p.find(r); i >= 0 {
		p.Entries = append(p.Entries[:i], p.Entries[i+1:]...)
	}
	for i := range m.Policies {
		if len(m.Policies[i].Entries) == 0 && m.Policies[i].Type == t {
			m.Policies = append(m.Policies[:i], m.Policies[i+1:]...)
			break
		}
	}
	return m
}

func (p *Policy) find(r Resource) int {
	for i := range p.Entries {
		if p.Entries[i].Resource == r {
			return i
		}
	}
	return -1
}

// clone copies what merged and without change.
func (a *ACL) clone() *ACL {
	c := &ACL{Subject: a.Subject, Policies: append([]Policy(nil), a.Policies...)}
	for i := range c.Policies {
		c.Policies[i].Entries = append([]Entry(nil), c.Policies[i].Entries...)
	}
	return c
}

// entries is how many there are.
func (a *ACL) entries() (n int) {
	for i := range a.Policies {
		n += len(a.Policies[i].Entries)
	}
	return n
}
