package secure

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/youmark/pkcs8"
)

var (
	errNoPassword    = errors.New("the key is encrypted, and there is no keyPassword")
	errWrongPassword = errors.New("the key is encrypted, and keyPassword does not open it")
)

// decrypt is the text of a file with the private key in clear; a file without an encrypted key stays as it is. Errors
// hold no password.
func decrypt(file []byte, password string) ([]byte, error) {
	for rest := file; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return file, nil
		}
		traditional := strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
		if b.Type != "ENCRYPTED PRIVATE KEY" && !traditional {
			continue
		}
		if password == "" {
			return nil, errNoPassword
		}
		open := openPKCS8
		if traditional {
			open = openTraditional
		}
		clear, err := open(b, []byte(password))
		if err != nil {
			return nil, err
		}
		return pem.EncodeToMemory(clear), nil
	}
}

// openPKCS8 decrypts what Java reads: PKCS#8, RFC 5958, with PBES2.
func openPKCS8(b *pem.Block, password []byte) (clear *pem.Block, err error) {
	defer func() {
		if odd := recover(); odd != nil { // of a cipher, when a length is wrong
			err = fmt.Errorf("the encrypted key is damaged: %v", odd)
		}
	}()
	key, _, err := pkcs8.ParsePrivateKey(b.Bytes, password)
	if err != nil {
		if strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "padding") {
			return nil, errWrongPassword
		}
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
}

// openTraditional decrypts what older programs write: openssl genrsa -aes256 of 1.x, RFC 1423.
func openTraditional(b *pem.Block, password []byte) (*pem.Block, error) {
	der, err := x509.DecryptPEMBlock(b, password) // weak, and still in use
	if errors.Is(err, x509.IncorrectPasswordError) || err == nil && !bytes.HasPrefix(der, []byte{0x30}) {
		return nil, errWrongPassword
	}
	return &pem.Block{Type: b.Type, Bytes: der}, err
}
