package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
	"gorocket/cmd/gorocket/access"
	"gorocket/cmd/gorocket/keyring"
	"gorocket/compat/testutil"
)

// TestConsoleFlags: standalone has the console and a broker has not, unless the file says otherwise, and the flag wins.
func TestConsoleFlags(t *testing.T) {
	for _, c := range []struct {
		own  bool
		file string
		args []string
		want bool
	}{{true, "", nil, true}, {false, "", nil, false}, {true, "consoleEnable=false", nil, false},
		{false, "consoleEnable=true", nil, true}, {false, "", []string{"--console"}, true},
		{true, "consoleEnable=true", []string{"--console=false"}, false}} {
		file := filepath.Join(t.TempDir(), "broker.conf")
		if err := os.WriteFile(file, []byte(c.file+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := brokerconfig.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var f consoleFlags
		var cmd cobra.Command
		f.add(&cmd, c.own)
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		if f.apply(&cfg); cfg.ConsoleEnable != c.want {
			t.Errorf("%+v: %v", c, cfg.ConsoleEnable)
		}
	}
}

// TestConsoleService: the console of a broker listens where the configuration says, tells who may use it, and a port
// that is taken stops nothing.
func TestConsoleService(t *testing.T) {
	cfg := brokerconfig.Default()
	cfg.NamesrvAddr, cfg.ConsoleEnable, cfg.ConsolePort = "127.0.0.1:1", true, testutil.FreePort(t)
	var f consoleFlags
	s, err := f.service(zerolog.Nop(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	resp, err := http.Get(s.url() + "static/LICENSES.txt")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if d := s.door().String(); !strings.Contains(d, "anybody on this machine") {
		t.Error(d)
	}
	cfg.ConsoleBindAddress, cfg.AuthenticationEnabled = "192.0.2.1", true // no address of this machine
	away, err := f.service(zerolog.Nop(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Start(t.Context()); err != nil || away.url() != "" || away.door().addr != "" {
		t.Errorf("%v, %q", err, away.url())
	}
	if err := away.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	cfg.NamesrvAddr = ""
	if _, err := f.service(zerolog.Nop(), &cfg); err == nil || !strings.Contains(err.Error(), "NameServer") {
		t.Error(err)
	}
	cfg.ConsoleEnable = false
	if none, err := f.service(zerolog.Nop(), &cfg); none != nil || err != nil || none.url() != "" || none.door().addr != "" {
		t.Errorf("%v, %v", none, err)
	}
	c := consoleCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{"-n", ""})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "NAMESRV_ADDR") {
		t.Error(err)
	}
}

// TestConsoleSecure: with --secure users log in by their secrets, over HTTPS with the server's certificate where other
// machines reach the console.
func TestConsoleSecure(t *testing.T) {
	c := startSecure(t, t.TempDir())
	cfg := c.config
	cfg.ConsoleEnable, cfg.ConsolePort, cfg.ConsoleBindAddress = true, testutil.FreePort(t), "0.0.0.0"
	s, err := new(consoleFlags).service(zerolog.Nop(), &cfg)
	if err == nil {
		err = s.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	if d := s.door().String(); !strings.Contains(d, "https://") || !strings.Contains(d, "encrypted, users who log in") {
		t.Error(d)
	}
	pem, err := os.ReadFile(filepath.Join(c.dir, keyring.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer tr.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: tr}
	root, err := access.ReadCredentials(filepath.Join(c.dir, keyring.AdminFile))
	if err != nil {
		t.Fatal(err)
	}
	page := func(resp *http.Response, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range resp.Cookies() {
			if !cookie.Secure {
				t.Errorf("%s goes over plain connections", cookie)
			}
		}
		return string(body)
	}
	token := regexp.MustCompile(`name="token" value="([^"]*)"`).FindStringSubmatch(page(browser.Get(s.url())))
	if token == nil {
		t.Fatal("there is no login")
	}
	body := page(browser.PostForm(s.url()+"login", url.Values{"token": token[1:], "name": {root.AccessKey},
		"secret": {root.SecretKey}}))
	if !strings.Contains(body, "Log out "+root.AccessKey) || !strings.Contains(body, c.addr) ||
		strings.Contains(body, "you can look, not change") {
		t.Error(body)
	}
}
