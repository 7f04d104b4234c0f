package secure

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/compat/stamp"
	"gorocket/remoting/transport"
)

// Settings are the keys of TLS. Java takes them from system properties and from the file tls.config.file; here they may
// stand in a server's configuration file, too. compat/config has their meanings.
type Settings struct {
	TLSServerMode       string `prop:"tls.server.mode"`
	TLSConfigFile       string `prop:"tls.config.file"`
	TLSTestMode         bool   `prop:"tls.test.mode.enable"`
	TLSNeedClientAuth   string `prop:"tls.server.need.client.auth"`
	TLSServerKey        string `prop:"tls.server.keyPath"`
	TLSServerPassword   string `prop:"tls.server.keyPassword"`
	TLSServerCert       string `prop:"tls.server.certPath"`
	TLSServerAuthClient bool   `prop:"tls.server.authClient"`
	TLSServerTrust      string `prop:"tls.server.trustCertPath"`
	TLSEnable           bool   `prop:"tls.enable"`
	TLSClientKey        string `prop:"tls.client.keyPath"`
	TLSClientPassword   string `prop:"tls.client.keyPassword"`
	TLSClientCert       string `prop:"tls.client.certPath"`
	TLSClientAuthServer bool   `prop:"tls.client.authServer"`
	TLSClientTrust      string `prop:"tls.client.trustCertPath"`
	TLSCiphers          string `prop:"tls.ciphers"`
	TLSProtocols        string `prop:"tls.protocols"`

	Closed bool // secure=true: what opens a door is refused, from wherever it comes; no key
}

// Doors are the keys of all servers with which one word closes every door.
type Doors struct {
	Secure    bool   `prop:"secure"`
	SecureDir string `prop:"secureDir"`

	Given []string // the keys that the file has; no key
}

// Close makes target, of which d and s are parts, what secure=true demands, if that is set; else it does nothing. An
// error names the keys that open a door again.
func (d *Doors) Close(target config.Target, s *Settings) error {
	if !d.Secure {
		return nil
	}
	s.Closed = true
	return config.Secure(target, d.Given)
}

// bound is Settings as compat/config binds them.
type bound struct{ Settings }

// Keys implements config.Target.
func (*bound) Keys() config.Table { return config.TLS }

// Defaults are the settings of who sets no key.
func Defaults() Settings {
	var b bound
	config.SetDefaults(&b)
	return b.Settings
}

// The environment variables in which Java's scripts take -Dtls.server.mode=... and the like: all of them take JAVA_OPT,
// those of servers JAVA_OPT_EXT behind it, too.
const (
	JavaOptions = "JAVA_OPT_EXT"
	JavaScripts = "JAVA_OPT"
)

// FromJava is what stands in both, as Complete takes it: JAVA_OPT_EXT goes before JAVA_OPT.
func FromJava() string { return os.Getenv(JavaScripts) + " " + os.Getenv(JavaOptions) }

// Complete adds to s what stands in javaOptions, FromJava, and then in the file that tls.config.file
// names: Java's order, in which the file wins. A file that does not exist is none. Errors name the file, the key and
// the value.
func Complete(s Settings, javaOptions string) (Settings, error) {
	all, err := complete(s, javaOptions)
	if err == nil && s.Closed {
		if err = config.CheckSecure(&bound{all}); err != nil {
			err = fmt.Errorf("%s, %s or %s: %w", JavaScripts, JavaOptions, all.TLSConfigFile, err)
		}
	}
	return all, err
}

func complete(s Settings, javaOptions string) (Settings, error) {
	b, err := withOptions(s, javaOptions)
	if err != nil {
		return s, err
	}
	text, err := stamp.Read(b.TLSConfigFile, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return b.Settings, config.Check(&b)
	}
	if err != nil {
		return s, fmt.Errorf("tls.config.file: %w", err)
	}
	props, err := compat.ParseProperties(text)
	if err == nil {
		_, err = config.Bind(props, &b)
	}
	if err == nil {
		err = config.Check(&b)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", b.TLSConfigFile, err)
	}
	return b.Settings, nil
}

// withOptions adds to s what stands in javaOptions.
func withOptions(s Settings, javaOptions string) (bound, error) {
	b := bound{s}
	var options compat.Properties
	for _, word := range strings.Fields(javaOptions) {
		if pair, ok := strings.CutPrefix(word, "-Dtls."); ok {
			name, value, _ := strings.Cut(pair, "=")
			options.Set("tls."+name, value)
		}
	}
	if _, err := config.Bind(&options, &b); err != nil {
		return b, fmt.Errorf("%s or %s: %w", JavaScripts, JavaOptions, err)
	}
	return b, nil
}

// mode is tls.server.mode; a text that is none was refused by its key.
func (s *Settings) mode() transport.TLSMode {
	switch s.TLSServerMode {
	case "disabled":
		return transport.TLSDisabled
	case "enforcing":
		return transport.TLSEnforcing
	}
	return transport.TLSPermissive
}

// files are those that the configurations are made of.
func (s *Settings) files() (names []string) {
	for _, n := range []string{s.TLSConfigFile, s.TLSServerKey, s.TLSServerCert, s.TLSServerTrust, s.TLSClientKey,
		s.TLSClientCert, s.TLSClientTrust} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}
