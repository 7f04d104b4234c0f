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

// failing is who sends wrong signatures.
type failing struct {
	now  func() time.Time
	some atomic.Bool // whether there are any: the usual path takes no lock

	mu  sync.Mutex
	all map[failKey]time.Time // guarded by mu; when all of its failures are forgotten
}

type failKey struct {
	user string
	from netip.Prefix // an address of IPv4, 64 bits of IPv6
}

func newFailing(now func() time.Time) *failing {
	return &failing{now: now, all: map[failKey]time.Time{}}
}

func keyOf(a *account, from netip.Addr) failKey {
	bits := 64
	if from.Is4() {
		bits = 32
	}
	p, _ := from.Prefix(bits) // the zero Prefix for the zero Addr
	return failKey{a.Username, p}
}

// blocked tells whether too many signatures were wrong lately.
func (f *failing) blocked(a *account, from netip.Addr) bool {
	if !f.some.Load() {
		return false
	}
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	k := keyOf(a, from)
	until, there := f.all[k]
	if there && until.Before(now) {
		delete(f.all, k)
		f.some.Store(len(f.all) > 0)
	}
	return until.Sub(now) > (failBurst-1)*failEvery
}

// note notes a wrong signature.
func (f *failing) note(a *account, from netip.Addr) {
	now, k := f.now(), keyOf(a, from)
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
func (f *failing) makeRoom(now time.Time) {
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
