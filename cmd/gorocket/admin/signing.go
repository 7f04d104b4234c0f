package admin

import (
	"crypto/tls"

	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/access"
	"gorocket/remoting"
	"gorocket/remoting/guard"
)

// accessOptions are the flags of cmd/gorocket/access, kept as they came until a client is needed.
type accessOptions struct{ args []string }

// takes tells whether name is one of them, and whether it takes a value.
func (a *accessOptions) takes(name string) (value, ok bool) {
	switch name {
	case "--tls":
		return false, true
	case "--credentials", "--tls-ca", "--tls-cert", "--tls-key":
		return true, true
	}
	return false, false
}

func (a *accessOptions) set(name, value string) error {
	if name != "--tls" {
		name += "=" + value
	}
	a.args = append(a.args, name)
	return nil
}

// open reads the files that they name.
func (a *accessOptions) open() (remoting.Signer, *tls.Config, error) {
	var f access.Flags
	var holder cobra.Command
	f.Add(&holder)
	if err := holder.ParseFlags(a.args); err != nil {
		return nil, nil, &usageError{err}
	}
	acc, err := f.Access(access.Access{})
	if err != nil {
		return nil, nil, err
	}
	return guard.Sign(acc.Credentials), acc.TLS, nil
}
