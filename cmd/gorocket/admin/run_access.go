package admin

import (
	"errors"
	"strings"

	"gorocket/remoting/admin"
)

func (c *call) userOf() *admin.User {
	return &admin.User{Name: c.value("u"), Password: c.value("p"), Type: c.value("t"), Status: c.value("s")}
}

// known is a user as it is shown as a result: without the password.
func known(u *admin.User) admin.User {
	shown := *u
	shown.Password = ""
	return shown
}

func runCreateUser(c *call) error {
	u := c.userOf()
	return c.atMembers(known(u), func(cl *admin.Client, addr string) error { return cl.CreateUser(c.ctx, addr, u) },
		"create user")
}

func runUpdateUser(c *call) error {
	u := c.userOf()
	return c.atMembers(known(u), func(cl *admin.Client, addr string) error { return cl.UpdateUser(c.ctx, addr, u) },
		"update user")
}

func runDeleteUser(c *call) error {
	return c.atMembers(c.value("u"), func(cl *admin.Client, addr string) error {
		return cl.DeleteUser(c.ctx, addr, c.value("u"))
	}, "delete user")
}

func printUsers(w *text, users []admin.User) {
	const format = "%-16s  %-22s  %-22s  %-22s\n"
	if len(users) == 0 {
		return
	}
	w.f(format, "#UserName", "#Password", "#UserType", "#UserStatus")
	for _, u := range users {
		w.f(format, orNull(u.Name), orNull(u.Password), orNull(u.Type), orNull(u.Status))
	}
}

func runGetUser(c *call) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	users := []admin.User{}
	for _, addr := range addrs {
		u, err := cl.User(c.ctx, addr, c.value("u"))
		if err != nil {
			return err
		}
		if u != nil {
			users = append(users, *u)
			break
		}
	}
	return c.emit(users, func(w *text) { printUsers(w, users) })
}

func runListUser(c *call) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	users, from := []admin.User{}, ""
	for _, addr := range addrs {
		found, err := cl.Users(c.ctx, addr, c.value("f"))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			users, from = found, addr
			break
		}
	}
	return c.emit(users, func(w *text) {
		printUsers(w, users)
		if from != "" && !c.has("b") {
			w.f("get user from %s success.\n", from)
		}
	})
}

// words cuts a list at its commas.
func (c *call) words(key string) []string {
	if !c.has(key) {
		return nil
	}
	var all []string
	for _, w := range strings.Split(c.value(key), ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// aclOf reads the permissions that createAcl and updateAcl describe. Java: AclInfo.of.
func (c *call) aclOf() *admin.ACL {
	var p admin.Policy
	for _, r := range c.words("r") {
		p.Entries = append(p.Entries, admin.PolicyEntry{Resource: r, Actions: c.words("a"), SourceIPs: c.words("i"),
			Decision: c.value("d")})
	}
	return &admin.ACL{Subject: c.value("s"), Policies: []admin.Policy{p}}
}

func runCreateAcl(c *call) error {
	a := c.aclOf()
	return c.atMembers(a, func(cl *admin.Client, addr string) error { return cl.CreateACL(c.ctx, addr, a) }, "create acl")
}

func runUpdateAcl(c *call) error {
	a := c.aclOf()
	return c.atMembers(a, func(cl *admin.Client, addr string) error { return cl.UpdateACL(c.ctx, addr, a) }, "update acl")
}

func runDeleteAcl(c *call) error {
	return c.atMembers(map[string]string{"subject": c.value("s"), "resource": c.value("r")},
		func(cl *admin.Client, addr string) error {
			return cl.DeleteACL(c.ctx, addr, c.value("s"), c.value("r"))
		},
		"delete acl")
}

// printACLs prints the answer of one broker.
func printACLs(w *text, acls []admin.ACL) {
	const format = "%-16s  %-10s  %-22s  %-20s  %-24s  %-10s\n"
	if len(acls) == 0 {
		return
	}
	list := func(l []string) string {
		if l == nil {
			return "null"
		}
		return listText(l)
	}
	w.f(format, "#Subject", "#PolicyType", "#Resource", "#Actions", "#SourceIp", "#Decision")
	for _, a := range acls {
		if len(a.Policies) == 0 {
			w.f(format, a.Subject, "", "", "", "", "")
		}
		for _, p := range a.Policies {
			for _, e := range p.Entries {
				w.f(format, a.Subject, orNull(p.Type), orNull(e.Resource), list(e.Actions), list(e.SourceIPs), orNull(e.Decision))
			}
		}
	}
}

// showACLs asks the broker of -b, or the masters of the cluster of -c, for permissions.
func (c *call) showACLs(get func(cl *admin.Client, addr string) ([]admin.ACL, error)) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	all := map[string][]admin.ACL{}
	for _, addr := range addrs {
		if all[addr], err = get(cl, addr); err != nil {
			return err
		}
	}
	return c.emit(all, func(w *text) {
		for _, addr := range addrs {
			printACLs(w, all[addr])
		}
	})
}

func runGetAcl(c *call) error {
	return c.showACLs(func(cl *admin.Client, addr string) ([]admin.ACL, error) {
		a, err := cl.ACL(c.ctx, addr, c.value("s"))
		if a == nil {
			return nil, err
		}
		return []admin.ACL{*a}, err
	})
}

func runListAcl(c *call) error {
	return c.showACLs(func(cl *admin.Client, addr string) ([]admin.ACL, error) {
		return cl.ACLs(c.ctx, addr, c.value("s"), c.value("r"))
	})
}

// copied is what copyUser and copyAcl took over.
type copied struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Names []string `json:"names"`
}

// copyAll copies each of names, found by list when there are none, and prints those that it has copied.
func (c *call) copyAll(what string, names []string, list func(cl *admin.Client, from string) ([]string, error),
	one func(cl *admin.Client, from, to, name string) (bool, error)) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	from, to := c.value("f"), c.value("t")
	if len(names) == 0 {
		if names, err = list(cl, from); err != nil {
			return err
		}
	}
	d := copied{From: from, To: to, Names: []string{}}
	for _, name := range names {
		var has bool
		if has, err = one(cl, from, to, name); err != nil {
			break
		}
		if has {
			d.Names = append(d.Names, name)
		}
	}
	return errors.Join(err, c.emit(d, func(w *text) {
		for _, name := range d.Names {
			w.f("copy %s of %s from %s to %s success.\n", what, name, from, to)
		}
	}))
}

func runCopyUser(c *call) error {
	return c.copyAll("user", c.words("u"), func(cl *admin.Client, from string) (names []string, err error) {
		users, err := cl.Users(c.ctx, from, "")
		for _, u := range users {
			names = append(names, u.Name)
		}
		return names, err
	}, func(cl *admin.Client, from, to, name string) (bool, error) {
		return copyOne(from, to, func(addr string) (*admin.User, error) { return cl.User(c.ctx, addr, name) },
			func(u *admin.User) error { return cl.CreateUser(c.ctx, to, u) },
			func(u *admin.User) error { return cl.UpdateUser(c.ctx, to, u) })
	})
}

func runCopyAcl(c *call) error {
	return c.copyAll("acl", c.words("s"), func(cl *admin.Client, from string) (names []string, err error) {
		acls, err := cl.ACLs(c.ctx, from, "", "")
		for _, a := range acls {
			names = append(names, a.Subject)
		}
		return names, err
	}, func(cl *admin.Client, from, to, name string) (bool, error) {
		return copyOne(from, to, func(addr string) (*admin.ACL, error) { return cl.ACL(c.ctx, addr, name) },
			func(a *admin.ACL) error { return cl.CreateACL(c.ctx, to, a) },
			func(a *admin.ACL) error { return cl.UpdateACL(c.ctx, to, a) })
	})
}

// copyOne makes one thing at to what it is at from, and tells whether it was there.
func copyOne[T any](from, to string, read func(addr string) (*T, error), create, update func(*T) error) (bool, error) {
	v, err := read(from)
	if err != nil || v == nil {
		return false, err
	}
	old, err := read(to)
	switch {
	case err != nil:
		return true, err
	case old == nil:
		return true, create(v)
	}
	return true, update(v)
}
