package auth

import (
	"net/netip"
	"strings"
	"testing"
)

// entry makes one of "Topic:abc* Pub,Sub Allow 10.0.0.0/8,1.2.3.4".
func entry(t testing.TB, text string) Entry {
	t.Helper()
	parts := append(strings.Fields(text), "")
	r, ok := ParseResource(parts[0])
	if !ok {
		t.Fatalf("%s: no resource", text)
	}
	e := Entry{Resource: r, Decision: DecisionOf(parts[2]), Environment: &Environment{}}
	for name := range strings.SplitSeq(parts[1], ",") {
		a, ok := ActionOf(name)
		if !ok {
			t.Fatalf("%s: no action %s", text, name)
		}
		e.Actions = append(e.Actions, a)
	}
	if parts[3] != "" {
		e.Environment.SourceIPs = strings.Split(parts[3], ",")
	}
	return e
}

func policies(t testing.TB, custom, standard []string) (list []Policy) {
	for i, texts := range [][]string{custom, standard} {
		p := Policy{Type: PolicyType(i + 1)}
		for _, text := range texts {
			p.Entries = append(p.Entries, entry(t, text))
		}
		if len(texts) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// TestDecide: which entry counts, by resource, action, address, type and order.
func TestDecide(t *testing.T) {
	const pub, sub = "Pub", "Sub"
	for _, c := range []struct {
		name             string
		custom, standard []string
		resource, action string
		from             string
		want             Verdict
	}{
		{"nothing", nil, nil, "Topic:T", pub, "", Unmatched},
		{"its name", []string{"Topic:T Pub Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"another name", []string{"Topic:T Pub Allow"}, nil, "Topic:T2", pub, "", Unmatched},
		{"another type", []string{"Group:T Pub Allow"}, nil, "Topic:T", pub, "", Unmatched},
		{"another action", []string{"Topic:T Sub Allow"}, nil, "Topic:T", pub, "", Unmatched},
		{"one of two actions", []string{"Topic:T Sub Allow"}, nil, "Topic:T", "Pub,Sub", "", Allowed},
		{"all actions", []string{"Topic:T All Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"any action is asked", []string{"Topic:T Get Allow"}, nil, "Topic:T", "Any", "", Allowed},
		{"every topic", []string{"Topic:* Pub Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"everything", []string{"* Pub Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"a prefix", []string{"Topic:ab* Pub Allow"}, nil, "Topic:abc", pub, "", Allowed},
		{"the prefix itself", []string{"Topic:ab* Pub Allow"}, nil, "Topic:ab", pub, "", Allowed},
		{"no prefix", []string{"Topic:ab* Pub Allow"}, nil, "Topic:a", pub, "", Unmatched},
		{"denied", []string{"Topic:T Pub Deny"}, nil, "Topic:T", pub, "", Denied},
		{"name before prefix", []string{"Topic:ab* Pub Deny", "Topic:abc Pub Allow"}, nil, "Topic:abc", pub, "", Allowed},
		{"name before prefix, denied", []string{"Topic:abc Pub Deny", "Topic:ab* Pub Allow"}, nil, "Topic:abc", pub, "",
			Denied},
		{"longer prefix", []string{"Topic:a* Pub Deny", "Topic:ab* Pub Allow"}, nil, "Topic:abc", pub, "", Allowed},
		{"longer prefix, denied", []string{"Topic:ab* Pub Deny", "Topic:a* Pub Allow"}, nil, "Topic:abc", pub, "", Denied},
		{"prefix before all", []string{"Topic:* Pub Deny", "Topic:a* Pub Allow"}, nil, "Topic:abc", pub, "", Allowed},
		{"prefix before all, turned", []string{"Topic:a* Pub Allow", "Topic:* Pub Deny"}, nil, "Topic:abc", pub, "", Allowed},
		{"all of a type before everything", []string{"* Pub Deny", "Topic:* Pub Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"everything is last", []string{"Topic:* Pub Deny", "* Pub Allow"}, nil, "Topic:T", pub, "", Denied},
		{"deny before allow", []string{"Topic:T Pub Allow", "Topic:T All Deny"}, nil, "Topic:T", pub, "", Denied},
		{"deny before allow, turned", []string{"Topic:T All Deny", "Topic:T Pub Allow"}, nil, "Topic:T", pub, "", Denied},
		{"what denies something else", []string{"Topic:T Sub Deny", "Topic:* Pub Allow"}, nil, "Topic:T", pub, "", Allowed},
		{"custom before default", []string{"Topic:* Pub Allow"}, []string{"Topic:T Pub Deny"}, "Topic:T", pub, "", Allowed},
		{"default where no custom one matches", []string{"Topic:* Sub Allow"}, []string{"Topic:T Pub Deny"}, "Topic:T", pub,
			"", Denied},
		{"default allows", nil, []string{"Topic:* Pub Allow"}, "Topic:T", pub, "", Allowed},
		{"no name, a name", []string{"Topic: Pub Allow"}, nil, "Topic", pub, "", Unmatched},
		{"no name, a prefix", []string{"Topic:** Pub Allow"}, nil, "Topic", pub, "", Unmatched},
		{"no name, all", []string{"Topic:* Pub Allow"}, nil, "Topic", pub, "", Allowed},
		{"empty name", []string{"Topic: Pub Allow"}, nil, "Topic:", pub, "", Allowed},
		{"its address", []string{"Topic:T Sub Allow 10.1.1.1"}, nil, "Topic:T", sub, "10.1.1.1", Allowed},
		{"another address", []string{"Topic:T Sub Allow 10.1.1.1"}, nil, "Topic:T", sub, "10.1.1.2", Unmatched},
		{"one of two", []string{"Topic:T Sub Allow 10.1.1.1,10.1.1.2"}, nil, "Topic:T", sub, "10.1.1.2", Allowed},
		{"a range", []string{"Topic:T Sub Allow 10.1.0.0/16"}, nil, "Topic:T", sub, "10.1.255.255", Allowed},
		{"a range of some address in it", []string{"Topic:T Sub Allow 10.1.7.7/16"}, nil, "Topic:T", sub, "10.1.0.0", Allowed},
		{"outside", []string{"Topic:T Sub Allow 10.1.0.0/16"}, nil, "Topic:T", sub, "10.2.0.0", Unmatched},
		{"denied from there", []string{"Topic:T Sub Deny 10.1.0.0/16", "Topic:* All Allow"}, nil, "Topic:T", sub, "10.1.0.1",
			Denied},
		{"denied elsewhere", []string{"Topic:T Sub Deny 10.1.0.0/16", "Topic:* All Allow"}, nil, "Topic:T", sub, "10.2.0.1",
			Allowed},
		{"IPv6", []string{"Topic:T Sub Allow fd00::/8"}, nil, "Topic:T", sub, "fd12::1", Allowed},
		{"IPv6 address", []string{"Topic:T Sub Allow 0:0:0:0:0:0:0:1"}, nil, "Topic:T", sub, "::1", Allowed},
		{"all of IPv6 holds IPv4", []string{"Topic:T Sub Allow ::/0"}, nil, "Topic:T", sub, "10.1.1.1", Allowed},
		{"IPv4 does not hold IPv6", []string{"Topic:T Sub Allow 0.0.0.0/0"}, nil, "Topic:T", sub, "fd00::1", Unmatched},
		{"unknown address", []string{"Topic:T Sub Allow 10.0.0.0/8"}, nil, "Topic:T", sub, "", Unusable},
		{"unknown address, not asked", []string{"Topic:T Sub Allow"}, nil, "Topic:T", sub, "", Allowed},
		{"a range that is none", []string{"Topic:T Sub Deny x/8", "* All Allow"}, nil, "Topic:T", sub, "10.1.1.1", Unusable},
		{"an address that is none", []string{"Topic:T Sub Allow x"}, nil, "Topic:T", sub, "10.1.1.1", Unmatched},
		{"a range without an address", []string{"Topic:T Sub Allow 10.0.0/8"}, nil, "Topic:T", sub, "10.1.1.1", Unusable},
		{"a range without a length", []string{"Topic:T Sub Allow 10.0.0.0/x"}, nil, "Topic:T", sub, "10.1.1.1", Unusable},
		{"a negative range", []string{"Topic:T Sub Allow 10.0.0.0/-1"}, nil, "Topic:T", sub, "10.1.1.1", Unusable},
		{"the whole of a range", []string{"Topic:T Sub Allow 10.1.1.1/32"}, nil, "Topic:T", sub, "10.1.1.1", Allowed},
		{"two slashes", []string{"Topic:T Sub Allow 10.0.0.0/8/8"}, nil, "Topic:T", sub, "10.1.1.1", Unmatched},
		{"too long a range", []string{"Topic:T Sub Allow 10.0.0.0/33"}, nil, "Topic:T", sub, "10.1.1.1", Unusable},
	} {
		kind, name, named := strings.Cut(c.resource, ":")
		ask := Ask{Type: ResourceType(typeNames.find(kind))}
		if named {
			ask.Name = []byte(name)
		}
		for a := range strings.SplitSeq(c.action, ",") {
			action, _ := ActionOf(a)
			ask.Actions |= Of(action)
		}
		var from netip.Addr
		if c.from != "" {
			from = netip.MustParseAddr(c.from)
		}
		acl := &ACL{Policies: policies(t, c.custom, c.standard)}
		if got := compile(acl).decide(&ask, from); got != c.want {
			t.Errorf("%s: verdict %d, want %d", c.name, got, c.want)
		}
	}
}

// TestResourceText: the texts of resources, as mqadmin sends them, and back.
func TestResourceText(t *testing.T) {
	for text, want := range map[string]Resource{"*": {"", AnyPattern, AnyType}, "Topic:*": {"", AnyPattern, Topic},
		"Topic:a": {"a", Literal, Topic}, "topic:a*": {"a", Prefixed, Topic}, "GROUP:g": {"g", Literal, Group},
		"Cluster:c": {"c", Literal, Cluster}, "Topic:a*b": {"a*b", Literal, Topic}, "Topic:a*b*": {"a", Prefixed, Topic},
		"Topic:": {"", Literal, Topic}, "Topic": {"", Literal, Topic}, "Topic:a:b": {"a:b", Literal, Topic},
		"Namespace:n": {"n", Literal, Namespace}, "Unknown:x": {"x", Literal, UnknownType}} {
		got, ok := ParseResource(text)
		if !ok || got != want {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
	if UnknownAction.String() != "Unknown" || Action(10).String() != "" || Action(-1).String() != "" {
		t.Error("names of actions")
	}
	for subject, want := range map[string]string{"User:u": "u", "user:a:b": "a:b", "Group:u": "", "u": "", "": ""} {
		if name, ok := UsernameOf(subject); ok != (want != "") || ok && name != want {
			t.Errorf("%s is %q, %v", subject, name, ok)
		}
	}
	for _, text := range []string{"", " ", "T:a", ":a", "a"} {
		if got, ok := ParseResource(text); ok {
			t.Errorf("%q is %+v", text, got)
		}
	}
	for _, text := range []string{"*", "Topic:*", "Topic:a", "Topic:a*", "Group:g", "Cluster:c*"} {
		if r, _ := ParseResource(text); r.String() != text {
			t.Errorf("%s is written as %s", text, r)
		}
	}
}

// BenchmarkDecide asks policies of 100 entries.
func BenchmarkDecide(b *testing.B) {
	var texts []string
	for i := range 100 {
		texts = append(texts, "Topic:topic-"+strings.Repeat("x", i)+" Pub,Sub Allow 10.0.0.0/8")
	}
	r := compile(&ACL{Policies: policies(b, texts, nil)})
	ask, from := Ask{Topic, []byte("topic-" + strings.Repeat("x", 70)), Of(Pub)}, netip.MustParseAddr("10.1.1.1")
	b.ReportAllocs()
	for b.Loop() {
		if r.decide(&ask, from) != Allowed {
			b.Fatal("not allowed")
		}
	}
}

// TestAllowsNothing: an entry without actions is about none, and a question about none is not answered by any.
func TestAllowsNothing(t *testing.T) {
	for _, c := range []struct {
		has, asked Actions
		want       bool
	}{{0, 0, false}, {0, Of(Any), false}, {0, Of(Pub), false}, {Of(All), 0, false}, {Of(Pub), 0, false},
		{Of(Pub), Of(Pub), true}, {Of(Pub), Of(Sub), false}, {Of(All), Of(Sub), true}, {Of(Pub), Of(Any), true}} {
		if got := (&rule{actions: c.has}).allows(c.asked); got != c.want {
			t.Errorf("%v asked for %v: %v", c.has, c.asked, got)
		}
	}
}
