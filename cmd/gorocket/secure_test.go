package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/cmd/gorocket/access"
	"gorocket/cmd/gorocket/keyring"
	"gorocket/compat/testutil"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
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
	controller    string
	store         string
	log           *testutil.Log
	config        brokerconfig.Config // of the broker
}

func startSecure(t *testing.T, store string) *closed {
	t.Helper()
	f := standaloneFlags{dev: true, secure: secureFlags{on: true}}
	if err := f.useTemporary(false, false); err != nil {
		t.Fatal(err)
	}
	f.removeTemporary()
	f.store = store
	var lines testutil.Log
	log := zerolog.New(&lines)
	n, h, err := f.servers(log, true)
	if err != nil {
		t.Fatal(err)
	}
	k := secureController(t, log, h.Broker().Config().SecureDir)
	all := []service{n, h, k}
	if err = startAll(all); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopAll(all); err != nil {
			t.Error(err)
		}
	})
	logOpen(log, "namesrv", namesrvDoors(n)...)
	logOpen(log, "broker", brokerDoors(h.Broker())...)
	c := h.Broker().Config()
	return &closed{t: t, dir: c.SecureDir, namesrv: n.Addr(), addr: c.Addr(), metrics: h.Broker().MetricsAddr(),
		controller: k.Addr(), store: store, log: &lines, config: c}
}

// secureController is a controller beside them, with the same folder of secrets.
func secureController(t *testing.T, log zerolog.Logger, dir string) *controller.Server {
	t.Helper()
	port, err := freePort(0)
	if err != nil {
		t.Fatal(err)
	}
	c, root := controller.DefaultConfig(), t.TempDir()
	c.BindAddress, c.Group, c.SelfID, c.Peers = "127.0.0.1", "g", "n0", fmt.Sprintf("n0-127.0.0.1:%d", port)
	c.StorePath, c.ConfigStorePath = filepath.Join(root, "controller"), filepath.Join(root, "controller.properties")
	c.Secure, c.SecureDir = true, dir
	var s *controller.Server
	if err = closeDoors(log, &c, &c.Doors, &c.Settings); err == nil {
		s, err = controller.New(c, log)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a request, signed as who, nil: not signed, and tells the answer's code and remark, or why there is none.
func (c *closed) ask(addr string, a access.Access, code int32, body string) string {
	c.t.Helper()
	client := dialler(c.t, a)
	defer func() { _ = client.Stop() }()
	return ask(client, addr, code, body)
}

func dialler(t *testing.T, a access.Access) *remoting.Client {
	t.Helper()
	client, err := remoting.NewClient(&remoting.Table{}, a.Options())
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func ask(client *remoting.Client, addr string, code int32, body string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := remoting.Call(ctx, client, addr, code, wire.None, &wire.NoHeader{}, []byte(body))
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
			for addr, code := range map[string]int32{c.addr: wire.ReqGetBrokerConfig, c.namesrv: wire.ReqGetNamesrvConfig,
				c.controller: wire.ReqGetControllerConfig} {
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
		"authorizationStrictMode=false", "authenticationWhitelist=10", "authorizationWhitelist=10", "aclEnable=true",
		"haTlsEnable=false"} {
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
	for _, name := range []string{secure.JavaOptions, secure.JavaScripts} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "-Dtls.server.mode=permissive")
			refuses(t, standaloneCommand(), "tls.server.mode", "permissive", "--secure", "--store", dir+"/store")
		})
	}
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

// files are the names of what lies below a folder, each with a sum of its content, but for what servers write by the
// clock: positions, check points.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(d.Name(), "checkpoint") || strings.Contains(path, "timer") {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a .tmp
			return nil
		}
		all[path] = fmt.Sprintf("%d %x", len(b), sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// settled waits until nothing is written any more.
func settled(t *testing.T, root string) map[string]string {
	t.Helper()
	before := files(t, root)
	for {
		time.Sleep(time.Second)
		now := files(t, root)
		if maps.Equal(before, now) {
			return now
		}
		before = now
	}
}

// TestEveryCode sends each request code of the three servers, and some that nobody has, to each port, without a
// signature, by nobody, with a wrong secret and by a disabled user, and without waiting for an answer: all are refused,
// and not one file changes.
func TestEveryCode(t *testing.T) {
	store := t.TempDir()
	c := startSecure(t, store)
	admin := c.as(keyring.AdminFile)
	root := dialler(t, admin)
	defer func() { _ = root.Stop() }()
	before := settled(t, store)
	fast := fastPort(t, c.addr)
	codes := append(append(append([]int32{0, 1, 4711, 9999}, broker.Codes()...), namesrv.Codes()...), controller.Codes()...)
	nobody, wrong, stranger := c.as(""), admin, admin
	wrong.Credentials = &auth.Credentials{AccessKey: admin.Credentials.AccessKey, SecretKey: "wrong"}
	stranger.Credentials = &auth.Credentials{AccessKey: "nobody", SecretKey: admin.Credentials.SecretKey}
	for who, want := range map[*access.Access]string{&nobody: "16 username cannot be null.",
		&wrong: "16 check signature failed.", &stranger: "16 User:nobody is not found."} {
		client := dialler(t, *who)
		for _, addr := range []string{c.addr, fast, c.namesrv, c.controller} {
			for _, code := range codes {
				if addr == c.namesrv && code == wire.ReqGetRouteinfoByTopic {
					continue // given to whoever asks, as clients sign with users that only brokers know
				}
				for _, body := range []string{"", `{"a":1}`, "longPollingEnable=false\n"} {
					if got := ask(client, addr, code, body); got != want {
						t.Errorf("%d to %s with %q: %s, want %s", code, addr, body, got, want)
					}
				}
				oneway(t, client, addr, code)
			}
		}
		if err := client.Stop(); err != nil {
			t.Error(err)
		}
	}
	for addr, code := range map[string]int32{c.addr: wire.ReqGetBrokerConfig, c.namesrv: wire.ReqGetNamesrvConfig,
		c.controller: wire.ReqGetControllerConfig} {
		// after so many wrong secrets from this address one of each half second is looked at
		testutil.WaitFor(t, "the first user is served", func() bool { return ask(root, addr, code, "") == "0" })
	}
	if after := settled(t, store); !maps.Equal(before, after) {
		t.Errorf("files changed: %v, before %v", after, before)
	}
}

func fastPort(t *testing.T, addr string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return net.JoinHostPort(host, strconv.Itoa(n-2))
}

// oneway sends a request that nobody answers.
func oneway(t *testing.T, client *remoting.Client, addr string, code int32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := client.Conn(ctx, addr)
	if err == nil {
		err = remoting.Notify(conn, code, wire.None, &wire.NoHeader{}, []byte("longPollingEnable=false\n"))
	}
	if err != nil {
		t.Error(err)
	}
}

// TestRenewed: a new certificate of this machine is in use within a moment, on every port, and nobody who believes in the
// authority is refused meanwhile.
func TestRenewed(t *testing.T) {
	c := startSecure(t, t.TempDir())
	admin := c.as(keyring.AdminFile)
	ports := map[string]int32{c.addr: wire.ReqGetBrokerConfig, c.namesrv: wire.ReqGetNamesrvConfig,
		c.controller: wire.ReqGetControllerConfig}
	serial := func(addr string) string {
		t.Helper()
		conn, err := tls.Dial("tcp", addr, admin.TLS)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial(c.addr)
	if _, err := keyring.Open(c.dir, keyring.Options{Certificates: true, Renew: true}); err != nil {
		t.Fatal(err)
	}
	for addr, code := range ports {
		testutil.WaitFor(t, "the new certificate", func() bool {
			if got := c.ask(addr, admin, code, ""); got != "0" {
				t.Errorf("%s meanwhile: %s", addr, got)
			}
			return serial(addr) != before
		})
	}
}
