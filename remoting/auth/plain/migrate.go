package plain

import (
	"fmt"
	"strings"

	"gorocket/remoting/auth"
)

// Migrate makes a user of 2.0 of each account below home, unless there is one of that name, with the permissions that
// the account has: admins may do everything. Errors of single accounts are told and do not end it. Java: AuthMigrator.
//
// Unlike Java's: a permission that is none denies, where Java allows everything; a retry topic is its group; accounts
// may still send traces. As in Java addresses do not come over: who is let in by its address alone has to sign.
func Migrate(home string, users *auth.Store, told func(text string, err error)) (made int, err error) {
	if home == "" {
		return 0, errNoHome
	}
	s, err := load(home)
	if err != nil {
		return 0, err
	}
	for _, d := range s.doubts {
		told(d, nil)
	}
	for _, f := range s.files {
		if len(f.white) > 0 {
			told(f.name+": globalWhiteRemoteAddresses do not come over: who is let in by them has to sign", nil)
		}
		for _, a := range f.accounts {
			r := s.accounts[a.AccessKey]
			if _, there := users.User(a.AccessKey); there || r.file != f.name {
				continue
			}
			if err := r.migrate(users); err != nil {
				told("account "+a.AccessKey, err)
				continue
			}
			if made++; a.WhiteRemoteAddress != "" {
				told("account "+a.AccessKey+": whiteRemoteAddress does not come over: who is let in by it has to sign", nil)
			}
		}
	}
	return made, nil
}

func (r *account) migrate(users *auth.Store) error {
	u := auth.User{Username: r.AccessKey, Password: r.SecretKey, Type: auth.Normal, Status: auth.Enabled}
	if r.Admin {
		u.Type = auth.Super
	}
	if err := users.CreateUser(u); err != nil {
		return err
	}
	policies := r.policies()
	if len(policies) == 0 {
		return nil
	}
	if err := users.GrantACL(r.AccessKey, policies); err != nil {
		return fmt.Errorf("it is a user without permissions now: %w", err)
	}
	return nil
}

// policies are the account's permissions as those of 2.0.
func (r *account) policies() (list []auth.Policy) {
	custom := auth.Policy{Type: auth.Custom}
	for _, of := range []struct {
		kind auth.ResourceType
		list []string
	}{{auth.Topic, r.TopicPerms}, {auth.Group, r.GroupPerms}} {
		for _, text := range of.list {
			name, p, _ := strings.Cut(text, "=")
			kind, name := of.kind, strings.TrimSpace(name)
			if group, retry := strings.CutPrefix(name, prefixRetry); retry && kind == auth.Topic {
				kind, name = auth.Group, group
			}
			custom.Entries = append(custom.Entries, entry(auth.Resource{Type: kind, Name: name, Pattern: auth.Literal}, p))
		}
	}
	if !r.Admin {
		custom.Entries = append(custom.Entries, entry(auth.Resource{Type: auth.Topic, Name: topicTrace,
			Pattern: auth.Literal}, "PUB"))
	}
	if len(custom.Entries) > 0 {
		list = append(list, custom)
	}
	standard := auth.Policy{Type: auth.Default}
	if strings.TrimSpace(r.DefaultTopicPerm) != "" {
		standard.Entries = append(standard.Entries, entry(auth.Resource{Type: auth.Topic, Pattern: auth.AnyPattern},
			r.DefaultTopicPerm))
	}
	if strings.TrimSpace(r.DefaultGroupPerm) != "" {
		standard.Entries = append(standard.Entries, entry(auth.Resource{Type: auth.Group, Pattern: auth.AnyPattern},
			r.DefaultGroupPerm))
	}
	if len(standard.Entries) > 0 {
		list = append(list, standard)
	}
	return list
}

func entry(r auth.Resource, permission string) auth.Entry {
	e := auth.Entry{Resource: r, Decision: auth.Allow}
	p, _ := permOf(permission)
	if p&pub != 0 {
		e.Actions = append(e.Actions, auth.Pub)
	}
	if p&sub != 0 {
		e.Actions = append(e.Actions, auth.Sub)
	}
	if len(e.Actions) == 0 {
		e.Actions, e.Decision = []auth.Action{auth.All}, auth.Deny
	}
	return e
}
