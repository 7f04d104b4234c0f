package auth

import (
	"sync"
	"time"
)

// verdicts are what a stateful strategy remembers. Unlike Java's they end with the tables that they were made by: a
// changed password counts at once.
type verdicts[K comparable] struct {
	max   int
	lives time.Duration

	mu  sync.Mutex
	all map[K]verdict // guarded by mu
}

type verdict struct {
	refused string
	tables  int64 // number of the tables
	until   time.Time
}

func newVerdicts[K comparable](c Cache) *verdicts[K] {
	if c.Max <= 0 || c.For <= 0 {
		return nil
	}
	return &verdicts[K]{max: c.Max, lives: c.For, all: map[K]verdict{}}
}

func (v *verdicts[K]) get(k K, tables int64, now func() time.Time) (refused string, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, ok := v.all[k]
	if !ok || e.tables != tables || now().After(e.until) {
		return "", false
	}
	return e.refused, true
}

func (v *verdicts[K]) put(k K, tables int64, refused string, now func() time.Time) {
	at := now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, there := v.all[k]; !there && len(v.all) >= v.max {
		v.makeRoom(at)
	}
	v.all[k] = verdict{refused, tables, at.Add(v.lives)}
}

// makeRoom forgets what has expired of a few, or else any one: a look at all of them would be work that peers cause.
func (v *verdicts[K]) makeRoom(now time.Time) {
	const few = 8
	n := 0
	for k, e := range v.all {
		if n == 0 || now.After(e.until) {
			delete(v.all, k)
		}
		if n++; n == few {
			return
		}
	}
}
