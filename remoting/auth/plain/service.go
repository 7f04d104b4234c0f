package plain

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat/stamp"
	"gorocket/remoting/auth"
)

// Settings say where the accounts are and what is asked. Immutable.
type Settings struct {
	Home    string // ROCKETMQ_HOME
	Strict  bool   // see package; authorizationStrictMode
	Cluster string // this cluster's name, for the audit log
	// Alone: nobody asks for users and permissions 2.0 behind it; then it counts what it lets in.
	Alone bool
	// Write replaces a file by its new content, whole or not at all, with the mode that the file has, or for its owner
	// only when it is new.
	Write func(name string, data []byte) error
	// Told is told, later, that the accounts were read again (nil) or why they were not, and what is legal and probably
	// not meant. Any goroutine.
	Told func(err error, doubts []string)
}

// Service checks requests. Safe for concurrent use. Java: PlainAccessValidator.
type Service struct {
	set     *Settings
	now     atomic.Pointer[state]
	changes atomic.Int64
	own     auth.Ask // to change this cluster
	table   *auth.Table
	failing *auth.Failing
	audit   func(auth.Event)
	tallies auth.Tallies
	watch   stamp.Watch

	mu   sync.Mutex  // held by who reads or changes files
	seen stamp.Files // guarded by mu
}

// watchEvery is how often the files are looked at. Java: AclFileWatchService, 5 s.
const watchEvery = 500 * time.Millisecond

var errNoHome = errors.New("aclEnable=true, and where the accounts are is not known: set rocketmqHome or the " +
	"environment variable ROCKETMQ_HOME")

// New reads the accounts. audit is called on the goroutine of the request and must be quick. An error says why no
// server should run with them: the file, the line, and no secret.
func New(set Settings, audit func(auth.Event), now func() time.Time) (*Service, error) {
	if set.Home == "" {
		return nil, errNoHome
	}
	s := &Service{set: &set, own: auth.Ask{Type: auth.Cluster, Name: []byte(set.Cluster), Actions: auth.Of(auth.Update)},
		table: auth.NewTable(), failing: auth.NewFailing(now), audit: audit}
	s.watch.Read, s.watch.Told = s.reload, func(err error) { s.set.Told(err, s.Doubts()) }
	list, err := names(set.Home)
	if err != nil {
		return nil, err
	}
	s.seen.Changed(list)
	first, err := load(set.Home)
	if err != nil {
		return nil, err
	}
	s.now.Store(first)
	return s, nil
}

// Start looks at the files from now on. Once.
func (s *Service) Start() { s.watch.Start(watchEvery) }

// Stop ends what Start began; without that it does nothing.
func (s *Service) Stop() { s.watch.Stop() }

// Doubts is what is legal in the files and probably not meant.
func (s *Service) Doubts() []string { return s.now.Load().doubts }

// Tallies are the service's own.
func (s *Service) Tallies() *auth.Tallies { return &s.tallies }

// Sizes is how many accounts there are.
func (s *Service) Sizes() (accounts int) { return len(s.now.Load().accounts) }

// Changes is how often the accounts were read again.
func (s *Service) Changes() int64 { return s.changes.Load() }

// reload reads the files again when they have changed and nobody has written for a while, and while they cannot be
// used.
func (s *Service) reload(failing bool) (read bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := names(s.set.Home)
	if err != nil {
		return true, err
	}
	if stamp.Fresh(list, time.Now()) || !s.seen.Changed(list) && !failing {
		return false, nil
	}
	return true, s.load()
}

// load reads the files; after an error the old accounts stay. The caller holds mu.
func (s *Service) load() error {
	fresh, err := load(s.set.Home)
	if err == nil {
		err = fresh.emptied(s.now.Load())
	}
	if err == nil {
		s.now.Store(fresh)
		s.changes.Add(1)
	}
	return err
}
