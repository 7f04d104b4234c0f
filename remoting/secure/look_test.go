package secure

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/transport"
)

// TestReloadTells: what is wrong is told once as long as it is the same, and that it is right again too.
func TestReloadTells(t *testing.T) {
	s := normal(t)
	var told []error
	k, err := New(s, "", func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	file, old := s.TLSConfigFile, time.Now().Add(-time.Second) // nobody writes any more
	for i, c := range []struct {
		text  string
		tells int
		wrong bool
	}{{"", 1, false}, {"tls.enable=maybe", 1, true}, {"tls.enable=maybe", 0, true}, {"tls.enable=perhaps", 1, true},
		{"tls.enable=true", 1, false}, {"tls.enable=true", 0, false}, {"tls.ciphers=X", 1, true}, {"tls.enable=true", 1, false}} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
		told = nil
		if k.watch.Look(); len(told) != c.tells || c.tells > 0 && (told[0] != nil) != c.wrong {
			t.Errorf("%d: told %v", i, told)
		}
	}
	if k.TLS().Client() == nil {
		t.Error("tls.enable=true, and connections are plain")
	}
	if (*Keeper)(nil).TLS() != nil {
		t.Error("no keeper, and TLS")
	}
	(&Keeper{}).Stop()
}

// TestModes: what tls.server.mode says.
func TestModes(t *testing.T) {
	for text, want := range map[string]transport.TLSMode{"disabled": transport.TLSDisabled, "permissive": transport.TLSPermissive,
		"enforcing": transport.TLSEnforcing} {
		s := normal(t)
		s.TLSServerMode = text
		k, err := New(s, "", noWarning(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := k.TLS(); got.Mode != want || (got.Server() == nil) != (want == transport.TLSDisabled) {
			t.Errorf("%s: %v, a certificate %v", text, got.Mode, got.Server() != nil)
		}
	}
}

// TestWords: lists of ciphers and protocols, and files that there are.
func TestWords(t *testing.T) {
	if got := words(" a, ,b,c ,"); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	ids, err := ciphers("TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
	if err != nil || !slices.Equal(ids, []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}) {
		t.Errorf("%x, %v", ids, err)
	}
	for list, want := range map[string][2]uint16{"": {}, "TLSv1.3,TLSv1.2": {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1.3": {tls.VersionTLS13, tls.VersionTLS13}} {
		if low, high, err := protocols(list); low != want[0] || high != want[1] || err != nil {
			t.Errorf("%q: %x to %x, %v", list, low, high, err)
		}
	}
	s := Settings{TLSConfigFile: "a", TLSServerTrust: "b", TLSClientTrust: "c"}
	if got := s.files(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	if err := verify(tls.ConnectionState{}, nil); err == nil || errors.Unwrap(err) != nil {
		t.Errorf("no certificate: %v", err)
	}
}

// TestSettingsFileGoes: the file of tls.config.file that goes away, is emptied or is being written takes no protection
// away: what it said stays, which is told once; when somebody has written less into it, that counts.
func TestSettingsFileGoes(t *testing.T) {
	dir := t.TempDir()
	pair := testutil.NewCertificate(t, nil, time.Hour)
	cert, key := write(t, dir, "cert.pem", pair.Cert), write(t, dir, "key.pem", pair.Key)
	lines := "tls.test.mode.enable=false\ntls.server.certPath=" + cert + "\ntls.server.keyPath=" + key + "\n"
	closed := lines + "tls.server.need.client.auth=require\ntls.server.authClient=true\ntls.server.trustCertPath=" + cert + "\n"
	s := normal(t)
	s.TLSConfigFile = write(t, dir, "tls.properties", []byte(closed))
	var told []string
	k, err := New(s, "", func(err error) { told = append(told, fmt.Sprint(err)) })
	if err != nil {
		t.Fatal(err)
	}
	before := k.TLS().Server()
	if before.ClientAuth != tls.RequireAndVerifyClientCert {
		t.Fatal(before.ClientAuth)
	}
	stays := func(what, want string) {
		t.Helper()
		k.watch.Look()
		k.watch.Look()
		if k.TLS().Server() != before {
			t.Errorf("%s: client certificates are %v now", what, k.TLS().Server().ClientAuth)
		}
		if len(told) > 1 || strings.Join(told, "") != "" && want == "" || !strings.Contains(strings.Join(told, ""), want) {
			t.Errorf("%s: told %q", what, told)
		}
		told = nil
	}
	old := time.Now().Add(-2 * time.Second)
	settled := func(text string) {
		t.Helper()
		write(t, dir, "tls.properties", []byte(text))
		if err := os.Chtimes(s.TLSConfigFile, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.TLSConfigFile); err != nil {
		t.Fatal(err)
	}
	stays("gone", "tls.properties is gone or empty")
	settled(" \n")
	stays("empty", "") // the same
	write(t, dir, "tls.properties", []byte(lines))
	stays("half of it, just written", "")
	settled(closed)
	k.watch.Look()
	before = k.TLS().Server()
	told = nil
	settled(lines)
	k.watch.Look()
	if c := k.TLS().Server(); c.ClientAuth != tls.NoClientCert || strings.Join(told, "") != "<nil>" {
		t.Errorf("less is in it: client certificates %v, told %q", c.ClientAuth, told)
	}
}
