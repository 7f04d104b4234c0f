package keyring

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"

	"gorocket/store/vfs"
)

// How long certificates last. Nothing renews them by itself while servers run: gorocket keyring --renew does.
const (
	lastsCA     = 20 * 365 * 24 * time.Hour
	lastsServer = 5 * 365 * 24 * time.Hour
	serialBits  = 126
)

// certify makes the authority and this machine's certificate where they are missing. A folder that came without ca.key
// can make none, and needs none as long as it has a certificate.
func (r *Ring) certify(renew bool) error {
	has, err := r.has(certFile, keyFile)
	if err != nil || has && !renew {
		return err
	}
	ca, err := r.authority()
	if err != nil {
		return err
	}
	if err := r.issue(ca); err != nil {
		return err
	}
	client := "tls.enable=true\ntls.test.mode.enable=false\ntls.client.authServer=true\ntls.client.trustCertPath=" +
		r.Path(CAFile) + "\n"
	return vfs.WriteFileAtomic(vfs.OS{}, r.Path(ClientFile), []byte(client))
}

// has tells whether a certificate and its key are there. A key alone is what a crash leaves: both are made anew.
func (r *Ring) has(cert, key string) (bool, error) {
	_, err := os.Stat(r.Path(cert))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		_, err = os.Stat(r.Path(key))
	}
	if err != nil {
		return false, fmt.Errorf("secureDir: %w: %s is nothing without it", err, r.Path(cert))
	}
	return true, nil
}

// authority reads the certificate authority, or makes it.
func (r *Ring) authority() (*tls.Certificate, error) {
	has, err := r.has(CAFile, caKeyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: copy it from where it was made, or a certificate of this machine with its key", err)
	}
	if has {
		return r.pair()
	}
	c := template("gorocket "+host(), lastsCA)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	key, der, err := sign(c, nil)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, r.put(CAFile, caKeyFile, der, key)
}

// pair is the authority of ca.key. While one takes the place of another ca.pem holds both, in any order: people append
// the new one.
func (r *Ring) pair() (*tls.Certificate, error) {
	text, err := os.ReadFile(r.Path(CAFile))
	if err != nil {
		return nil, fmt.Errorf("secureDir: %w", err)
	}
	key, err := os.ReadFile(r.Path(caKeyFile))
	if err != nil {
		return nil, fmt.Errorf("secureDir: %w", err)
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		ca, one := tls.X509KeyPair(pem.EncodeToMemory(block), key)
		if one == nil {
			return &ca, nil
		}
		err = one
	}
	if err == nil {
		err = errors.New("no PEM")
	}
	return nil, fmt.Errorf("%s: none of its certificates is that of %s: %w", r.Path(CAFile), r.Path(caKeyFile), err)
}

// issue makes this machine's certificate: for servers, and for what they say to each other.
func (r *Ring) issue(ca *tls.Certificate) error {
	c := template(host(), lastsServer)
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	c.DNSNames = []string{host(), "localhost"}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if addrs, err := net.InterfaceAddrs(); err == nil {
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() {
				c.IPAddresses = append(c.IPAddresses, n.IP)
			}
		}
	}
	key, der, err := sign(c, ca)
	if err != nil {
		return err
	}
	return r.put(certFile, keyFile, der, key)
}

func host() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

func template(name string, lasts time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits)) // rand.Reader does not fail
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(lasts)}
}

// sign makes a key and a certificate of it; ca nil: one that signs itself.
func sign(c *x509.Certificate, ca *tls.Certificate) (key *ecdsa.PrivateKey, der []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	parent, by := c, any(key)
	if ca != nil {
		if parent, err = x509.ParseCertificate(ca.Certificate[0]); err != nil {
			return nil, nil, err
		}
		by = ca.PrivateKey
	}
	der, err = x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	return key, der, err
}

// put writes the key first: a certificate without its key would be half a pair.
func (r *Ring) put(certName, keyName string, der []byte, key *ecdsa.PrivateKey) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if err := vfs.WriteFilePrivate(vfs.OS{}, r.Path(keyName), text); err != nil {
		return err
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return vfs.WriteFileAtomic(vfs.OS{}, r.Path(certName), text)
}
