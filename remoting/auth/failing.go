package auth

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// How many signatures of one user may be wrong from one address before they are not looked at any more, and how fast
// that is forgotten: guesses are slowed down to one in failEvery, those of others go on as ever.
const (
	failBurst  = 20
	failEvery  = 500 * time.Millisecond
	maxFailing = 4096 // pairs of user and address
)

// Failing is who sends wrong signatures. Safe for concurrent use.
type Failing struct {
	now  func() time.Time
	some atomic.Bool // whether there are any: the usual path takes no lock

	mu  sync.Mutex
	all map[failKey]time.Time // guarded by mu; when all of its failures are forgotten
}

type failKey struct {
	user string
	from netip.Prefix // an address of IPv4, 64 bits of IPv6
}

// NewFailing is nobody yet.
func NewFailing(now func() time.Time) *Failing {
	return &Failing{now: now, all: map[failKey]time.Time{}}
}

func keyOf(user string, from netip.Addr) failKey {
	bits := 64
	if from.Is4() {
		bits = 32
	}
	p, _ := from.Prefix(bits) // the zero Prefix for the zero Addr
	return failKey{user, p}
}

// Blocked tells whether too many signatures of a user were wrong lately from there.
func (f *Failing) Blocked(user string, from netip.Addr) bool {
	if !f.some.Load() {
		return false
	}
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	k := keyOf(user, from)
	until, there := f.all[k]
	if there && until.Before(now) {
		delete(f.all, k)
		f.some.Store(len(f.all) > 0)
	}
	return until.Sub(now) > (failBurst-1)*failEvery
}

// Note notes a wrong signature.
func (f *Failing) Note(user string, from netip.Addr) {
	now, k := f.now(), keyOf(user, from)
	f.mu.Lock()
	defer f.mu.Unlock()
	until, there := f.all[k]
	if !there && len(f.all) >= maxFailing {
		f.makeRoom(now)
	}
	if until.Before(now) {
		until = now
	}
	f.all[k] = until.Add(failEvery)
	f.some.Store(true)
}

// makeRoom forgets whose failures are long ago, and else any one.
func (f *Failing) makeRoom(now time.Time) {
	for k, until := range f.all {
		if until.Before(now) {
			delete(f.all, k)
		}
	}
	for k := range f.all {
		if len(f.all) < maxFailing {
			return
		}
		delete(f.all, k)
	}
}
