package admin

import (
	"context"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// User is a user of a broker. Java: UserInfo.
type User struct {
	Password string `json:"password,omitempty"`
	Status   string `json:"userStatus,omitempty"` // enable, disable
	Type     string `json:"userType,omitempty"`   // Super, Normal
	Name     string `json:"username,omitempty"`
}

// ACL are the permissions of a subject, such as User:alice. Java: AclInfo.
type ACL struct {
	Policies []Policy `json:"policies,omitempty"`
	Subject  string   `json:"subject,omitempty"`
}

// Policy is a list of permissions. Java: AclInfo.PolicyInfo.
type Policy struct {
	Entries []PolicyEntry `json:"entries,omitempty"`
	Type    string        `json:"policyType,omitempty"` // Custom, Default
}

// PolicyEntry is what is allowed or denied for one resource. Java: AclInfo.PolicyEntryInfo.
type PolicyEntry struct {
	Actions   []string `json:"actions,omitempty"`
	Decision  string   `json:"decision,omitempty"` // Allow, Deny
	Resource  string   `json:"resource,omitempty"` // Topic:a, Group:*, …
	SourceIPs []string `json:"sourceIps,omitempty"`
}

// putUser sends a user with 3001 or 3002.
func (c *Client) putUser(ctx context.Context, addr string, code int32, u *User) error {
	body, err := compat.Marshal(u)
	if err != nil {
		return err
	}
	_, err = ask(ctx, c, addr, code, wire.UserRequest, &wire.UserHeader{Username: u.Name}, body)
	return err
}

// CreateUser creates a user at a broker (3001).
func (c *Client) CreateUser(ctx context.Context, addr string, u *User) error {
	return c.putUser(ctx, addr, wire.ReqAuthCreateUser, u)
}

// UpdateUser changes a user at a broker (3002); what is empty stays.
func (c *Client) UpdateUser(ctx context.Context, addr string, u *User) error {
	return c.putUser(ctx, addr, wire.ReqAuthUpdateUser, u)
}

// DeleteUser deletes a user at a broker (3003).
func (c *Client) DeleteUser(ctx context.Context, addr, name string) error {
	_, err := ask(ctx, c, addr, wire.ReqAuthDeleteUser, wire.UserRequest, &wire.UserHeader{Username: name}, nil)
	return err
}

// User asks a broker for a user (3004), nil when it has none of that name.
func (c *Client) User(ctx context.Context, addr, name string) (*User, error) {
	resp, err := ask(ctx, c, addr, wire.ReqAuthGetUser, wire.UserRequest, &wire.UserHeader{Username: name}, nil)
	if err != nil || len(resp.Body) == 0 {
		return nil, err
	}
	u := new(User)
	return u, decode(resp, nil, u)
}

// Users asks a broker for the users whose names hold filter (3005).
func (c *Client) Users(ctx context.Context, addr, filter string) (all []User, err error) {
	resp, err := ask(ctx, c, addr, wire.ReqAuthListUser, wire.ListUsersRequest, &wire.ListUsersHeader{Filter: filter}, nil)
	return all, decode(resp, err, &all)
}

func (c *Client) putACL(ctx context.Context, addr string, code int32, a *ACL) error {
	body, err := compat.Marshal(a)
	if err != nil {
		return err
	}
	_, err = ask(ctx, c, addr, code, wire.ACLRequest, &wire.ACLHeader{Subject: a.Subject}, body)
	return err
}

// CreateACL gives permissions at a broker (3006).
func (c *Client) CreateACL(ctx context.Context, addr string, a *ACL) error {
	return c.putACL(ctx, addr, wire.ReqAuthCreateAcl, a)
}

// UpdateACL changes permissions at a broker (3007).
func (c *Client) UpdateACL(ctx context.Context, addr string, a *ACL) error {
	return c.putACL(ctx, addr, wire.ReqAuthUpdateAcl, a)
}

// DeleteACL takes permissions away at a broker (3008); resource "": all.
func (c *Client) DeleteACL(ctx context.Context, addr, subject, resource string) error {
	_, err := ask(ctx, c, addr, wire.ReqAuthDeleteAcl, wire.ACLRequest, &wire.ACLHeader{Subject: subject,
		Resource: resource}, nil)
	return err
}

// ACL asks a broker for the permissions of a subject (3009), nil when it has none.
func (c *Client) ACL(ctx context.Context, addr, subject string) (*ACL, error) {
	resp, err := ask(ctx, c, addr, wire.ReqAuthGetAcl, wire.ACLRequest, &wire.ACLHeader{Subject: subject}, nil)
	if err != nil || len(resp.Body) == 0 {
		return nil, err
	}
	a := new(ACL)
	return a, decode(resp, nil, a)
}

// ACLs asks a broker for permissions by parts of subject and resource (3010).
func (c *Client) ACLs(ctx context.Context, addr, subject, resource string) (all []ACL, err error) {
	resp, err := ask(ctx, c, addr, wire.ReqAuthListAcl, wire.ListACLsRequest, &wire.ListACLsHeader{SubjectFilter: subject,
		ResourceFilter: resource}, nil)
	return all, decode(resp, err, &all)
}
