package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/access"
	"gorocket/cmd/gorocket/keyring"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
)

// closed is a NameServer and a broker with --secure, as gorocket standalone runs them.
type closed struct {
	t             *testing.T
	dir           string // of the certificates and secrets
	namesrv, addr string
	metrics       string
	log           *bytes.Buffer
}

func startSecure(t *testing.T, store string) *closed {
	t.Helper()
	f := standaloneFlags{dev: true, secure: secureFlags{on: true}}
	if err := f.useTemporary(false, false); err != nil {
		t.Fatal(err)
	}
	f.removeTemporary()
	f.store = store
	var lines bytes.Buffer
	log := zerolog.New(zerolog.SyncWriter(&lines))
	n, ns, h, err := f.servers(log, true)
	if err == nil {
		err = startAll([]service{n, h})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopAll([]service{n, h}); err != nil {
			t.Error(err)
		}
	})
	logOpen(log, "namesrv", namesrvDoors(n, &ns)...)
	logOpen(log, "broker", brokerDoors(h.Broker())...)
	c := h.Broker().Config()
	return &closed{t, c.SecureDir, n.Addr(), c.Addr(), h.Broker().MetricsAddr(), &lines}
}

// ask sends a request, signed as who, nil: not signed, and tells the answer's code and remark, or why there is none.
func (c *closed) ask(addr string, a access.Access, code int32, body string) string {
	c.t.Helper()
	client, err := remoting.NewClient(&remoting.Table{}, a.Options())
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = client.Stop() }()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = remoting.Call(ctx, client, addr, code, wire.None, &wire.NoHeader{}, []byte(body))
	if refused := (*remoting.ResponseError)(nil); errors.As(err, &refused) {
		return fmt.Sprintf("%d %s", refused.Code, refused.Remark)
	}
	if err != nil {
		return "none: " + err.Error()
	}
	return "0"
}

// as is whom the folder's file makes: with the authority, and the user of the file; "" nobody.
func (c *closed) as(file string) (a access.Access) {
	c.t.Helper()
	s := secure.Defaults()
	s.TLSEnable, s.TLSTestMode, s.TLSClientAuthServer = true, false, true
	s.TLSClientTrust = filepath.Join(c.dir, keyring.CAFile)
	var err error
	if a.TLS, err = secure.Client(s, ""); err == nil && file != "" {
		a.Credentials, err = access.ReadCredentials(filepath.Join(c.dir, file))
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// TestSecure: with one word every port is encrypted and asks for signatures; the first user is in a file, and can do
// everything; the start says what is open to whom, and no secret; a second start keeps all of it.
func TestSecure(t *testing.T) {
	store := t.TempDir()
	var first access.Access
	for start := range 2 {
		t.Run(fmt.Sprint("start ", start), func(t *testing.T) {
			c := startSecure(t, store)
			admin, nobody := c.as(keyring.AdminFile), c.as("")
			if start == 0 {
				first = admin
			} else if *admin.Credentials != *first.Credentials {
				t.Error("the second start has another secret")
			}
			for _, addr := range []string{c.addr, c.namesrv} {
				code := int32(wire.ReqGetBrokerConfig)
				if addr == c.namesrv {
					code = wire.ReqGetNamesrvConfig
				}
				if got := c.ask(addr, access.Access{}, code, ""); !strings.HasPrefix(got, "none: ") {
					t.Errorf("%s: a plain connection is answered %s", addr, got)
				}
				if got := c.ask(addr, nobody, code, ""); got != "16 username cannot be null." {
					t.Errorf("%s without a signature: %s", addr, got)
				}
				wrong := admin
				wrong.Credentials = &auth.Credentials{AccessKey: "admin", SecretKey: "wrong"}
				if got := c.ask(addr, wrong, code, ""); got != "16 check signature failed." {
					t.Errorf("%s with a wrong secret: %s", addr, got)
				}
				if got := c.ask(addr, admin, code, ""); got != "0" {
					t.Errorf("%s, the first user: %s", addr, got)
				}
			}
			if !strings.HasPrefix(c.metrics, "127.0.0.1:") {
				t.Errorf("metrics on %s", c.metrics)
			}
			said := c.log.String()
			if strings.Contains(said, admin.Credentials.SecretKey) || !strings.Contains(said, c.dir+"/admin.yml") ||
				!strings.Contains(said, ": encrypted, users by their permissions, administration by SUPER users; replication ") {
				t.Error(said)
			}
		})
	}
}

// TestOpenedAgain: a key that opens a door stops the start, and is named; wherever it stands.
func TestOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "server.conf")
	for _, text := range []string{"tls.server.mode=permissive", "tls.server.mode=disabled", "tls.test.mode.enable=true",
		"tls.enable=false", "tls.client.authServer=false"} {
		if err := os.WriteFile(file, []byte("secure=true\nsecureDir="+dir+"/s\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		key, value, _ := strings.Cut(text, "=")
		for _, c := range []*cobra.Command{brokerCommand(), namesrvCommand(), standaloneCommand()} {
			refuses(t, c, key, value, "-c", file)
		}
	}
	for _, text := range []string{"authenticationEnabled=false", "authorizationEnabled=false",
		"authorizationStrictMode=false", "authenticationWhitelist=10", "authorizationWhitelist=10"} {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		key, value, _ := strings.Cut(text, "=")
		refuses(t, brokerCommand(), key, value, "--secure", "--secure-dir", dir+"/s", "-c", file)
	}
	for c, text := range map[*cobra.Command]string{namesrvCommand(): "namesrvAuthenticationEnabled=false",
		controllerCommand(): "controllerAuthenticationEnabled=false"} {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		key, value, _ := strings.Cut(text, "=")
		refuses(t, c, key, value, "--secure", "--secure-dir", dir+"/s", "-c", file)
	}
	t.Setenv(secure.JavaOptions, "-Dtls.server.mode=permissive")
	refuses(t, standaloneCommand(), "tls.server.mode", "permissive", "--secure", "--store", dir+"/store")
}

// refuses expects that the start names the key and the value.
func refuses(t *testing.T, c *cobra.Command, key, value string, args ...string) {
	t.Helper()
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	if want := fmt.Sprintf("config key %s: value %q: secure=true", key, value); err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("%s %v: %v, want %s", c.Name(), args, err, want)
	}
}
