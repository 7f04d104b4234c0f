package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/keyring"
	"gorocket/compat/config"
	"gorocket/remoting/secure"
)

// secureFlags are the flags with which one word closes every door; the keys secure and secureDir say the same.
type secureFlags struct {
	on  bool
	dir string
}

func (f *secureFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.on, "secure", false, "close every door: connections encrypted, requests signed, administration "+
		"by SUPER users only, metrics on loopback; see docs/security.md")
	c.Flags().StringVar(&f.dir, "secure-dir", "", "folder of the certificates and secrets that --secure makes where they "+
		"are missing (default: gorocket-secure in the home directory)")
}

// apply lets the flags win over the file.
func (f *secureFlags) apply(d *secure.Doors) {
	d.Secure = d.Secure || f.on
	if f.dir != "" {
		d.SecureDir = f.dir
	}
}

// closeDoors gives target what secure=true needs and nobody gave: certificates and the first users, out of a folder in
// which they are made where they are missing. d and s are parts of target. Without secure=true it does nothing.
func closeDoors(log zerolog.Logger, target config.Target, d *secure.Doors, s *secure.Settings) error {
	if !d.Secure {
		return nil
	}
	if d.SecureDir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("the home directory is unknown, use --secure-dir: %w", err)
		}
		d.SecureDir = filepath.Join(home, "gorocket-secure")
	}
	given, err := secure.Complete(*s, secure.FromJava())
	if err != nil {
		return err
	}
	own := given.TLSServerCert != "" || given.TLSServerKey != ""
	ring, err := keyring.Open(d.SecureDir, keyring.Options{Certificates: !own})
	if err != nil {
		return err
	}
	config.Fill(target, ring.Keys())
	line := log.Info().Str("firstUser", ring.Path(keyring.AdminFile))
	if !own {
		line = line.Str("certificateAuthority", ring.Path(keyring.CAFile)).Str("forJavaClients",
			ring.Path(keyring.ClientFile))
	}
	line.Msg("secure: the secrets are in this folder, which other machines of the cluster need a copy of")
	return nil
}

// keyringCommand makes the folder of --secure before a server does, or a new certificate.
func keyringCommand() *cobra.Command {
	var renew bool
	c := &cobra.Command{Use: "keyring DIR", Args: cobra.ExactArgs(1),
		Short: "make what --secure needs: certificate authority, certificate of this machine, first users"}
	c.Flags().BoolVar(&renew, "renew", false, "a new certificate of this machine: running servers take it at once")
	c.RunE = func(_ *cobra.Command, args []string) error {
		ring, err := keyring.Open(args[0], keyring.Options{Certificates: true, Renew: renew})
		if err != nil {
			return err
		}
		fmt.Printf("certificate authority  %s\nfirst user             %s\nfor Java clients       %s\n",
			ring.Path(keyring.CAFile), ring.Path(keyring.AdminFile), ring.Path(keyring.ClientFile))
		return nil
	}
	return c
}
