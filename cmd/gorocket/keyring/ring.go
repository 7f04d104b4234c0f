package keyring

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gorocket/cmd/gorocket/access"
	"gorocket/remoting/auth"
	"gorocket/store/vfs"
)

// The files of a Ring. What holds a secret has mode 0600.
const (
	CAFile     = "ca.pem" // for clients: whom to believe
	caKeyFile  = "ca.key"
	certFile   = "server.pem"
	keyFile    = "server.key"
	AdminFile  = "admin.yml" // the first user, as Java's conf/tools.yml
	innerFile  = "inner.yml" // as whom servers sign
	ClientFile = "client.properties"
	lockFile   = "lock"
)

// Ring is a folder that is complete.
type Ring struct {
	dir          string
	admin, inner *auth.Credentials
	certificates bool // this folder's, and not somebody's own
}

// Options say what a folder has to have.
type Options struct {
	Certificates bool // false: there are others
	Renew        bool // a new certificate of this machine, also where there is one
}

// Open reads the folder, and makes what is missing in it; two servers that start at once make it once. A folder that
// others may write to is an error. Errors name the file; none holds a secret.
func Open(dir string, o Options) (*Ring, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := vfs.MkdirDurable(vfs.OS{}, filepath.ToSlash(dir)); err != nil {
		return nil, fmt.Errorf("secureDir: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("secureDir: %w", err)
	}
	defer unlock()
	r := &Ring{dir: dir, certificates: o.Certificates}
	if err := r.private(); err != nil {
		return nil, err
	}
	if r.admin, err = r.credentials(AdminFile, "admin"); err != nil {
		return nil, err
	}
	if r.inner, err = r.credentials(innerFile, "inner"); err != nil {
		return nil, err
	}
	if o.Certificates {
		if err := r.certify(o.Renew); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// lock waits until nobody else makes this folder.
func lock(name string) (unlock func(), err error) {
	f, err := vfs.OS{}.CreatePrivate(name)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	d, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return func() { _ = d.Close() }, nil
}

// private refuses a folder, or a secret in it, that others can reach.
func (r *Ring) private() error {
	info, err := os.Stat(r.dir)
	if err == nil && info.Mode().Perm()&0o022 != 0 {
		err = fmt.Errorf("secureDir: %s can be written to by others (mode %o): chmod 700", r.dir, info.Mode().Perm())
	}
	for _, name := range []string{caKeyFile, keyFile, AdminFile, innerFile} {
		info, serr := os.Stat(r.Path(name))
		if serr == nil && !info.Mode().IsRegular() { // a pipe would be waited for
			err = errors.Join(err, fmt.Errorf("secureDir: %s is no file", r.Path(name)))
			continue
		}
		if serr == nil && info.Mode().Perm()&0o077 != 0 {
			err = errors.Join(err, fmt.Errorf("secureDir: %s can be read by others (mode %o): chmod 600", r.Path(name),
				info.Mode().Perm()))
		}
	}
	return err
}

// Path is where a file of the folder is.
func (r *Ring) Path(name string) string { return filepath.Join(r.dir, name) }

// secretBytes is how much chance a secret is made of.
const secretBytes = 32

// credentials reads a user of the folder, or makes it.
func (r *Ring) credentials(name, user string) (*auth.Credentials, error) {
	c, err := access.ReadCredentials(r.Path(name))
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	chance := make([]byte, secretBytes)
	if _, err := rand.Read(chance); err != nil {
		return nil, err
	}
	c = &auth.Credentials{AccessKey: user, SecretKey: base64.RawURLEncoding.EncodeToString(chance)}
	text := fmt.Sprintf("accessKey: \"%s\"\nsecretKey: \"%s\"\n", c.AccessKey, c.SecretKey)
	return c, vfs.WriteFilePrivate(vfs.OS{}, r.Path(name), []byte(text))
}

// Keys are the configuration keys that a server of this folder has, unless its file has others.
func (r *Ring) Keys() map[string]string {
	keys := map[string]string{
		"initAuthenticationUser": text(map[string]string{"username": r.admin.AccessKey, "password": r.admin.SecretKey}),
		"innerClientAuthenticationCredentials": text(map[string]string{"accessKey": r.inner.AccessKey,
			"secretKey": r.inner.SecretKey}),
	}
	if r.certificates {
		for key, name := range map[string]string{"tls.server.certPath": certFile, "tls.server.keyPath": keyFile,
			"tls.client.certPath": certFile, "tls.client.keyPath": keyFile, "tls.client.trustCertPath": CAFile,
			"tls.server.trustCertPath": CAFile} {
			keys[key] = r.Path(name)
		}
	}
	return keys
}

func text(v map[string]string) string {
	b, _ := json.Marshal(v) // strings always can
	return string(b)
}
