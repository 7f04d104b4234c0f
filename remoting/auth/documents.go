package auth

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorocket/compat"
)

// usersFile is the content of config/users.json.
type usersFile struct {
	DataVersion compat.DataVersion `json:"dataVersion"`
	Users       []User             `json:"users"`
}

// grantsFile is the content of config/acls.json.
type grantsFile struct {
	ACLs        []*ACL             `json:"acls"`
	DataVersion compat.DataVersion `json:"dataVersion"`
}

// everything is what a slave asks its master for.
type everything struct {
	ACLs        []*ACL             `json:"acls"`
	DataVersion compat.DataVersion `json:"dataVersion"`
	Users       []User             `json:"users"`
}

// EncodeUsers is the content of config/users.json. It holds secrets.
func (s *Store) EncodeUsers() ([]byte, error) {
	t := s.now.Load()
	return compat.MarshalPretty(usersFile{t.version, t.userList()})
}

// EncodeACLs is the content of config/acls.json.
func (s *Store) EncodeACLs() ([]byte, error) {
	t := s.now.Load()
	return compat.MarshalPretty(grantsFile{t.aclList(), t.version})
}

// Encode is all of it, for a slave. It holds secrets.
func (s *Store) Encode() ([]byte, error) {
	t := s.now.Load()
	return compat.Marshal(everything{t.aclList(), t.version, t.userList()})
}

// Version is that of all of it, as text.
func (s *Store) Version() string {
	text, err := compat.Marshal(s.now.Load().version)
	if err != nil {
		return ""
	}
	return string(text)
}

func (t *tables) userList() []User {
	list := make([]User, 0, len(t.users))
	for _, name := range slices.Sorted(maps.Keys(t.users)) {
		list = append(list, t.users[name].User)
	}
	return list
}

func (t *tables) aclList() []*ACL {
	list := make([]*ACL, 0, len(t.grants))
	for _, name := range slices.Sorted(maps.Keys(t.grants)) {
		list = append(list, t.grants[name].acl)
	}
	return list
}

// LoadUsers reads config/users.json, in place of all users; before anybody asks.
func (s *Store) LoadUsers(data []byte) error {
	var f usersFile
	if err := compat.Unmarshal(data, &f); err != nil {
		return err
	}
	t := *s.now.Load()
	t.users, t.version = nil, f.DataVersion
	if err := t.load(f.Users); err != nil {
		return err
	}
	s.now.Store(&t)
	return nil
}

// LoadACLs reads config/acls.json, in place of all policies; before anybody asks.
func (s *Store) LoadACLs(data []byte) error {
	var f grantsFile
	if err := compat.Unmarshal(data, &f); err != nil {
		return err
	}
	t := *s.now.Load()
	if err := t.loadACLs(f.ACLs); err != nil {
		return err
	}
	s.now.Store(&t)
	return nil
}

// load makes list the users.
func (t *tables) load(list []User) error {
	if len(list) > MaxUsers {
		return fmt.Errorf("auth: %d users, more than %d", len(list), MaxUsers)
	}
	t.users = make(map[string]*account, len(list))
	for i, u := range list {
		if blank(u.Username) || u.tooLong() {
			return fmt.Errorf("auth: user %d: no name, or name or password are too long", i)
		}
		if t.users[u.Username] != nil {
			return fmt.Errorf("auth: user %.100q stands there twice", u.Username)
		}
		t.users[u.Username] = newAccount(u)
	}
	return nil
}

// loadACLs makes list the policies.
func (t *tables) loadACLs(list []*ACL) error {
	t.grants, t.entries = make(map[string]*grants, len(list)), 0
	for i, acl := range list {
		if acl == nil || blank(acl.Subject.Username) {
			return fmt.Errorf("auth: acl %d: no subject", i)
		}
		if t.grants[acl.Subject.Username] != nil {
			return fmt.Errorf("auth: acl of %.100q stands there twice", acl.Subject.Username)
		}
		for _, p := range acl.Policies {
			for _, e := range p.Entries {
				if e.Decision == 0 || e.Resource.Pattern == 0 {
					return fmt.Errorf("auth: acl of %.100q: an entry without a decision or a pattern", acl.Subject.Username)
				}
			}
		}
		if t.entries += acl.entries(); t.entries > MaxEntries {
			return fmt.Errorf("auth: more than %d policy entries", MaxEntries)
		}
		acl.Subject.SubjectType = subjectUser
		t.grants[acl.Subject.Username] = &grants{acl: acl, rules: compile(acl)}
	}
	return nil
}

var errNobody = errors.New("auth: there are no users in what a master said")

// Follow takes what Encode of a master said in place of everything but First; true when that changed something. What
// was changed here is undone with the next Follow.
func (s *Store) Follow(data []byte) (changed bool, err error) {
	var f everything
	if err := compat.Unmarshal(data, &f); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.now.Load()
	if old.version == f.DataVersion {
		return false, nil
	}
	if len(f.Users) == 0 { // a master that answers has the user at least who has asked
		return false, errNobody
	}
	t := tables{version: f.DataVersion, number: old.number + 1}
	if err := t.load(f.Users); err != nil {
		return false, err
	}
	if err := t.loadACLs(f.ACLs); err != nil {
		return false, err
	}
	for _, u := range s.First {
		if t.users[u.Username] == nil {
			t.users[u.Username] = newAccount(u)
		}
	}
	s.now.Store(&t)
	s.changed()
	return true, nil
}

// changed marks both files, that of the policies first: a crash between the two may leave a user without its policies
// but no policies for a user who is made anew.
func (s *Store) changed() {
	for _, tell := range []func(){s.GrantsChanged, s.UsersChanged} {
		if tell != nil {
			tell()
		}
	}
}
