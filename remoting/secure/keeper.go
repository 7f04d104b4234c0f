package secure

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat/stamp"
	"gorocket/remoting/transport"
)

// Keeper has the configurations of the present files. Safe for concurrent use.
type Keeper struct {
	given  Settings // without the file; immutable
	java   string   // immutable
	mode   transport.TLSMode
	server atomic.Pointer[tls.Config] // nil: no certificate
	client atomic.Pointer[tls.Config] // nil: plain
	cert   atomic.Value               // string: tls.server.certPath
	own    func() (tls.Certificate, error)
	watch  stamp.Watch
	seen   stamp.Files // the goroutine of Start only
	file   string      // tls.config.file; immutable
	filled bool        // there was something in it; the goroutine of Start only
}

// watchEvery is how often the files are looked at. Java: FileWatchService.
const watchEvery = 500 * time.Millisecond

// New reads the files that s names, with what FromJava says. told is told, later, that they were read again (nil), or
// why they cannot be used. An error says why no server can run with these settings: Java starts, and closes each
// connection.
func New(s Settings, javaOptions string, told func(err error)) (*Keeper, error) {
	k := &Keeper{given: s, java: javaOptions, own: sync.OnceValues(selfSigned)}
	k.watch.Read, k.watch.Told = k.reload, told
	all, err := Complete(s, javaOptions)
	if err != nil {
		return nil, err
	}
	b, err := withOptions(s, javaOptions)
	if err != nil {
		return nil, err
	}
	k.mode, k.file = all.mode(), b.TLSConfigFile
	k.seen.Changed(all.files())
	if err = k.load(&all); err != nil {
		return nil, err
	}
	k.filled = filled(k.file)
	if k.mode == transport.TLSEnforcing && k.server.Load() == nil {
		return nil, errors.New("tls.server.mode=enforcing without tls.server.certPath and tls.server.keyPath, and " +
			"tls.test.mode.enable=false: nobody could connect")
	}
	return k, nil
}

// Client makes the configuration of connections that are dialled, once: for a program that runs no server. nil: plain
// ones.
func Client(s Settings, javaOptions string) (*tls.Config, error) {
	all, err := Complete(s, javaOptions)
	if err == nil {
		err = all.check()
	}
	if err != nil {
		return nil, err
	}
	return all.clientConfig()
}

// load makes both configurations; after an error the old ones stay.
func (k *Keeper) load(s *Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	var server *tls.Config
	var err error
	if k.mode != transport.TLSDisabled {
		if server, err = s.serverConfig(k.own); err != nil {
			return err
		}
	}
	client, err := s.clientConfig()
	if err != nil {
		return err
	}
	k.cert.Store(s.TLSServerCert)
	k.server.Store(server)
	k.client.Store(client)
	return nil
}

// TLS is what a server and a client need; nil, plain connections only, of no Keeper.
func (k *Keeper) TLS() *transport.TLS {
	if k == nil {
		return nil
	}
	return &transport.TLS{Mode: k.mode, Server: k.server.Load, Client: k.client.Load}
}

// soonEnds is how long before its end a certificate is told of.
const soonEnds = 30 * 24 * time.Hour

// Expiring says that the certificate of tls.server.certPath has ended or ends soon, nil that it does not: this server
// goes on with it, and whoever checks it refuses it.
func (k *Keeper) Expiring(now time.Time) error {
	c := k.server.Load()
	if c == nil || c.Certificates[0].Leaf == nil { // one that was made at the start
		return nil
	}
	end, word := c.Certificates[0].Leaf.NotAfter, "ends"
	if end.After(now.Add(soonEnds)) {
		return nil
	}
	if !end.After(now) {
		word = "has ended"
	}
	return fmt.Errorf("the certificate %s %s at %s: whoever checks it refuses it from then on; write a new one over it, "+
		"servers take it while they run", k.cert.Load(), word, end.UTC().Format(time.RFC3339))
}

// Start looks at the files from now on and reads them again when one has changed. Connections that are open keep what
// they have. Stop has to follow.
func (k *Keeper) Start() { k.watch.Start(watchEvery) }

// Stop ends what Start began; without that it does nothing.
func (k *Keeper) Stop() { k.watch.Stop() }

// filled tells that there is something in a file.
func filled(name string) bool {
	text, err := stamp.Read(name, maxFile)
	return err == nil && len(bytes.TrimSpace(text)) > 0
}

// reload reads everything again when a file has changed, and while that does not work. A certificate that is there
// before its key is no error that lasts: the next look finds both. Half a file of settings would be settings that
// protect less: what is being written is not read yet, and one that is gone or empty says nothing.
func (k *Keeper) reload(failing bool) (read bool, err error) {
	all, err := Complete(k.given, k.java)
	if stamp.Fresh([]string{k.file}, time.Now()) { // looked at behind the read: nobody has begun to write meanwhile
		return false, nil
	}
	if k.filled && !filled(k.file) {
		return true, fmt.Errorf("tls.config.file: %s is gone or empty, or cannot be read: what it said stays until the next "+
			"start", k.file)
	}
	if err != nil {
		return true, err
	}
	if !k.seen.Changed(all.files()) && !failing {
		return false, nil
	}
	if err = k.load(&all); err == nil {
		k.filled = filled(k.file)
	}
	return true, err
}
