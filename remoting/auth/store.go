package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
)

// What a Store holds at most; whoever may make users can make it full, and no fuller.
const (
	MaxUsers    = 10000
	MaxEntries  = 100000 // of all users
	MaxOwn      = 2000   // entries of one user
	MaxSources  = 256    // addresses of one entry
	maxName     = 255    // bytes of a user's name, and of a resource's
	maxPassword = 1024   // bytes
)

// Refusal is why something is not done, in Java's words; it is answered NO_PERMISSION (16).
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// account is a user with what its requests are checked by. Immutable.
type account struct {
	User
	key *Key
}

// grants are one user's policies. Immutable.
type grants struct {
	acl   *ACL
	rules *rules
}

// tables are the users and policies of one moment. Immutable.
type tables struct {
	users   map[string]*account
	grants  map[string]*grants // by user name
	entries int                // of all grants
	version compat.DataVersion
	number  int64 // of this state, for caches; rises by one with each change
}

// Store is the users and their policies. Reading takes no lock. Java: LocalAuthenticationMetadataProvider,
// LocalAuthorizationMetadataProvider, and the managers above them.
type Store struct {
	// UsersChanged and GrantsChanged mark config/users.json and config/acls.json; set before use, nil: there are none.
	UsersChanged, GrantsChanged func()
	// First are users who are always there; set before use.
	First []User

	mu  sync.Mutex // held by who changes
	now atomic.Pointer[tables]
}

// NewStore makes an empty Store.
func NewStore() *Store {
	s := &Store{}
	s.now.Store(&tables{users: map[string]*account{}, grants: map[string]*grants{}})
	return s
}

// Sizes is how many users there are, and entries in their policies.
func (s *Store) Sizes() (users, entries int) {
	t := s.now.Load()
	return len(t.users), t.entries
}

// Changes is how often they have changed.
func (s *Store) Changes() int64 { return s.now.Load().number }

// Begin makes those of First who are not there; once what is kept in files is loaded.
func (s *Store) Begin() error {
	for _, u := range s.First {
		if _, there := s.User(u.Username); there {
			continue
		}
		if err := s.CreateUser(u); err != nil {
			return err
		}
	}
	return nil
}

// User is the user of that name; false when there is none.
func (s *Store) User(name string) (User, bool) {
	if a := s.now.Load().users[name]; a != nil {
		return a.User, true
	}
	return User{}, false
}

// Users are all whose name contains filter, by name.
func (s *Store) Users(filter string) (list []User) {
	for _, a := range s.now.Load().users {
		if blank(filter) || strings.Contains(a.Username, filter) {
			list = append(list, a.User)
		}
	}
	slices.SortFunc(list, func(a, b User) int { return strings.Compare(a.Username, b.Username) })
	return list
}

// Find is a user of whom a peer speaks. Java: AuthenticationMetadataManagerImpl.getUser.
func (s *Store) Find(name string) (u User, found bool, err error) {
	if blank(name) {
		return User{}, false, refuse("username can not be blank")
	}
	u, found = s.User(name)
	return u, found, nil
}

// change replaces the tables by what edit makes of a copy, unless it fails.
func (s *Store) change(edit func(t *tables) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := *s.now.Load()
	if err := edit(&t); err != nil {
		return err
	}
	t.version.Next(0)
	t.number++
	s.now.Store(&t)
	s.changed()
	return nil
}

func newAccount(u User) *account {
	u.SubjectType = subjectUser
	return &account{User: u, key: NewKey(u.Password)}
}

// setUser makes u one of the users.
func (t *tables) setUser(u User) error {
	if u.tooLong() {
		return refuse("a username has at most %d bytes, a password %d", maxName, maxPassword)
	}
	if t.users[u.Username] == nil && len(t.users) >= MaxUsers {
		return refuse("there are %d users already, no more are possible", MaxUsers)
	}
	t.users = maps.Clone(t.users)
	t.users[u.Username] = newAccount(u)
	return nil
}

// setACL replaces the policies of a user; nil: it has none.
func (t *tables) setACL(name string, acl *ACL) error {
	entries := t.entries
	if old := t.grants[name]; old != nil {
		entries -= old.acl.entries()
	}
	t.grants = maps.Clone(t.grants)
	if acl == nil {
		delete(t.grants, name)
		t.entries = entries
		return nil
	}
	if n := acl.entries(); n > MaxOwn || entries+n > MaxEntries {
		return refuse("a user has at most %d policy entries, all together have %d", MaxOwn, MaxEntries)
	}
	t.entries = entries + acl.entries()
	t.grants[name] = &grants{acl: acl, rules: compile(acl)}
	return nil
}

// CreateUser adds a user, a normal and enabled one where it does not say. Errors: *Refusal. Java:
// AuthenticationMetadataManagerImpl.createUser.
func (s *Store) CreateUser(u User) error {
	if blank(u.Username) {
		return refuse("username can not be blank")
	}
	if blank(u.Password) {
		return refuse("password can not be blank")
	}
	if u.Type == 0 {
		u.Type = Normal
	}
	if u.Status == 0 {
		u.Status = Enabled
	}
	return s.change(func(t *tables) error {
		if t.users[u.Username] != nil {
			return refuse("The user is existed")
		}
		return t.setUser(u)
	})
}

// UpdateUser changes what u gives: a password that is not blank, a type, a status. Errors: *Refusal. Java:
// AuthenticationMetadataManagerImpl.updateUser.
func (s *Store) UpdateUser(u User) error {
	if blank(u.Username) {
		return refuse("username can not be blank")
	}
	return s.change(func(t *tables) error {
		old := t.users[u.Username]
		if old == nil {
			return refuse("The user is not exist")
		}
		next := old.User
		if !blank(u.Password) {
			next.Password = u.Password
		}
		if u.Type != 0 {
			next.Type = u.Type
		}
		if u.Status != 0 {
			next.Status = u.Status
		}
		return t.setUser(next)
	})
}

// DeleteUser removes a user and its policies. None of that name is no error. Java:
// AuthenticationMetadataManagerImpl.deleteUser.
func (s *Store) DeleteUser(name string) error {
	return s.change(func(t *tables) error {
		t.users = maps.Clone(t.users)
		delete(t.users, name)
		return t.setACL(name, nil)
	})
}

// GrantACL merges policies into those of a user. Java: AuthorizationMetadataManagerImpl.createAcl, updateAcl.
func (s *Store) GrantACL(name string, policies []Policy) error {
	if err := check(policies); err != nil {
		return err
	}
	return s.change(func(t *tables) error {
		if t.users[name] == nil {
			return refuse("The subject of %s is not exist.", SubjectOf(name))
		}
		if old := t.grants[name]; old != nil {
			return t.setACL(name, old.acl.merged(policies))
		}
		return t.setACL(name, &ACL{Subject: Subject{subjectUser, name}, Policies: policies})
	})
}

// DeleteACL removes the entry of one resource, or without one all policies of a user. Java:
// AuthorizationMetadataManagerImpl.deleteAcl.
func (s *Store) DeleteACL(name string, of PolicyType, r *Resource) error {
	if of == 0 {
		of = Custom
	}
	return s.change(func(t *tables) error {
		if t.users[name] == nil {
			return refuse("The subject is not exist.")
		}
		old := t.grants[name]
		if old == nil {
			return refuse("The acl is not exist.")
		}
		if r == nil {
			return t.setACL(name, nil)
		}
		left := old.acl.without(of, *r)
		if len(left.Policies) == 0 {
			left = nil
		}
		return t.setACL(name, left)
	})
}

// ACL is what a user may do, nil for nothing. It must not be changed. Java: AuthorizationMetadataManagerImpl.getAcl.
func (s *Store) ACL(name string) (*ACL, error) {
	t := s.now.Load()
	if t.users[name] == nil {
		return nil, refuse("The subject is not exist.")
	}
	if g := t.grants[name]; g != nil {
		return g.acl, nil
	}
	return nil, nil
}

// ACLs are the policies of all whose subject (User:name) contains a filter, with the entries whose resource contains
// another one, by name. Java: LocalAuthorizationMetadataProvider.listAcl.
func (s *Store) ACLs(subjectFilter, resourceFilter string) (list []*ACL) {
	t := s.now.Load()
	for _, name := range slices.Sorted(maps.Keys(t.grants)) {
		if !blank(subjectFilter) && !strings.Contains(SubjectOf(name), subjectFilter) {
			continue
		}
		acl := &ACL{Subject: t.grants[name].acl.Subject}
		for _, p := range t.grants[name].acl.Policies {
			if p = p.about(resourceFilter); len(p.Entries) > 0 {
				acl.Policies = append(acl.Policies, p)
			}
		}
		if len(acl.Policies) > 0 {
			list = append(list, acl)
		}
	}
	return list
}

// about is p with the entries whose resource contains filter.
func (p Policy) about(filter string) Policy {
	all := p.Entries
	p.Entries = nil
	for _, e := range all {
		if blank(filter) || strings.Contains(e.Resource.String(), filter) {
			p.Entries = append(p.Entries, e)
		}
	}
	return p
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
