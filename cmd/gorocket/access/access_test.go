package access

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// parse is what a command line says; no variable of the environment is set but those that the test sets.
func parse(t *testing.T, args ...string) Flags {
	t.Helper()
	var f Flags
	c := &cobra.Command{Use: "tool", RunE: func(*cobra.Command, []string) error { return nil }}
	f.Add(c)
	c.SetArgs(args)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	return f
}

func noEnvironment(t *testing.T) {
	for _, name := range []string{EnvAccessKey, EnvSecretKey, envHome, secure.JavaOptions, secure.JavaScripts} {
		t.Setenv(name, "")
	}
}

// TestOrder: the flag goes before what the caller has, that before the environment, and Java's file comes last.
func TestOrder(t *testing.T) {
	noEnvironment(t)
	check := func(f Flags, otherwise *auth.Credentials, want string) {
		t.Helper()
		a, err := f.Access(Access{Credentials: otherwise})
		got := ""
		if a.Credentials != nil {
			got = a.Credentials.AccessKey + " " + a.Credentials.SecretKey + " " + a.Credentials.SecurityToken
		}
		if err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%q, want %q (%v)", got, want, err)
		}
	}
	check(parse(t), nil, "")
	home := file(t, "conf/tools.yml", "accessKey: fromHome\nsecretKey: 12345678\n")
	t.Setenv(envHome, filepath.Dir(filepath.Dir(home)))
	check(parse(t), nil, "fromHome 12345678")
	t.Setenv(envHome, t.TempDir())
	check(parse(t), nil, "")
	t.Setenv(EnvAccessKey, "fromEnv")
	if _, err := (&Flags{}).Access(Access{}); err == nil || !strings.Contains(err.Error(), EnvSecretKey) {
		t.Errorf("half of the environment: %v", err)
	}
	t.Setenv(EnvSecretKey, "hidden")
	check(parse(t), nil, "fromEnv hidden")
	check(parse(t), &auth.Credentials{AccessKey: "own", SecretKey: "s"}, "own s")
	f := file(t, "c.yml", "accessKey: 'flag'\nsecretKey: \"x\"\nsecurityToken: tok\nother: [1]\n")
	check(parse(t, "--credentials", f), &auth.Credentials{AccessKey: "own"}, "flag x tok")
}

// TestBadFiles: an error names the file and the line, and nothing of what may be secret.
func TestBadFiles(t *testing.T) {
	noEnvironment(t)
	for text, want := range map[string]string{
		"":                                    "accessKey and secretKey have to stand there",
		"accessKey: me\n":                     "accessKey and secretKey have to stand there",
		"accessKey: me\nsecretKey: ' '\n":     "accessKey and secretKey have to stand there",
		"accessKey: me\nsecretKey: 0123456\n": "line 2: without quotes Java reads another text",
		"accessKey: me\nsecretKey: [hiddenSecret]\n": "line 2: a text has to stand here",
		"hiddenSecret": "line 1: keys and values have to stand here",
		"accessKey: me\naccessKey: me\nsecretKey: hiddenS\n": "line 2: a key for the second time",
		"accessKey: me\n secretKey: hiddenSecret\n":          "line 2: ",
	} {
		path := file(t, "tools.yml", text)
		_, err := ReadCredentials(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := parse(t, "--credentials", "/no/such/file").access(); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := parse(t, "--tls-ca", "/no/such/file").access(); err == nil {
		t.Error("an authority that is not there")
	}
	if _, err := parse(t, "--tls-cert", "/no/such/file").access(); err == nil {
		t.Error("a certificate without a key")
	}
}

func (f Flags) access() (Access, error) { return f.Access(Access{}) }

// TestServer: what the flags say lets a tool in to a server that takes nothing but encrypted, signed requests and asks
// for the tool's certificate, and nothing less does.
func TestServer(t *testing.T) {
	noEnvironment(t)
	authority, other := testutil.NewCertificate(t, nil, time.Hour), testutil.NewCertificate(t, nil, time.Hour)
	of := func(c *testutil.Certificate) (cert, key string) {
		return file(t, "c.pem", string(c.Cert)), file(t, "c.key", string(c.Key))
	}
	cert, key := of(testutil.NewCertificate(t, authority, time.Hour))
	ca, _ := of(authority)
	stranger, _ := of(other)
	s := secure.Defaults()
	s.TLSConfigFile, s.TLSTestMode, s.TLSServerMode, s.TLSServerCert, s.TLSServerKey = "", false, "enforcing", cert, key
	s.TLSNeedClientAuth, s.TLSServerAuthClient, s.TLSServerTrust = "require", true, ca
	k, err := secure.New(s, "", func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	check, err := guard.ForServer(true, auth.Signing{InitAuthenticationUser: `{"username":"me","password":"secret"}`},
		zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := remoting.NewTable(remoting.Entry{Code: 77, Handle: func(c *remoting.Context) { c.OK(nil) }})
	if err != nil {
		t.Fatal(err)
	}
	addr := remotingtest.ServeTable(t, table, remoting.Options{TLS: k.TLS(), Guard: check})
	who := file(t, "who.yml", "accessKey: me\nsecretKey: secret\n")
	wrong := file(t, "wrong.yml", "accessKey: me\nsecretKey: Secret\n")
	for _, c := range []struct {
		args []string
		want string // of the error; "": it is served
	}{
		{[]string{"--credentials", who, "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key}, ""},
		{[]string{"--credentials", who, "--tls", "--tls-cert", cert, "--tls-key", key}, ""},
		{[]string{"--credentials", wrong, "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key}, "check signature failed"},
		{[]string{"--tls-ca", ca, "--tls-cert", cert, "--tls-key", key}, "username cannot be null"},
		{[]string{"--credentials", who, "--tls-ca", stranger, "--tls-cert", cert, "--tls-key", key}, "signed by unknown"},
		{[]string{"--credentials", who, "--tls-ca", ca}, "remoting: "},
		{[]string{"--credentials", who}, "remoting: "},
	} {
		a, err := parse(t, c.args...).access()
		if err == nil {
			err = call(a, addr)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args[:1], err, c.want)
		}
	}
}

func call(a Access, addr string) error {
	cl, err := remoting.NewClient(&remoting.Table{}, a.Options())
	if err == nil {
		err = cl.Start()
	}
	if err != nil {
		return err
	}
	defer func() { _ = cl.Stop() }()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = remoting.Call(ctx, cl, addr, 77, wire.None, new(wire.NoHeader), nil)
	return err
}

// TestEnvironmentTLS: JAVA_OPT_EXT turns encryption on as for Java's tools, and the caller's own goes before it.
func TestEnvironmentTLS(t *testing.T) {
	noEnvironment(t)
	if a, err := parse(t).access(); err != nil || a.TLS != nil {
		t.Errorf("nothing: %v %v", a.TLS, err)
	}
	t.Setenv(secure.JavaOptions, "-Dtls.enable=true")
	if a, err := parse(t).access(); err != nil || a.TLS == nil || a.TLS.MinVersion != tls.VersionTLS12 {
		t.Errorf("-Dtls.enable=true: %v %v", a.TLS, err)
	}
	t.Setenv(secure.JavaOptions, "")
	t.Setenv(secure.JavaScripts, "-Xmx1g -Dtls.enable=true") // the one that Java's mqadmin takes
	if a, err := parse(t).access(); err != nil || a.TLS == nil {
		t.Errorf("JAVA_OPT: %v %v", a.TLS, err)
	}
	t.Setenv(secure.JavaOptions, "-Dtls.enable=false") // which Java's scripts put behind it
	if a, err := parse(t).access(); err != nil || a.TLS != nil {
		t.Errorf("JAVA_OPT_EXT goes before JAVA_OPT: %v %v", a.TLS, err)
	}
	t.Setenv(secure.JavaOptions, "")
	own := &tls.Config{MinVersion: tls.VersionTLS13}
	f := parse(t)
	if a, err := f.Access(Access{TLS: own}); err != nil || a.TLS != own {
		t.Errorf("the caller's own: %v", err)
	}
	f = parse(t, "--tls")
	if a, err := f.Access(Access{TLS: own}); err != nil || a.TLS == own || a.TLS == nil {
		t.Errorf("the flag: %v", err)
	}
}
