package main

import (
	"cmp"
	"net"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
	"gorocket/remoting/secure"
)

// door is one address of a server.
type door struct{ of, addr, encryption, who string }

func (d door) String() string { return d.of + " " + d.addr + ": " + d.encryption + ", " + d.who }

const (
	anybody = "anybody"
	plain   = "plain"
)

// logOpen says in one line what is open to whom.
func logOpen(log zerolog.Logger, server string, doors ...door) {
	var words []string
	for _, d := range doors {
		if d.addr != "" {
			words = append(words, d.String())
		}
	}
	log.Info().Str("server", server).Str("open", strings.Join(words, "; ")).Msg("what is open to whom")
}

// encryption is how a port speaks: also by what JAVA_OPT, JAVA_OPT_EXT and tls.config.file say.
func encryption(s secure.Settings) string {
	all, err := secure.Complete(s, secure.FromJava())
	if err != nil { // the start has refused it
		return "unknown"
	}
	how := map[string]string{"disabled": plain, "permissive": "plain or encrypted",
		"enforcing": "encrypted"}[all.TLSServerMode]
	if all.TLSServerMode != "disabled" && !all.TLSTestMode && all.TLSNeedClientAuth == "require" {
		how += " with a client's certificate"
	}
	return how
}

func at(host string, ports ...int) string {
	addr := net.JoinHostPort(host, strconv.Itoa(ports[0]))
	for _, p := range ports[1:] {
		addr += " and " + strconv.Itoa(p)
	}
	return addr
}

// brokerDoors are those of a broker that runs.
func brokerDoors(b *broker.Broker) []door {
	c := b.Config()
	return []door{{"clients", at(c.BindAddress, c.ListenPort, c.ListenPort-2), encryption(c.Settings), brokerGuests(&c)},
		replicationDoor(&c), metricsDoor(b.MetricsAddr(), c.MetricsPromExporterHost, c.BindAddress)}
}

// metricsDoor: addr is where metrics can be reached; host, and else bind, is what they are bound to.
func metricsDoor(addr, host, bind string) door {
	_, port, err := net.SplitHostPort(addr)
	if bound := net.ParseIP(cmp.Or(host, bind)); err == nil && bound.IsUnspecified() {
		addr = net.JoinHostPort(bound.String(), port)
	}
	return door{"metrics", addr, plain, anybody}
}

func replicationDoor(c *brokerconfig.Config) door {
	d := door{"replication", at(c.BindAddress, c.HAListenPort), plain, anybody}
	if c.HATLSEnable {
		d.encryption = "encrypted"
	}
	if c.HATLSEnable && c.Credentials() != nil {
		d.who = "brokers with the secret of innerClientAuthenticationCredentials"
	}
	return d
}

func brokerGuests(c *brokerconfig.Config) string {
	switch {
	case c.ACLEnable && c.AuthenticationEnabled && c.AuthorizationEnabled:
		return "accounts of ACL 1.0 that are users, too, by the permissions of both"
	case c.ACLEnable && c.AuthenticationEnabled:
		return "accounts of ACL 1.0 that are users, too, by their permissions as accounts"
	case c.ACLEnable:
		return "accounts of ACL 1.0 by their permissions, and white addresses"
	case c.Secure:
		return "users by their permissions, administration by SUPER users"
	case c.AuthenticationEnabled && c.AuthorizationEnabled:
		return "users by their permissions"
	case c.AuthenticationEnabled:
		return "users, who may do everything"
	case c.AuthorizationEnabled:
		return "anybody by the name of a user"
	}
	return anybody
}

// namesrvDoors are those of a NameServer that runs.
func namesrvDoors(s *namesrv.Server) []door {
	c, who := s.Config(), anybody
	if c.AuthenticationEnabled {
		who = "routes to anybody, all else to SUPER users and brokers"
	}
	return []door{{"clients", s.Addr(), encryption(c.Settings), who},
		metricsDoor(s.MetricsAddr(localHost), c.MetricsPromExporterHost, c.BindAddress)}
}

// controllerDoors are those of a controller that runs.
func controllerDoors(s *controller.Server) []door {
	c, who := s.Config(), anybody
	if c.AuthenticationEnabled {
		who = "SUPER users, brokers and controllers"
	}
	return []door{{"brokers", s.Addr(), encryption(c.Settings), who},
		metricsDoor(s.MetricsAddr(), c.MetricsPromExporterHost, c.BindAddress)}
}
