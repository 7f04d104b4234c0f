package secure

import (
	"crypto/tls"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"gorocket/remoting/transport"
)

// TestLook: files are read again when their size or time is another one, or when they are so new that they may have been
// written twice within a tick; only another content counts.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	k := &Keeper{seen: map[string]stamp{}}
	file := write(t, dir, "f", []byte("one"))
	old, now := time.Now().Add(-2*time.Minute).Truncate(time.Second), time.Now().Truncate(time.Second)
	step := func(what, text string, at time.Time, want bool) {
		t.Helper()
		write(t, dir, "f", []byte(text))
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		if got := k.look([]string{file, dir + "/none"}); got != want {
			t.Errorf("%s: changed %v", what, got)
		}
	}
	step("at first", "one", old, true)
	step("the same", "one", old, false)
	step("a file that is old and says that it is the same", "two", old, false)
	step("another size", "three", old, true)
	step("another time, the same content", "three", old.Add(-time.Second), false)
	step("another time and content", "tHree", old.Add(-2*time.Second), true)
	step("new, the same content", "tHree", now, false)
	step("new, and written twice within a tick", "thrEE", now, true)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !k.look([]string{file}) || k.look([]string{file}) {
		t.Error("a file that went is told once")
	}
	if step("it is back", "thrEE", old, true); len(k.seen) != 2 {
		t.Errorf("%d files are known", len(k.seen))
	}
}

// TestReloadTells: what is wrong is told once as long as it is the same, and that it is right again too.
func TestReloadTells(t *testing.T) {
	s := normal(t)
	var told []error
	k, err := New(s, "", func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	file := s.TLSConfigFile
	for i, c := range []struct {
		text  string
		tells int
		wrong bool
	}{{"", 1, false}, {"tls.enable=maybe", 1, true}, {"tls.enable=maybe", 0, true}, {"tls.enable=perhaps", 1, true},
		{"tls.enable=true", 1, false}, {"tls.enable=true", 0, false}, {"tls.ciphers=X", 1, true}, {"tls.enable=true", 1, false}} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		told = nil
		if k.reload(); len(told) != c.tells || c.tells > 0 && (told[0] != nil) != c.wrong {
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
