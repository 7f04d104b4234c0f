// Package access is how a tool of this program reaches servers: as whom it signs its requests, and how it encrypts its
// connections. All tools have the same flags for that.
package access

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gorocket/compat/yaml"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/secure"
)

// Environment variables that say as whom a tool signs. A secret is never on a command line, which everybody can read.
const (
	EnvAccessKey = "ROCKETMQ_ACCESS_KEY"
	EnvSecretKey = "ROCKETMQ_SECRET_KEY"
	envHome      = "ROCKETMQ_HOME"
)

// Flags are the flags of a command that reaches servers.
type Flags struct {
	credentials   string
	encrypt       bool
	ca, cert, key string
}

// Add declares the flags, also for the commands below c.
func (f *Flags) Add(c *cobra.Command) {
	s := c.PersistentFlags()
	s.StringVar(&f.credentials, "credentials", "", "file with accessKey: and secretKey: to sign requests with, as Java's "+
		"conf/tools.yml;\nwithout it "+EnvAccessKey+" and "+EnvSecretKey+", or else $ROCKETMQ_HOME/conf/tools.yml")
	s.BoolVar(&f.encrypt, "tls", false, "encrypt connections; without --tls-ca any certificate is believed")
	s.StringVar(&f.ca, "tls-ca", "", "PEM file with who has to have signed the servers' certificates; implies --tls")
	s.StringVar(&f.cert, "tls-cert", "", "PEM file with the certificate to show to servers; implies --tls")
	s.StringVar(&f.key, "tls-key", "", "PEM file with its private key")
}

// Access is what the flags say. Immutable.
type Access struct {
	Credentials *auth.Credentials // nil: requests are not signed
	TLS         *tls.Config       // nil: connections are plain
}

// Access reads the files that the flags and the environment name; otherwise goes before the environment. Errors name
// the file, and the line; none holds a secret.
func (f *Flags) Access(otherwise Access) (a Access, err error) {
	a = otherwise
	if f.credentials != "" {
		a.Credentials, err = ReadCredentials(f.credentials)
	} else if a.Credentials == nil {
		a.Credentials, err = fromEnvironment()
	}
	if err == nil && (a.TLS == nil || f.encrypts()) {
		a.TLS, err = f.encryption()
	}
	return a, err
}

// Options are what a client needs, for the caller to add to.
func (a Access) Options() remoting.Options {
	return remoting.Options{Sign: guard.Sign(a.Credentials), TLS: remoting.DialTLS(a.TLS)}
}

func fromEnvironment() (*auth.Credentials, error) {
	c := auth.Credentials{AccessKey: os.Getenv(EnvAccessKey), SecretKey: os.Getenv(EnvSecretKey)}
	switch {
	case c.AccessKey != "" && c.SecretKey != "":
		return &c, nil
	case c.AccessKey != "" || c.SecretKey != "":
		return nil, fmt.Errorf("of %s and %s one is not set", EnvAccessKey, EnvSecretKey)
	}
	home := os.Getenv(envHome)
	if home == "" {
		return nil, nil
	}
	found, err := ReadCredentials(filepath.Join(home, "conf", "tools.yml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return found, err
}

// ReadCredentials reads a file as Java's conf/tools.yml. Java: AclUtils.getAclRPCHook, which signs nothing when the
// file is wrong.
func ReadCredentials(file string) (*auth.Credentials, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var c auth.Credentials
	doc, err := yaml.Parse(data)
	for key, to := range map[string]*string{"accessKey": &c.AccessKey, "secretKey": &c.SecretKey,
		"securityToken": &c.SecurityToken} {
		var v *yaml.Node
		if err == nil {
			v, err = doc.Get(key)
		}
		if err == nil {
			*to, err = v.Text()
		}
	}
	if err == nil && (strings.TrimSpace(c.AccessKey) == "" || strings.TrimSpace(c.SecretKey) == "") {
		err = errors.New("accessKey and secretKey have to stand there")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &c, nil
}

func (f *Flags) encrypts() bool { return f.encrypt || f.ca != "" || f.cert != "" || f.key != "" }

// encryption: the flags go before what JAVA_OPT and JAVA_OPT_EXT say, as which Java's tools take it.
func (f *Flags) encryption() (*tls.Config, error) {
	s := secure.Defaults()
	s.TLSEnable = f.encrypts()
	if f.cert == "" && f.key == "" && f.ca == "" {
		return secure.Client(s, secure.FromJava())
	}
	s.TLSTestMode, s.TLSConfigFile = false, ""
	s.TLSClientCert, s.TLSClientKey, s.TLSClientAuthServer, s.TLSClientTrust = f.cert, f.key, f.ca != "", f.ca
	return secure.Client(s, "")
}
