package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	brokerconfig "gorocket/broker/config"
	"gorocket/namesrv"
)

// TestNamesrvDoors: what the line says is what the NameServer does: its own configuration counts, in which secure=true
// has closed the doors, and an address that is open to all is not told as one of this machine's own.
func TestNamesrvDoors(t *testing.T) {
	for secured, want := range map[bool]string{true: ": encrypted, routes to anybody, all else to SUPER users and " +
		"brokers metrics 127.0.0.1:", false: ": plain or encrypted, anybody metrics 0.0.0.0:"} {
		cfg := namesrv.DefaultConfig()
		cfg.BindAddress, cfg.ListenPort, cfg.KVConfigPath = "127.0.0.1", 0, t.TempDir()+"/kv.json"
		cfg.MetricsPromExporterHost = "0.0.0.0"
		if secured {
			cfg.Secure, cfg.SecureDir, cfg.MetricsPromExporterHost = true, t.TempDir(), ""
			if err := closeDoors(zerolog.Nop(), &cfg, &cfg.Doors, &cfg.Settings); err != nil {
				t.Fatal(err)
			}
		}
		s, err := namesrv.New(cfg, zerolog.Nop())
		if err == nil {
			err = s.Start(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Trim(fmt.Sprint(namesrvDoors(s)), "[]")
		if !strings.Contains(got, want) {
			t.Errorf("secure=%v: %s", secured, got)
		}
		if err = s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestMetricsDoor: where metrics listen on all addresses the line says so, and not one at which they are reached.
func TestMetricsDoor(t *testing.T) {
	for _, c := range []struct{ addr, host, bind, want string }{
		{"10.0.0.1:5557", "", "0.0.0.0", "0.0.0.0:5557"}, {"10.0.0.1:5558", "::", "10.0.0.1", "[::]:5558"},
		{"127.0.0.1:5557", "127.0.0.1", "0.0.0.0", "127.0.0.1:5557"}, {"10.0.0.1:5557", "", "10.0.0.1", "10.0.0.1:5557"},
		{"10.0.0.1:5557", "inside", "0.0.0.0", "10.0.0.1:5557"}, {"", "", "0.0.0.0", ""}} {
		if got := metricsDoor(c.addr, c.host, c.bind); got.addr != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

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
