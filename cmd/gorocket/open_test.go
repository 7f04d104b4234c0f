package main

import (
	"testing"

	brokerconfig "gorocket/broker/config"
)

// TestGuests: what the line at the start says of a broker's clients, for each way to close its door.
func TestGuests(t *testing.T) {
	for _, c := range []struct {
		acl, users, permissions, secure bool
		want                            string
	}{
		{want: "anybody"},
		{permissions: true, want: "anybody by the name of a user"},
		{users: true, want: "users, who may do everything"},
		{users: true, permissions: true, want: "users by their permissions"},
		{users: true, permissions: true, secure: true, want: "users by their permissions, administration by SUPER users"},
		{acl: true, want: "accounts of ACL 1.0 by their permissions, and white addresses"},
		{acl: true, permissions: true, want: "accounts of ACL 1.0 by their permissions, and white addresses"},
		{acl: true, users: true, want: "accounts of ACL 1.0 that are users, too, by their permissions as accounts"},
		{acl: true, users: true, permissions: true, want: "accounts of ACL 1.0 that are users, too, by the permissions of both"},
	} {
		var conf brokerconfig.Config
		conf.ACLEnable, conf.AuthenticationEnabled, conf.AuthorizationEnabled, conf.Secure = c.acl, c.users, c.permissions,
			c.secure
		if got := brokerGuests(&conf); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
