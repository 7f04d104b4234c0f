package keyring

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

func open(t *testing.T, dir string, o Options) *Ring {
	t.Helper()
	r, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func secrets(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// TestOpen: what is missing is made, once, also by servers that start at the same moment; secrets are their owner's.
func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "secure")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := Open(dir, Options{Certificates: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	before := secrets(t, dir)
	r := open(t, dir, Options{Certificates: true})
	if diff := cmp.Diff(before, secrets(t, dir)); diff != "" {
		t.Errorf("a second start changes it: %s", diff)
	}
	for _, name := range []string{caKeyFile, keyFile, AdminFile, innerFile} {
		info, err := os.Stat(r.Path(name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	keys := r.Keys()
	var admin struct{ Username, Password string }
	if err := json.Unmarshal([]byte(keys["initAuthenticationUser"]), &admin); err != nil || admin.Username != "admin" ||
		len(admin.Password) < 40 {
		t.Errorf("%v %s, %d characters", err, admin.Username, len(admin.Password))
	}
	if keys["innerClientAuthenticationCredentials"] == "" || strings.Contains(keys["innerClientAuthenticationCredentials"],
		admin.Password) {
		t.Error("the servers have no secret of their own")
	}
	if other := open(t, t.TempDir(), Options{}).Keys(); other["initAuthenticationUser"] == keys["initAuthenticationUser"] {
		t.Error("two folders have one secret")
	}
}

// TestCertificate: the one for servers is signed by the authority, for servers and clients, and a new one by the same.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, Options{Certificates: true})
	verify := func() string {
		t.Helper()
		pair, err := tls.LoadX509KeyPair(r.Path(certFile), r.Path(keyFile))
		if err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile(r.Path(CAFile))
		roots := x509.NewCertPool()
		if err != nil || !roots.AppendCertsFromPEM(ca) {
			t.Fatal(err)
		}
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			o := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}, DNSName: "localhost"}
			if _, err := pair.Leaf.Verify(o); err != nil {
				t.Error(err)
			}
		}
		if pair.Leaf.IsCA {
			t.Error("the certificate of a server signs others")
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := verify()
	ca := secrets(t, dir)[CAFile]
	open(t, dir, Options{Certificates: true, Renew: true})
	if verify() == first || secrets(t, dir)[CAFile] != ca {
		t.Error("--renew makes no new certificate by the same authority")
	}
}

// TestAuthorityRenewed: while an authority is replaced ca.pem holds both, in any order; a new certificate is by the one
// whose key is there, and is believed by who knows either or both.
func TestAuthorityRenewed(t *testing.T) {
	dir, next := t.TempDir(), t.TempDir()
	r := open(t, dir, Options{Certificates: true})
	open(t, next, Options{Certificates: true})
	old, fresh := secrets(t, dir)[CAFile], secrets(t, next)[CAFile]
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(r.Path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(caKeyFile, secrets(t, next)[caKeyFile])
	for _, both := range []string{old + fresh, fresh + old} {
		write(CAFile, both)
		open(t, dir, Options{Certificates: true, Renew: true})
		pair, err := tls.LoadX509KeyPair(r.Path(certFile), r.Path(keyFile))
		if err != nil {
			t.Fatal(err)
		}
		for ca, want := range map[string]bool{fresh: true, old: false} {
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM([]byte(ca))
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); (err == nil) != want {
				t.Errorf("signed by the new one: %v, %v", want, err)
			}
		}
		if secrets(t, dir)[CAFile] != both {
			t.Error("ca.pem is another file")
		}
	}
	write(CAFile, old)
	_, err := Open(dir, Options{Certificates: true, Renew: true})
	if err == nil || !strings.Contains(err.Error(), "none of its certificates is that of "+r.Path(caKeyFile)) {
		t.Errorf("a key of another authority: %v", err)
	}
}

// TestOtherMachines: with a copy of the folder without server.*, a machine makes a certificate of its own; without
// ca.key it needs one that was made elsewhere.
func TestOtherMachines(t *testing.T) {
	first, dir := t.TempDir(), t.TempDir()
	r := open(t, first, Options{Certificates: true})
	give := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(secrets(t, first)[name]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(CAFile, AdminFile, innerFile)
	if _, err := Open(dir, Options{Certificates: true}); err == nil || !strings.Contains(err.Error(), caKeyFile) {
		t.Errorf("without ca.key: %v", err)
	}
	give(caKeyFile)
	other := open(t, dir, Options{Certificates: true})
	if secrets(t, dir)[keyFile] == secrets(t, first)[keyFile] {
		t.Error("both have one key")
	}
	for _, key := range []string{"initAuthenticationUser", "innerClientAuthenticationCredentials"} {
		if other.Keys()[key] != r.Keys()[key] {
			t.Errorf("%s is another one", key)
		}
	}
	if err := os.Remove(filepath.Join(dir, caKeyFile)); err != nil {
		t.Fatal(err)
	}
	open(t, dir, Options{Certificates: true}) // it has its certificate
}

// TestRefused: folders and secrets that others can reach, halves of pairs, and files that are something else; no error
// holds a secret.
func TestRefused(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"chmod 700": func(dir string) error { return os.Chmod(dir, 0o777) },
		"chmod 600": func(dir string) error { return os.Chmod(filepath.Join(dir, AdminFile), 0o640) },
		keyFile:     func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) },
		"secretKey": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, innerFile), []byte("accessKey: hush"), 0o600)
		},
		"it is no file": func(dir string) error { return nil },
	} {
		dir := t.TempDir()
		open(t, dir, Options{Certificates: true})
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if name == "it is no file" {
			dir, name = filepath.Join(dir, AdminFile), AdminFile
		}
		_, err := Open(dir, Options{Certificates: true})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHalfMade: what a crash leaves of the first start is made whole by the next.
func TestHalfMade(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{Certificates: true})
	for _, name := range []string{CAFile, certFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, dir, Options{Certificates: true})
	if _, err := tls.LoadX509KeyPair(r.Path(certFile), r.Path(keyFile)); err != nil {
		t.Error(err)
	}
}

// TestNoFiles: a pipe or a folder where a secret should be stops the start, and is not waited for.
func TestNoFiles(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		AdminFile: func(path string) error { return syscall.Mkfifo(path, 0o600) },
		innerFile: func(path string) error { return os.Mkdir(path, 0o700) },
		keyFile:   func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		dir := filepath.Join(t.TempDir(), "secure")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := put(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{Certificates: true}); err == nil || !strings.Contains(err.Error(), name+" is no file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
