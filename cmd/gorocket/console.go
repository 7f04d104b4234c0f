package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
	"gorocket/cmd/gorocket/access"
	"gorocket/cmd/gorocket/console"
	"gorocket/remoting/admin"
	"gorocket/remoting/secure"
)

// consoleFlags say whether a broker's process has the console; the key consoleEnable says the same.
type consoleFlags struct {
	on  bool
	cmd *cobra.Command
	own bool // what the command does without the flag and the key
}

func (f *consoleFlags) add(c *cobra.Command, on bool) {
	f.cmd, f.own = c, on
	c.Flags().BoolVar(&f.on, "console", on, "the console, a web page on port 8082 of this machine; see docs/console.md")
}

// apply lets the flag win over the file, and the file over what the command does of itself.
func (f *consoleFlags) apply(c *brokerconfig.Config) {
	switch {
	case f.cmd != nil && f.cmd.Flags().Changed("console"):
		c.ConsoleEnable = f.on
	case !slices.Contains(c.Given, "consoleEnable"):
		c.ConsoleEnable = f.own
	}
}

// consoleService is the console in a process that does something else, and that goes on without it. nil: there is none.
type consoleService struct {
	server *console.Server
	host   string
	tls    bool
	login  bool
	keeper *secure.Keeper // nil: plain HTTP
	log    zerolog.Logger
	open   bool
}

// service makes the console of a broker, nil when its configuration wants none.
func (f *consoleFlags) service(log zerolog.Logger, c *brokerconfig.Config) (*consoleService, error) {
	if !c.ConsoleEnable {
		return nil, nil
	}
	dial, err := secure.Client(c.Settings, secure.FromJava())
	if err != nil {
		return nil, err
	}
	o := console.Options{Host: c.ConsoleBindAddress, Port: c.ConsolePort, NameServers: admin.SplitAddrs(c.NamesrvAddr),
		Login: c.AuthenticationEnabled, Dial: dial, Version: version, Log: log}
	if o.Login {
		o.Credentials = c.Credentials() // only for the addresses of the brokers that users log in at
	}
	s := &consoleService{host: o.Host, login: o.Login, log: log}
	if err := s.encrypt(&o, c.Settings); err != nil {
		return nil, err
	}
	s.server, err = console.New(o)
	return s, err
}

// encrypt gives browsers on other machines the server's certificate, if its clients have to encrypt, too.
func (s *consoleService) encrypt(o *console.Options, given secure.Settings) (err error) {
	if console.Loopback(o.Host) || encryption(given) == plain {
		return nil
	}
	if all, err := secure.Complete(given, secure.FromJava()); err != nil || all.TLSServerMode != "enforcing" {
		return err
	}
	s.keeper, err = secure.New(given, secure.FromJava(), func(error) {}) // the server tells of it
	if err != nil {
		return err
	}
	server := s.keeper.TLS().Server
	s.tls = true
	o.Serve = &tls.Config{MinVersion: tls.VersionTLS12}
	o.Serve.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return server(), nil }
	return nil
}

// Start opens the console's port. The process goes on without it when that fails.
func (s *consoleService) Start(ctx context.Context) error {
	if err := s.server.Start(ctx); err != nil {
		s.log.Error().Err(err).Msg("no console: cannot listen on consolePort")
		return nil
	}
	if s.open = true; s.keeper != nil {
		s.keeper.Start()
	}
	return nil
}

// Stop closes it.
func (s *consoleService) Stop(ctx context.Context) error {
	if s.keeper != nil {
		s.keeper.Stop()
	}
	return s.server.Stop(ctx)
}

// Failed never delivers anything.
func (s *consoleService) Failed() <-chan error { return s.server.Failed() }

// url is where the console is, "" when it is not.
func (s *consoleService) url() string {
	if s == nil || !s.open {
		return ""
	}
	return s.server.URL()
}

// door is what is open to whom.
func (s *consoleService) door() door {
	d := door{of: "console", addr: s.url(), encryption: plain, who: anybody}
	switch {
	case s == nil:
	case s.login:
		d.who = "users who log in, changes by SUPER users"
	case console.Loopback(s.host):
		d.who = "anybody on this machine"
	default:
		d.who = "anybody, to look at"
	}
	if s != nil && s.tls {
		d.encryption = "encrypted"
	}
	return d
}

// consoleCommand is the console alone, for a cluster that is there already, Java's too.
func consoleCommand() *cobra.Command {
	var f access.Flags
	var logs logFlags
	var names string
	o := console.Options{Version: version}
	c := &cobra.Command{Use: "console", Args: cobra.NoArgs,
		Short: "run the console, a web page, beside a cluster that is there already, Java's too"}
	c.Flags().StringVarP(&names, "namesrvAddr", "n", os.Getenv("NAMESRV_ADDR"), "NameServers, host:port;host:port")
	c.Flags().IntVar(&o.Port, "port", 8082, "port; when it is taken, the next free one of ten")
	c.Flags().StringVar(&o.Host, "bind", "127.0.0.1", "address to listen on")
	c.Flags().BoolVar(&o.Login, "login", false, "users of the brokers log in (ACL 2.0), SUPER users change things; "+
		"without it whoever is on this machine does as --credentials may")
	f.Add(c)
	logs.add(c)
	c.RunE = func(*cobra.Command, []string) error {
		log, err := logs.logger("console")
		if err != nil {
			return err
		}
		acc, err := f.Access(access.Access{})
		if err != nil {
			return err
		}
		o.NameServers, o.Credentials, o.Dial, o.Log = admin.SplitAddrs(names), acc.Credentials, acc.TLS, log
		if len(o.NameServers) == 0 {
			return errors.New("no NameServer is given: -n host:port or NAMESRV_ADDR")
		}
		s, err := console.New(o)
		if err != nil {
			return err
		}
		p := &process{log: log, logs: &logs, services: []service{s}}
		p.started = func() { fmt.Printf("Console     %s\nready console=%[1]s\n", s.URL()) }
		return logs.report(p.serve())
	}
	return c
}
