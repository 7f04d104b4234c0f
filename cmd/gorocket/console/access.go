package console

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorocket/remoting/admin"
	"gorocket/remoting/wire"
)

// userRow is a user, as the brokers have it.
type userRow struct {
	Name, Type, Status string
	Brokers            []string
	Differs            bool // not all brokers have the same
}

// policyRow is an entry of a policy.
type policyRow struct {
	Subject, Kind, Resource, Actions, Decision, Sources string
	Brokers                                             []string
}

// accessView is the page of users and permissions.
type accessView struct {
	Users    []userRow
	Policies []policyRow
	Brokers  int
	Partly   []string
	Actions  []string
}

// actions are what a policy allows or denies. Java: Action.
var policyActions = []string{"Pub", "Sub", "Create", "Update", "Delete", "Get", "List", "All"}

// brokerAccess is a broker's part.
type brokerAccess struct {
	users []admin.User
	acls  []admin.ACL
}

func showAccess(r *request) (any, error) {
	nodes, all, partly, err := each(r.Context(), r.b, func(ctx context.Context, n admin.Node) (a brokerAccess, err error) {
		if a.users, err = r.b.Users(ctx, n.Addr, ""); err == nil {
			a.acls, err = r.b.ACLs(ctx, n.Addr, "", "")
		}
		return a, err
	})
	if code := admin.CodeOf(err); code >= 0 && code != wire.NoPermission {
		partly, err = []string{err.Error()}, nil // Java's without a provider of users has none that it could list
	}
	if err != nil {
		return nil, err
	}
	v := accessView{Partly: partly, Brokers: len(nodes), Actions: policyActions}
	for i, n := range nodes {
		for _, u := range all[i].users {
			v.user(n.Broker, u)
		}
		for _, a := range all[i].acls {
			v.acl(n.Broker, a)
		}
	}
	slices.SortFunc(v.Users, func(a, b userRow) int { return strings.Compare(a.Name, b.Name) })
	for i := range v.Users {
		v.Users[i].Differs = v.Users[i].Differs || len(v.Users[i].Brokers) < v.Brokers
	}
	slices.SortStableFunc(v.Policies, func(a, b policyRow) int { return strings.Compare(a.Subject, b.Subject) })
	return v, nil
}

func (v *accessView) user(broker string, u admin.User) {
	at := slices.IndexFunc(v.Users, func(x userRow) bool { return x.Name == u.Name })
	if at < 0 {
		v.Users = append(v.Users, userRow{Name: u.Name, Type: u.Type, Status: u.Status, Brokers: []string{broker}})
		return
	}
	x := &v.Users[at]
	x.Brokers, x.Differs = append(x.Brokers, broker), x.Differs || x.Type != u.Type || x.Status != u.Status
}

func (v *accessView) acl(broker string, a admin.ACL) {
	for _, p := range a.Policies {
		for _, e := range p.Entries {
			row := policyRow{Subject: a.Subject, Kind: p.Type, Resource: e.Resource, Actions: strings.Join(e.Actions, ", "),
				Decision: e.Decision, Sources: strings.Join(e.SourceIPs, ", ")}
			at := slices.IndexFunc(v.Policies, func(x policyRow) bool {
				return x.Subject == row.Subject && x.Kind == row.Kind && x.Resource == row.Resource && x.Actions == row.Actions &&
					x.Decision == row.Decision && x.Sources == row.Sources
			})
			if at < 0 {
				at, v.Policies = len(v.Policies), append(v.Policies, row)
			}
			v.Policies[at].Brokers = append(v.Policies[at].Brokers, broker)
		}
	}
}

// everywhere does something at all masters, and goes on when one fails.
func (r *request) everywhere(do func(ctx context.Context, addr string) error) error {
	nodes, err := r.b.masters(r.Context())
	for _, n := range nodes {
		err = errors.Join(err, do(r.Context(), n.Addr))
	}
	return err
}

// putUser creates a user at all masters, or changes it where there is one; an empty secret stays what it was.
func putUser(r *request) (string, error) {
	name, err := r.need("name")
	if err != nil {
		return "", err
	}
	u := &admin.User{Name: name, Password: r.PostForm.Get("secret"), Type: r.field("type"), Status: r.field("status")}
	return "/access", r.everywhere(func(ctx context.Context, addr string) error {
		old, err := r.b.User(ctx, addr, name)
		switch {
		case err != nil:
			return err
		case old != nil:
			return r.b.UpdateUser(ctx, addr, u)
		case u.Password == "":
			return fail("error.needs", "secret")
		}
		fresh := *u // a new one is enabled
		fresh.Status = ""
		return r.b.CreateUser(ctx, addr, &fresh)
	})
}

// deleteUser deletes a user at all masters.
func deleteUser(r *request) (string, error) {
	name, err := r.need("name")
	if err == nil {
		err = r.sure()
	}
	if err == nil && name == r.b.user {
		err = fail("error.self")
	}
	if err != nil {
		return "", err
	}
	return "/access", r.everywhere(func(ctx context.Context, addr string) error { return r.b.DeleteUser(ctx, addr, name) })
}

// entry names an entry of a policy.
func (r *request) entry() (subject, resource string, err error) {
	if subject, err = r.need("subject"); err == nil {
		resource, err = r.need("resource")
	}
	return subject, resource, err
}

// putPolicy gives a subject an entry for one resource, or changes it.
func putPolicy(r *request) (string, error) {
	subject, resource, err := r.entry()
	if err != nil {
		return "", err
	}
	if !strings.Contains(subject, ":") {
		subject = "User:" + subject
	}
	e := admin.PolicyEntry{Resource: resource, Decision: r.field("decision"), Actions: r.PostForm["action"]}
	if len(e.Actions) == 0 {
		return "", fail("error.needs", "action")
	}
	for _, ip := range strings.FieldsFunc(r.field("sources"), func(c rune) bool { return c == ',' || c == ' ' }) {
		e.SourceIPs = append(e.SourceIPs, ip)
	}
	a := &admin.ACL{Subject: subject, Policies: []admin.Policy{{Entries: []admin.PolicyEntry{e}}}}
	return "/access", r.everywhere(func(ctx context.Context, addr string) error {
		old, err := r.b.ACL(ctx, addr, subject)
		if err != nil {
			return err
		}
		if old != nil && len(old.Policies) > 0 {
			return r.b.UpdateACL(ctx, addr, a)
		}
		return r.b.CreateACL(ctx, addr, a)
	})
}

// deletePolicy takes the entry for a resource away from a subject.
func deletePolicy(r *request) (string, error) {
	subject, resource, err := r.entry()
	if err != nil {
		return "", err
	}
	return "/access", r.everywhere(func(ctx context.Context, addr string) error {
		return r.b.DeleteACL(ctx, addr, subject, resource)
	})
}
