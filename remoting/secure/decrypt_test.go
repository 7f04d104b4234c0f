package secure

import (
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEncryptedKeys: keys that openssl encrypted (testdata, password open-sesame) are opened with their password, as
// Java's keyPassword; a wrong one, none, and a damaged key are errors that name the file, and no password.
func TestEncryptedKeys(t *testing.T) {
	const password = "open-sesame"
	cert := filepath.Join("testdata", "locked.crt")
	for _, c := range []struct{ key, password, want string }{
		{"locked.pbes2.key", password, ""}, {"locked.scrypt.key", password, ""}, {"locked.traditional.key", password, ""},
		{"locked.pbes2.key", "open-sesam", errWrongPassword.Error()},
		{"locked.traditional.key", "open-sesam", errWrongPassword.Error()},
		{"locked.pbes2.key", "", errNoPassword.Error()}, {"locked.traditional.key", "", errNoPassword.Error()},
		{"locked.pbes1.key", password, "only PBES2 supported"},
	} {
		key := filepath.Join("testdata", c.key)
		_, err := pair("tls.server", cert, key, c.password)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.key, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), key) ||
			strings.Contains(err.Error(), "sesam")):
			t.Errorf("%s: %v, want %s", c.key, err, c.want)
		}
	}
	s := normal(t)
	s.TLSTestMode, s.TLSEnable = false, true
	s.TLSServerCert, s.TLSServerKey, s.TLSServerPassword = cert, filepath.Join("testdata", "locked.pbes2.key"), password
	s.TLSClientCert, s.TLSClientKey, s.TLSClientPassword = cert, filepath.Join("testdata", "locked.scrypt.key"), password
	k, err := New(s, "", noWarning(t))
	if err != nil {
		t.Fatal(err)
	}
	serverErr, clientErr, _ := handshake(k.TLS().Server(), k.TLS().Client())
	if serverErr != nil || clientErr != nil {
		t.Errorf("server %v, client %v", serverErr, clientErr)
	}
}

// TestDamagedKey: a key that is cut, or whose bytes are no whole blocks of the cipher, is an error.
func TestDamagedKey(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "locked.pbes2.key"))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := pem.Decode(file)
	var info struct {
		Algorithm asn1.RawValue
		Data      []byte
	}
	if _, err := asn1.Unmarshal(b.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	info.Data = info.Data[:len(info.Data)-1]
	short, err := asn1.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{short, nil, []byte("nothing")}
	for n := range b.Bytes {
		damaged = append(damaged, b.Bytes[:n])
	}
	for _, der := range damaged {
		text := pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: der})
		if _, err := decrypt(text, "open-sesame"); err == nil {
			t.Errorf("%d bytes are taken", len(der))
		}
	}
}
