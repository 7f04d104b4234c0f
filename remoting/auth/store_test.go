package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
)

// refused fails unless err is the refusal with that text; "" for no error.
func refused(t testing.TB, what string, err error, text string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if r, ok := err.(*Refusal); !ok || r.Text != text {
		t.Errorf("%s: %v, want %q", what, err, text)
	}
}

// TestUsers: what becomes of users, in Java's words.
func TestUsers(t *testing.T) {
	s := NewStore()
	var marked []string
	s.UsersChanged, s.GrantsChanged = func() { marked = append(marked, "users") }, func() { marked = append(marked, "acls") }
	refused(t, "create", s.CreateUser(User{Username: "u", Password: "pw"}), "")
	refused(t, "again", s.CreateUser(User{Username: "u", Password: "pw"}), "The user is existed")
	refused(t, "no password", s.CreateUser(User{Username: "v", Password: " "}), "password can not be blank")
	refused(t, "no name", s.CreateUser(User{Username: " ", Password: "pw"}), "username can not be blank")
	refused(t, "update nobody", s.UpdateUser(User{Username: "v"}), "The user is not exist")
	refused(t, "update no name", s.UpdateUser(User{}), "username can not be blank")
	if got := strings.Join(marked, " "); got != "acls users" {
		t.Errorf("files marked: %s", got)
	}
	if u, ok := s.User("u"); !ok || u != (User{"pw", subjectUser, Enabled, Normal, "u"}) {
		t.Errorf("%+v, %v", u, ok)
	}
	for _, c := range []struct{ change, want User }{
		{User{}, User{"pw", 1, Enabled, Normal, "u"}}, {User{Password: "new"}, User{"new", 1, Enabled, Normal, "u"}},
		{User{Type: Super}, User{"new", 1, Enabled, Super, "u"}}, {User{Status: Disabled, Password: " "},
			User{"new", 1, Disabled, Super, "u"}},
	} {
		c.change.Username = "u"
		refused(t, "update", s.UpdateUser(c.change), "")
		if u, _ := s.User("u"); u != c.want {
			t.Errorf("%+v makes %+v", c.change, u)
		}
	}
	refused(t, "b", s.CreateUser(User{Username: "b1", Password: "p", Type: Super, Status: Disabled}), "")
	if u, _ := s.User("b1"); u.Type != Super || u.Status != Disabled {
		t.Errorf("%+v", u)
	}
	for filter, want := range map[string]string{"": "b1 u", " ": "b1 u", "1": "b1", "x": ""} {
		names := []string{}
		for _, u := range s.Users(filter) {
			names = append(names, u.Username)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("users with %q: %s", filter, got)
		}
	}
	refused(t, "delete", s.DeleteUser("u"), "")
	refused(t, "delete nobody", s.DeleteUser("u"), "")
	if _, ok := s.User("u"); ok {
		t.Error("it is still there")
	}
	if _, _, err := s.Find(" "); err == nil {
		t.Error("a blank name is looked for")
	}
}

// TestACLs: merging, deleting, listing, as Java does.
func TestACLs(t *testing.T) {
	s := NewStore()
	grant := func(user string, custom, standard []string, want string) {
		t.Helper()
		refused(t, fmt.Sprint(user, custom), s.GrantACL(user, policies(t, custom, standard)), want)
	}
	grant("u", []string{"Topic:a Pub Allow"}, nil, "The subject of User:u is not exist.")
	refused(t, "delete", s.DeleteACL("u", 0, nil), "The subject is not exist.")
	refused(t, "u", s.CreateUser(User{Username: "u", Password: "p"}), "")
	refused(t, "delete", s.DeleteACL("u", 0, nil), "The acl is not exist.")
	if acl, err := s.ACL("u"); acl != nil || err != nil {
		t.Errorf("%v, %v", acl, err)
	}
	grant("u", []string{"Topic:a Pub Allow", "Topic:b Sub Deny"}, []string{"Topic:* Get Allow"}, "")
	before, _ := s.ACL("u")
	grant("u", []string{"Topic:a All Deny 10.0.0.1", "Group:c Sub Allow"}, nil, "")
	got, err := s.ACL("u")
	want := &ACL{Subject: Subject{1, "u"}, Policies: policies(t, []string{"Topic:a All Deny 10.0.0.1", "Topic:b Sub Deny",
		"Group:c Sub Allow"}, []string{"Topic:* Get Allow"})}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if before.Policies[0].Entries[0].Decision != Allow {
		t.Error("what somebody has got was changed")
	}
	if _, entries := s.Sizes(); entries != 4 {
		t.Errorf("%d entries", entries)
	}
	for _, c := range []struct{ subject, resource, want string }{{"", "", "4"}, {"User:u", "", "4"}, {"x", "", ""},
		{"", "Topic", "3"}, {"", "Topic:*", "1"}, {"", "Group:c", "1"}, {"", "zzz", ""}} {
		list, got := s.ACLs(c.subject, c.resource), ""
		for _, a := range list {
			got += fmt.Sprint(a.entries())
		}
		if got != c.want {
			t.Errorf("acls with %q, %q: %s entries", c.subject, c.resource, got)
		}
	}
	for _, text := range []string{"Topic:b", "Topic:zzz", "Topic:a", "Group:c"} {
		r, _ := ParseResource(text)
		refused(t, text, s.DeleteACL("u", Custom, &r), "")
	}
	if got, _ := s.ACL("u"); len(got.Policies) != 1 || got.Policies[0].Type != Default {
		t.Errorf("%+v", got)
	}
	all, _ := ParseResource("Topic:*")
	refused(t, "default", s.DeleteACL("u", Default, &all), "")
	if got, _ := s.ACL("u"); got != nil {
		t.Errorf("%+v", got)
	}
	grant("u", []string{"Topic:a Pub Allow"}, nil, "")
	refused(t, "all", s.DeleteACL("u", 0, nil), "")
	grant("u", []string{"Topic:a Pub Allow"}, nil, "")
	refused(t, "user", s.DeleteUser("u"), "")
	if _, err := s.ACL("u"); err == nil || len(s.ACLs("", "")) > 0 {
		t.Error("the policies of a deleted user are there")
	}
	if _, entries := s.Sizes(); entries != 0 {
		t.Errorf("%d entries", entries)
	}
}

// TestPolicyChecks: what Java refuses, in its order and words, and what is too much.
func TestPolicyChecks(t *testing.T) {
	s := NewStore()
	refused(t, "u", s.CreateUser(User{Username: "u", Password: "p"}), "")
	good := func() Entry { return entry(t, "Topic:a Pub Allow") }
	for text, edit := range map[string]func(e *Entry){
		"":                            func(e *Entry) {},
		"The resource is null.":       func(e *Entry) { e.Resource, e.Actions = Resource{}, nil },
		"The actions is empty.":       func(e *Entry) { e.Actions, e.Decision = nil, 0 },
		"The actions can not be Any.": func(e *Entry) { e.Actions = []Action{Pub, Any} },
		"The source ip is empty.":     func(e *Entry) { e.Environment.SourceIPs = []string{" "} },
		"The source ip is invalid.":   func(e *Entry) { e.Environment.SourceIPs = []string{"10.0.0.1", "10.0.0.0/33"} },
		"The decision is null or illegal.": func(e *Entry) {
			e.Decision, e.Environment.SourceIPs = 0,
				[]string{"10.0.0.0/32", "::1", "fd00::/128"}
		},
		"The resource pattern is null.":              func(e *Entry) { e.Resource.Pattern = 0 },
		"an entry has at most 256 source ips":        func(e *Entry) { e.Environment.SourceIPs = make([]string, 257) },
		"a resource has a name of at most 255 bytes": func(e *Entry) { e.Resource.Name = strings.Repeat("x", 256) },
		"there are not so many actions":              func(e *Entry) { e.Actions = slices.Repeat([]Action{Pub}, 11) },
	} {
		e := good()
		edit(&e)
		refused(t, text, s.GrantACL("u", []Policy{{Entries: []Entry{good(), e}}}), text)
	}
	refused(t, "none", s.GrantACL("u", nil), "The policies is empty.")
	refused(t, "empty", s.GrantACL("u", []Policy{{Type: Custom}}), "The policy entries is empty.")
	if a, _ := s.ACL("u"); a.Policies[0].Type != Custom {
		t.Error("a policy without a type is not custom")
	}
	e := good()
	e.Environment = nil
	e.Actions = slices.Repeat([]Action{Pub}, 10)
	e.Resource.Name = strings.Repeat("x", 255)
	e.Environment = &Environment{SourceIPs: slices.Repeat([]string{"10.0.0.1"}, MaxSources)}
	refused(t, "as much as may be", s.GrantACL("u", []Policy{{Entries: []Entry{e}}}), "")
	e.Environment = nil
	refused(t, "no environment", s.GrantACL("u", []Policy{{Entries: []Entry{e}}}), "")
}

// TestLimits: users and entries have a number that cannot be exceeded; what is there may change on.
func TestLimits(t *testing.T) {
	s := NewStore()
	var list []User
	for i := range MaxUsers {
		list = append(list, User{Username: fmt.Sprint("u", i), Password: "p"})
	}
	text, _ := compat.Marshal(usersFile{Users: list})
	if err := s.LoadUsers(text); err != nil {
		t.Fatal(err)
	}
	refused(t, "one more", s.CreateUser(User{Username: "x", Password: "p"}),
		"there are 10000 users already, no more are possible")
	refused(t, "change", s.UpdateUser(User{Username: "u1", Password: "q"}), "")
	long := "a username has at most 255 bytes, a password 1024"
	refused(t, "long", s.UpdateUser(User{Username: "u1", Password: strings.Repeat("p", 1025)}), long)
	refused(t, "as long as it may be", s.UpdateUser(User{Username: "u1", Password: strings.Repeat("p", 1024)}), "")
	refused(t, "delete", s.DeleteUser("u1"), "")
	before := s.Version()
	longest := User{Username: strings.Repeat("x", 255), Password: strings.Repeat("p", 1024)}
	refused(t, "as long as it may be", s.CreateUser(longest), "")
	if s.Version() == before || before == "" {
		t.Errorf("the version stays %q", before)
	}
	text, _ = compat.Marshal(usersFile{Users: []User{longest}})
	if err := NewStore().LoadUsers(text); err != nil {
		t.Error(err)
	}
	for _, u := range []User{{Username: longest.Username + "x"}, {Username: "u", Password: longest.Password + "p"}} {
		text, _ = compat.Marshal(usersFile{Users: []User{u}})
		if err := NewStore().LoadUsers(text); err == nil {
			t.Error("what is too long is read")
		}
	}
	refused(t, "delete", s.DeleteUser(longest.Username), "")
	refused(t, "long", s.CreateUser(User{Username: strings.Repeat("x", 256), Password: "p"}), long)
	var entries []Entry
	for i := range MaxOwn {
		entries = append(entries, entry(t, fmt.Sprintf("Topic:t%d Pub Allow", i)))
	}
	full := fmt.Sprintf("a user has at most %d policy entries, all together have %d", MaxOwn, MaxEntries)
	more := []Entry{entry(t, "Topic:more Pub Allow")}
	for i := 2; i < 2+MaxEntries/MaxOwn; i++ {
		refused(t, "fill", s.GrantACL(fmt.Sprint("u", i), []Policy{{Entries: entries}}), "")
	}
	refused(t, "too many of one", s.GrantACL("u2", []Policy{{Entries: more}}), full)
	refused(t, "too many of all", s.GrantACL("u100", []Policy{{Entries: more}}), full)
	refused(t, "change", s.GrantACL("u2", []Policy{{Entries: entries[:1]}}), "")
	text, _ = compat.Marshal(usersFile{Users: append(list, User{Username: "x"})})
	if err := NewStore().LoadUsers(text); err == nil {
		t.Error("a file with too many users was read")
	}
}

// TestDocuments: what is written is read again, as Java's documents are, with numbers and with names.
func TestDocuments(t *testing.T) {
	s := NewStore()
	refused(t, "u", s.CreateUser(User{Username: "alice", Password: "pw12345678", Type: Super}), "")
	refused(t, "acl", s.GrantACL("alice", policies(t, []string{"Topic:abc* Pub,Sub,All Allow 10.0.0.0/8"}, nil)), "")
	users, err := s.EncodeUsers()
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(users)), ""),
		`{"password":"pw12345678","subjectType":1,"userStatus":1,"userType":1,"username":"alice"}`) {
		t.Errorf("%s, %v", users, err)
	}
	acls, err := s.EncodeACLs()
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(acls)), ""), `{"policies":[{"entries":[{`+
		`"actions":[3,4,1],"decision":1,"environment":{"sourceIps":["10.0.0.0/8"]},"resource":{"resourceName":"abc",`+
		`"resourcePattern":3,"resourceType":4}}],"policyType":1}],"subject":{"subjectType":1,"username":"alice"}}`) {
		t.Errorf("%s, %v", acls, err)
	}
	r := NewStore()
	if err := r.LoadUsers(users); err != nil {
		t.Error(err)
	}
	if err := r.LoadACLs(acls); err != nil {
		t.Error(err)
	}
	two := NewStore()
	if err := two.LoadACLs([]byte(strings.Replace(`{"acls":[X"u"}},X"v"}}]}`, "X", `{"policies":[{"entries":[{"decision":1,`+
		`"resource":{"resourceType":4,"resourcePattern":1}}]}],"subject":{"username":`, 2))); err != nil {
		t.Error(err)
	}
	if _, n := two.Sizes(); n != 2 {
		t.Errorf("%d entries", n)
	}
	a, _ := s.Encode()
	b, _ := r.Encode()
	if string(a) != string(b) {
		t.Errorf("%s\n%s", a, b)
	}
	names := `{"users":[{"password":"p","subjectType":"USER","userStatus":"DISABLE","userType":"SUPER","username":"u"},
		{"password":"p","username":"v","userType":null}]}`
	if err := r.LoadUsers([]byte(names)); err != nil {
		t.Error(err)
	}
	if u, _ := r.User("u"); u != (User{"p", 1, Disabled, Super, "u"}) {
		t.Errorf("%+v", u)
	}
	if err := r.LoadACLs([]byte(`{"acls":[{"policies":[{"entries":[{"actions":["PUB","sub"],"decision":"DENY","resource":` +
		`{"resourcePattern":"ANY","resourceType":"TOPIC"}}],"policyType":"DEFAULT"}],"subject":{"username":"u"}}]}`)); err != nil {
		t.Error(err)
	}
	if got, _ := r.ACL("u"); !cmp.Equal(got.Policies, []Policy{{Type: Default, Entries: []Entry{{Actions: []Action{Pub, Sub},
		Decision: Deny, Resource: Resource{Pattern: AnyPattern, Type: Topic}}}}}) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{`{`, `{"users":[{"password":"p"}]}`, `{"users":[{"username":"u","userType":3}]}`,
		`{"users":[{"username":"u","userType":"KING"}]}`, `{"users":[{"username":"u","userType":0}]}`} {
		if err := NewStore().LoadUsers([]byte(bad)); err == nil {
			t.Errorf("%s is read", bad)
		} else if strings.Contains(err.Error(), `"p"`) {
			t.Errorf("%s: the error tells a secret: %v", bad, err)
		}
	}
	for _, bad := range []string{`{"acls":[null]}`, `{"acls":[{}]}`, `{"acls":[{"subject":{"username":"u"},"policies":` +
		`[{"entries":[{"resource":{"resourceType":4,"resourcePattern":2}}]}]}]}`, `{"acls":[{"subject":{"username":"u"},` +
		`"policies":[{"entries":[{"decision":1,"resource":{"resourceType":4}}]}]}]}`} {
		if err := NewStore().LoadACLs([]byte(bad)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

// TestFollow: a slave has its master's tables, and knows whether it has them already.
func TestFollow(t *testing.T) {
	master, s := NewStore(), NewStore()
	refused(t, "own", s.CreateUser(User{Username: "own", Password: "p"}), "")
	refused(t, "u", master.CreateUser(User{Username: "u", Password: "p"}), "")
	refused(t, "acl", master.GrantACL("u", policies(t, []string{"Topic:a Pub Allow"}, nil)), "")
	text, _ := master.Encode()
	marked := 0
	s.UsersChanged, s.GrantsChanged = func() { marked++ }, func() { marked++ }
	for i, want := range []bool{true, false} {
		if changed, err := s.Follow(text); changed != want || err != nil {
			t.Errorf("time %d: %v, %v", i, changed, err)
		}
	}
	if s.now.Load().number <= 1 {
		t.Error("caches are not told of the change")
	}
	if got, _ := s.Encode(); string(got) != string(text) || marked != 2 {
		t.Errorf("%s, marked %d times", got, marked)
	}
	refused(t, "u", master.UpdateUser(User{Username: "u", Password: "q"}), "")
	text, _ = master.Encode()
	if changed, err := s.Follow(text); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	for _, bad := range []string{`{`, `{"dataVersion":{"counter":99},"users":[{}]}`, `{"dataVersion":{"counter":99},"acls":[{}]}`} {
		if changed, err := s.Follow([]byte(bad)); err == nil || changed {
			t.Errorf("%s was taken: %v, %v", bad, changed, err)
		}
	}
	if u, _ := s.User("u"); u.Password != "q" {
		t.Errorf("%+v", u)
	}
}

// FuzzPolicyJSON: no document of policies makes reading or asking panic, and what is read is written so that it is
// read as the same.
func FuzzPolicyJSON(f *testing.F) {
	f.Add([]byte(`{"acls":[{"policies":[{"entries":[{"actions":[3,4],"decision":1,"environment":{"sourceIps":["10.0.0.0/8"]},` +
		`"resource":{"resourceName":"abc","resourcePattern":3,"resourceType":4}}],"policyType":1}],"subject":` +
		`{"subjectType":1,"username":"alice"}}]}`))
	f.Add([]byte(`{"acls":[{"policies":[{"entries":[{"actions":["PUB"],"decision":"DENY","resource":{"resourcePattern":` +
		`"ANY","resourceType":"ANY"}}]}],"subject":{"username":"a"}}],"dataVersion":{"counter":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewStore()
		if s.LoadACLs(data) != nil {
			return
		}
		text, err := s.EncodeACLs()
		if err != nil {
			t.Fatal(err)
		}
		again := NewStore()
		if err := again.LoadACLs(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for name, g := range s.now.Load().grants {
			a := &Ask{Topic, []byte("abc"), Of(Pub)}
			other := again.now.Load().grants[name]
			if other == nil || g.rules.decide(a, from4) != other.rules.decide(a, from4) {
				t.Errorf("%q decides otherwise after %s", name, text)
			}
		}
	})
}

// TestTwiceInAFile: who stands twice in a file has, or may, one of two things: nobody guesses which.
func TestTwiceInAFile(t *testing.T) {
	s := NewStore()
	if err := s.LoadUsers([]byte(`{"users":[{"username":"u","password":"a"},{"username":"v","password":"b"},` +
		`{"username":"u","password":"hidden"}]}`)); err == nil || !strings.Contains(err.Error(), `user "u" stands there twice`) {
		t.Errorf("users: %v", err)
	}
	entry := func(decision string) string {
		return `{"subject":{"subjectType":1,"username":"u"},"policies":[{"policyType":1,"entries":[{"actions":[1],"decision":` +
			decision + `,"resource":{"resourceType":4,"resourcePattern":1}}]}]}`
	}
	if err := s.LoadACLs([]byte(`{"acls":[` + entry("2") + "," + entry("1") + `]}`)); err == nil ||
		!strings.Contains(err.Error(), `acl of "u" stands there twice`) {
		t.Errorf("acls: %v", err)
	}
	if users, entries := s.Sizes(); users != 0 || entries != 0 {
		t.Errorf("%d users, %d entries", users, entries)
	}
}

// TestFollowNothing: what a master does not say takes no user away: it has at least the one that has asked.
func TestFollowNothing(t *testing.T) {
	s := NewStore()
	if err := s.CreateUser(User{Username: "u", Password: "p"}); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{}`, `{"users":[],"acls":[],"dataVersion":{"counter":99}}`, `{"users":null}`, `[]`, `null`,
		`{"users":[{"username":""}]}`, `{"users":[{"username":"u","password":"` + strings.Repeat("x", maxPassword+1) + `"}]}`,
		`{"users":[{"username":"u"}],"acls":[{"subject":{}}]}`, `{"users":[{"username":"u"},{"username":"u"}]}`} {
		if changed, err := s.Follow([]byte(body)); changed || err == nil {
			t.Errorf("%.60s: changed %v, %v", body, changed, err)
		}
	}
	if _, there := s.User("u"); !there {
		t.Error("u is gone")
	}
}
