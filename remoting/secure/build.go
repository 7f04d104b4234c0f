package secure

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"gorocket/compat/stamp"
)

// maxFile is how long a file of settings, of certificates or of a key may be, in bytes.
const maxFile = 4 << 20

// serverConfig makes the configuration of connections that are accepted; nil when there is no certificate.
func (s *Settings) serverConfig(selfSigned func() (tls.Certificate, error)) (*tls.Config, error) {
	c := s.common()
	var cert tls.Certificate
	var err error
	switch {
	case s.TLSTestMode:
		cert, err = selfSigned()
	case s.TLSServerCert == "" && s.TLSServerKey == "":
		return nil, nil
	default:
		cert, err = pair("tls.server", s.TLSServerCert, s.TLSServerKey, s.TLSServerPassword)
	}
	if err != nil {
		return nil, err
	}
	c.Certificates = []tls.Certificate{cert}
	switch need := s.TLSNeedClientAuth; {
	case need == "require" && s.TLSServerAuthClient && !s.TLSTestMode:
		c.ClientAuth = tls.RequireAndVerifyClientCert
	case need == "require" && !s.TLSTestMode:
		c.ClientAuth = tls.RequireAnyClientCert
	case need == "optional" && s.TLSServerAuthClient && !s.TLSTestMode:
		c.ClientAuth = tls.VerifyClientCertIfGiven
	case need == "optional" || s.TLSTestMode:
		c.ClientAuth = tls.RequestClientCert
	}
	if s.TLSServerAuthClient {
		if c.ClientCAs, err = pool("tls.server.trustCertPath", s.TLSServerTrust); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// clientConfig makes the configuration of connections that are dialled; nil: plain ones.
func (s *Settings) clientConfig() (*tls.Config, error) {
	if !s.TLSEnable {
		return nil, nil
	}
	c := s.common()
	c.InsecureSkipVerify = true // the host name is not checked, as in Java: brokers are known by their addresses
	if s.TLSTestMode {
		return c, nil
	}
	if s.TLSClientCert != "" || s.TLSClientKey != "" {
		cert, err := pair("tls.client", s.TLSClientCert, s.TLSClientKey, s.TLSClientPassword)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{cert}
	}
	if s.TLSClientAuthServer {
		roots, err := pool("tls.client.trustCertPath", s.TLSClientTrust)
		if err != nil {
			return nil, err
		}
		c.VerifyConnection = func(state tls.ConnectionState) error { return verify(state, roots) }
	}
	return c, nil
}

// verify checks the chain of a server's certificate.
func verify(state tls.ConnectionState, roots *x509.CertPool) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server has sent no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// common is what both directions share. Protocols and ciphers were checked by check.
func (s *Settings) common() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true}
	c.CipherSuites, _ = ciphers(s.TLSCiphers)
	low, high, _ := protocols(s.TLSProtocols)
	if low > 0 {
		c.MinVersion, c.MaxVersion = low, high
	}
	return c
}

// check refuses lists that name what there is not.
func (s *Settings) check() error {
	_, err := ciphers(s.TLSCiphers)
	_, _, err2 := protocols(s.TLSProtocols)
	return errors.Join(err, err2)
}

// ciphers reads a list of IANA names; those of TLS 1.3 cannot be chosen and are always there.
func ciphers(list string) (ids []uint16, err error) {
	byName := map[string]*tls.CipherSuite{}
	for _, s := range tls.CipherSuites() {
		byName[s.Name] = s
	}
	for _, name := range words(list) {
		suite := byName[name]
		if suite == nil {
			return nil, fmt.Errorf("config key tls.ciphers: value %q: no cipher suite that is known and safe", name)
		}
		ids = append(ids, suite.ID)
	}
	return ids, nil
}

// protocols reads a list of versions; 0 for an empty one.
func protocols(list string) (low, high uint16, err error) {
	versions := map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
	for _, name := range words(list) {
		v := versions[name]
		if v == 0 {
			return 0, 0, fmt.Errorf("config key tls.protocols: value %q: only TLSv1.2 and TLSv1.3 are spoken", name)
		}
		if low == 0 {
			low = v
		}
		low, high = min(low, v), max(high, v)
	}
	return low, high, nil
}

func words(list string) (all []string) {
	for _, w := range strings.Split(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// pair reads a certificate chain and its private key, PEM both.
func pair(keys, certFile, keyFile, password string) (tls.Certificate, error) {
	if certFile == "" || keyFile == "" {
		return tls.Certificate{}, fmt.Errorf("%s.certPath=%q and %s.keyPath=%q: one needs the other", keys, certFile, keys,
			keyFile)
	}
	cert, err := stamp.Read(certFile, maxFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s.certPath: %w", keys, err)
	}
	key, err := stamp.Read(keyFile, maxFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s.keyPath: %w", keys, err)
	}
	if key, err = decrypt(key, password); err != nil {
		return tls.Certificate{}, fmt.Errorf("%s.keyPath: %s: %w", keys, keyFile, err)
	}
	both, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return both, fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
	}
	return both, nil
}

// pool reads certificates that are trusted; nil, the system's, without a file.
func pool(key, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := stamp.Read(file, maxFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %s: no certificate in it", key, file)
	}
	return p, nil
}
