package secure

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// normal are the defaults with a file of TLS keys that is not there.
func normal(t *testing.T) Settings {
	s := Defaults()
	s.TLSConfigFile = filepath.Join(t.TempDir(), "tls.properties")
	return s
}

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// noWarning fails the test for each warning.
func noWarning(t *testing.T) func(error) {
	return func(err error) { t.Error(err) }
}

// handshake connects two configurations and returns both ends' errors.
func handshake(server, client *tls.Config) (serverErr, clientErr error, seen tls.ConnectionState) {
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x")) // with TLS 1.3 a client hears only then that its certificate is refused
		}
		a.Close()
		done <- err
	}()
	c := tls.Client(b, client)
	if clientErr = c.Handshake(); clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	seen = c.ConnectionState()
	b.Close()
	return <-done, clientErr, seen
}

// TestSources: a server's own file, then JAVA_OPT_EXT, then the file of TLS keys, which wins.
func TestSources(t *testing.T) {
	s := normal(t)
	s.TLSServerMode = "disabled"
	got, err := Complete(s, "")
	if err != nil || got.TLSServerMode != "disabled" || !got.TLSTestMode {
		t.Fatalf("%+v, %v", got, err)
	}
	java := "-Xmx1g -Dtls.server.mode=enforcing -Dtls.enable=true -Drocketmq.x=y"
	if got, err = Complete(s, java); err != nil || got.TLSServerMode != "enforcing" || !got.TLSEnable {
		t.Fatalf("%+v, %v", got, err)
	}
	write(t, filepath.Dir(s.TLSConfigFile), "tls.properties", []byte("# ours\ntls.test.mode.enable=false\ntls.enable = false\n"))
	if got, err = Complete(s, java); err != nil || got.TLSTestMode || got.TLSEnable || got.TLSServerMode != "enforcing" {
		t.Fatalf("%+v, %v", got, err)
	}
	for text, want := range map[string]string{"tls.enable=maybe": "tls.enable", "tls.server.need.client.auth=some": "some"} {
		write(t, filepath.Dir(s.TLSConfigFile), "tls.properties", []byte(text))
		if _, err = Complete(s, ""); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), s.TLSConfigFile) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestBadSettings: what no server can run with is refused, with the file or the value that is wrong.
func TestBadSettings(t *testing.T) {
	dir := t.TempDir()
	good, other := testutil.NewCertificate(t, nil, time.Hour), testutil.NewCertificate(t, nil, time.Hour)
	cert, key := write(t, dir, "cert.pem", good.Cert), write(t, dir, "key.pem", good.Key)
	wrong, none := write(t, dir, "other.pem", other.Key), write(t, dir, "none.pem", []byte("nothing"))
	locked := write(t, dir, "locked.pem", []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"))
	for _, c := range []struct {
		want string
		set  func(s *Settings)
	}{
		{"one needs the other", func(s *Settings) { s.TLSServerCert = cert }},
		{"one needs the other", func(s *Settings) { s.TLSServerKey = key }},
		{"tls.server.certPath", func(s *Settings) { s.TLSServerCert, s.TLSServerKey = dir+"/absent", key }},
		{"tls.server.keyPath", func(s *Settings) { s.TLSServerCert, s.TLSServerKey = cert, dir+"/absent" }},
		{wrong, func(s *Settings) { s.TLSServerCert, s.TLSServerKey = cert, wrong }},
		{none, func(s *Settings) { s.TLSServerCert, s.TLSServerKey = none, key }},
		{"encrypted", func(s *Settings) { s.TLSServerCert, s.TLSServerKey = cert, locked }},
		{"tls.server.mode=enforcing", func(s *Settings) { s.TLSServerMode = "enforcing" }},
		{"no certificate in it", func(s *Settings) {
			s.TLSServerCert, s.TLSServerKey, s.TLSServerAuthClient, s.TLSServerTrust = cert, key, true, none
		}},
		{"tls.client.trustCertPath", func(s *Settings) {
			s.TLSEnable, s.TLSClientAuthServer, s.TLSClientTrust = true, true, dir+"/absent"
		}},
		{"tls.client", func(s *Settings) { s.TLSEnable, s.TLSClientCert = true, cert }},
		{"TLSv1.1", func(s *Settings) { s.TLSProtocols = "TLSv1.2, TLSv1.1" }},
		{"TLS_RSA_WITH_RC4_128_SHA", func(s *Settings) { s.TLSCiphers = "TLS_RSA_WITH_RC4_128_SHA" }},
	} {
		s := normal(t)
		s.TLSTestMode = false
		c.set(&s)
		if _, err := New(s, "", noWarning(t)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
	s := normal(t)
	s.TLSTestMode = false
	k, err := New(s, "", noWarning(t))
	if err != nil || k.TLS().Server() != nil || k.TLS().Client() != nil {
		t.Errorf("permissive without a certificate: %v", err)
	}
}

// TestClientCertificates: who may connect by what the server asks of clients; as Java's SslContextBuilder does.
func TestClientCertificates(t *testing.T) {
	dir := t.TempDir()
	authority, stranger := testutil.NewCertificate(t, nil, time.Hour), testutil.NewCertificate(t, nil, time.Hour)
	server, known := testutil.NewCertificate(t, authority, time.Hour), testutil.NewCertificate(t, authority, time.Hour)
	expired := testutil.NewCertificate(t, authority, -time.Minute)
	trust := write(t, dir, "ca.pem", authority.Cert)
	names := map[string]*testutil.Certificate{"server": server, "known": known, "expired": expired, "stranger": stranger}
	for name, c := range names {
		write(t, dir, name+".pem", c.Cert)
		write(t, dir, name+".key", c.Key)
	}
	for _, c := range []struct {
		need  string
		check bool
		admit string // whose certificates are enough
	}{
		{"none", false, " - known stranger expired"}, {"none", true, " - known stranger expired"},
		{"optional", false, " - known stranger expired"}, {"optional", true, " - known"},
		{"require", false, " known stranger expired"}, {"require", true, " known"},
	} {
		s := normal(t)
		s.TLSTestMode, s.TLSNeedClientAuth, s.TLSServerAuthClient, s.TLSServerTrust = false, c.need, c.check, trust
		s.TLSServerCert, s.TLSServerKey = dir+"/server.pem", dir+"/server.key"
		k, err := New(s, "", noWarning(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"-", "known", "stranger", "expired"} {
			cl := normal(t)
			cl.TLSTestMode, cl.TLSEnable, cl.TLSClientAuthServer, cl.TLSClientTrust = false, true, true, trust
			if who != "-" {
				cl.TLSClientCert, cl.TLSClientKey = dir+"/"+who+".pem", dir+"/"+who+".key"
			}
			kc, err := New(cl, "", noWarning(t))
			if err != nil {
				t.Fatal(err)
			}
			client := kc.TLS().Client().Clone()
			if len(client.Certificates) > 0 { // else Go does not show one that the server will not believe
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					return &client.Certificates[0], nil
				}
			}
			atServer, atClient, _ := handshake(k.TLS().Server(), client)
			if want := strings.Contains(c.admit, " "+who); (atServer == nil && atClient == nil) != want {
				t.Errorf("%s, checked %v: %s: %v, %v", c.need, c.check, who, atServer, atClient)
			}
		}
	}
}

// TestServersCertificate: what a client believes.
func TestServersCertificate(t *testing.T) {
	dir := t.TempDir()
	authority := testutil.NewCertificate(t, nil, time.Hour)
	trust := write(t, dir, "ca.pem", authority.Cert)
	for _, c := range []struct {
		what            string
		by              *testutil.Certificate
		valid           time.Duration
		check, believed bool
	}{{"good", authority, time.Hour, true, true}, {"signed by itself", nil, time.Hour, true, false},
		{"expired", authority, -time.Minute, true, false}, {"signed by itself", nil, time.Hour, false, true}} {
		own := testutil.NewCertificate(t, c.by, c.valid)
		s := normal(t)
		s.TLSTestMode, s.TLSEnable, s.TLSClientAuthServer, s.TLSClientTrust = false, true, c.check, trust
		s.TLSServerCert, s.TLSServerKey = write(t, dir, "cert.pem", own.Cert), write(t, dir, "key.pem", own.Key)
		s.TLSProtocols = "TLSv1.2"
		k, err := New(s, "", noWarning(t))
		if err != nil {
			t.Fatal(err)
		}
		_, err, seen := handshake(k.TLS().Server(), k.TLS().Client())
		if (err == nil) != c.believed || err == nil && seen.Version != tls.VersionTLS12 {
			t.Errorf("%s, checked %v: %v, version %x", c.what, c.check, err, seen.Version)
		}
	}
}

// TestReload: a new pair is used for the next connections once both files are there; half of one changes nothing and is
// told once; a pair of test mode stays the same.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	first, second := testutil.NewCertificate(t, nil, time.Hour), testutil.NewCertificate(t, nil, time.Hour)
	s := normal(t)
	s.TLSTestMode = false
	s.TLSServerCert, s.TLSServerKey = write(t, dir, "cert.pem", first.Cert), write(t, dir, "key.pem", first.Key)
	warned := make(chan error, 10)
	k, err := New(s, "", func(err error) { warned <- err })
	if err != nil {
		t.Fatal(err)
	}
	leaf := func() string { return string(k.TLS().Server().Certificates[0].Certificate[0]) }
	before, config := leaf(), k.TLS().Server()
	if k.watch.Look(); k.TLS().Server() != config {
		t.Error("read again although nothing has changed")
	}
	write(t, dir, "cert.pem", second.Cert)
	k.watch.Look()
	k.watch.Look()
	if leaf() != before || len(warned) != 1 || !strings.Contains((<-warned).Error(), "key.pem") {
		t.Errorf("half of a pair: changed %v, %d more warnings", leaf() != before, len(warned))
	}
	k.Start()
	defer k.Stop()
	write(t, dir, "key.pem", second.Key)
	testutil.WaitFor(t, "the second pair", func() bool { return leaf() != before })
	if err := <-warned; err != nil || len(warned) != 0 {
		t.Errorf("told %v, and %d more, of files that were read again", err, len(warned))
	}
}

// TestExpiring: a certificate of a file that has ended, or ends within a month, is told, with its time; one made at the
// start, or good for longer, is not.
func TestExpiring(t *testing.T) {
	for _, c := range []struct {
		lasts time.Duration
		want  string
	}{{-time.Minute, "has ended at 20"}, {20 * 24 * time.Hour, "ends at 20"}, {40 * 24 * time.Hour, ""}} {
		dir, pem := t.TempDir(), testutil.NewCertificate(t, nil, c.lasts)
		s := normal(t)
		s.TLSTestMode = false
		s.TLSServerCert, s.TLSServerKey = write(t, dir, "cert.pem", pem.Cert), write(t, dir, "key.pem", pem.Key)
		k, err := New(s, "", noWarning(t))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := k.Expiring(time.Now()); err != nil {
			got = err.Error()
		}
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || got != "" && !strings.Contains(got, s.TLSServerCert) {
			t.Errorf("%v: %q", c.lasts, got)
		}
	}
	for _, mode := range []string{"permissive", "disabled"} {
		s := normal(t)
		s.TLSServerMode = mode
		if k, err := New(s, "", noWarning(t)); err != nil || k.Expiring(time.Now().AddDate(1, 0, 0)) != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestTestMode: without files both sides speak to each other.
func TestTestMode(t *testing.T) {
	s := normal(t)
	s.TLSEnable = true
	k, err := New(s, "", noWarning(t))
	if err != nil {
		t.Fatal(err)
	}
	server, client, _ := handshake(k.TLS().Server(), k.TLS().Client())
	if server != nil || client != nil {
		t.Error(server, client)
	}
}

// TestCommon: what both directions of a connection have: full records from the first one on, no protocol below TLS 1.2
// whatever is left open, and the one that is named.
func TestCommon(t *testing.T) {
	for protocols, want := range map[string][2]uint16{"": {tls.VersionTLS12, 0},
		"TLSv1.2":          {tls.VersionTLS12, tls.VersionTLS12},
		"TLSv1.3":          {tls.VersionTLS13, tls.VersionTLS13},
		"TLSv1.2, TLSv1.3": {tls.VersionTLS12, tls.VersionTLS13}} {
		s := normal(t)
		s.TLSProtocols = protocols
		c := s.common()
		if got := [2]uint16{c.MinVersion, c.MaxVersion}; got != want || !c.DynamicRecordSizingDisabled {
			t.Errorf("%q: %x, small records at first: %v", protocols, got, !c.DynamicRecordSizingDisabled)
		}
	}
}

// TestClientAlone: a program without a server encrypts as the keys of a server's file say.
func TestClientAlone(t *testing.T) {
	for _, c := range []struct {
		s         Settings
		java      string
		encrypted bool
		wrong     string
	}{
		{Settings{TLSServerMode: "permissive"}, "", false, ""},
		{Settings{TLSServerMode: "permissive", TLSEnable: true, TLSTestMode: true}, "", true, ""},
		{Settings{TLSServerMode: "permissive", TLSTestMode: true}, "-Dtls.enable=true", true, ""},
		{Settings{TLSServerMode: "enforcing", TLSEnable: true, TLSClientCert: "/none", TLSClientKey: "/none"}, "", false, "/none"},
		{Settings{TLSServerMode: "permissive", TLSEnable: true, TLSCiphers: "X"}, "", false, "tls.ciphers"},
	} {
		c.s.TLSNeedClientAuth = "none"
		cfg, err := Client(c.s, c.java)
		if (cfg != nil) != c.encrypted || (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: encrypted %v, %v", c, cfg != nil, err)
		}
	}
}
