package replicas

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"gorocket/remoting/wire"
)

// Limits of the table, which any peer can make grow. A command beyond them is refused.
const (
	MaxSets     = 20_000 // broker sets
	MaxReplicas = 64     // brokers of a set
	MaxName     = 255    // bytes of a cluster's or a broker's name
	MaxAddress  = 512    // bytes of an address or of a check code

	// MaxBytes is how large the state may be in a snapshot, which travels in one frame, in the worst case. About 18,000
	// sets of three brokers fit.
	MaxBytes = 14 << 20
)

// Table is the state. Any goroutine may use it.
type Table struct {
	mu    sync.RWMutex
	sets  map[string]*Set // guarded by mu; a Set is replaced, never changed
	bytes int             // guarded by mu; what they take in a snapshot at most, see Set.size
}

// NewTable makes an empty one.
func NewTable() *Table { return &Table{sets: map[string]*Set{}} }

// Get returns a copy of a set.
func (t *Table) Get(broker string) (Set, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := t.sets[broker]
	if s == nil {
		return Set{}, false
	}
	return s.clone(), true
}

// Has tells whether a broker is registered.
func (t *Table) Has(broker string, id int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := t.sets[broker]
	if s == nil {
		return false
	}
	_, has := s.Replicas[id]
	return has
}

// All returns copies of all sets, in the order of their names.
func (t *Table) All() []Set {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]Set, 0, len(t.sets))
	for _, name := range slices.Sorted(maps.Keys(t.sets)) {
		out = append(out, t.sets[name].clone())
	}
	return out
}

// Preview tells what a command would come to now, and whether it would change anything: if not, nobody has to agree.
func (t *Table) Preview(c *Command) (r Result, changes bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r, next := t.decide(c)
	return r, next != nil
}

// Apply decides and changes the state.
func (t *Table) Apply(c *Command) Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, next := t.decide(c)
	if next == nil {
		return r
	}
	t.bytes -= t.sets[next.Broker].size()
	if len(next.Replicas) == 0 {
		delete(t.sets, next.Broker)
		return r
	}
	t.bytes += next.size()
	t.sets[next.Broker] = next
	return r
}

// decide returns the set as it will be, nil when nothing changes, one without replicas when it goes. Caller holds mu.
func (t *Table) decide(c *Command) (Result, *Set) {
	old := t.sets[c.broker()]
	var r Result
	var next *Set
	switch {
	case c.Alter != nil:
		r, next = c.Alter.decide(old)
	case c.Elect != nil:
		r, next = c.Elect.decide(old)
	case c.Register != nil:
		r, next = c.Register.decide(old, len(t.sets))
	case c.Apply != nil:
		r, next = c.Apply.decide(old, len(t.sets))
	case c.Clean != nil:
		r, next = c.Clean.decide(old)
	default:
		return refuse(wire.SystemError, "a command of a newer controller: this one has to be updated"), nil
	}
	if next != nil && (c.Register != nil || c.Apply != nil) && t.bytes-old.size()+next.size() > MaxBytes {
		r, next = refuse(wire.ControllerBrokerIDInvalid, "what the controller knows of brokers takes %d bytes, more is not "+
			"taken", t.bytes), nil
	}
	switch {
	case next != nil:
		r.Set = next.clone()
	case old != nil:
		r.Set = old.clone()
	}
	return r, next
}

func refuse(code int32, format string, args ...any) Result {
	return Result{Code: code, Remark: fmt.Sprintf(format, args...)}
}

// snapshot is the form of the state in a file and on the way to a controller that lags behind.
type snapshot struct {
	Version int   `json:"version"`
	Sets    []Set `json:"sets"`
}

// snapshotVersion is raised when older programs could misread a snapshot.
const snapshotVersion = 1

// Snapshot encodes the state.
func (t *Table) Snapshot() ([]byte, error) { return json.Marshal(snapshot{snapshotVersion, t.All()}) }

// Restore replaces the state by a snapshot's. After an error the state is what it was.
func (t *Table) Restore(text []byte) error {
	var s snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("controller snapshot: %w", err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("controller snapshot: version %d, this program reads %d", s.Version, snapshotVersion)
	}
	sets, size := make(map[string]*Set, len(s.Sets)), 0
	for i := range s.Sets {
		if s.Sets[i].Replicas == nil {
			return errors.New("controller snapshot: broker set " + s.Sets[i].Broker + " has no replicas")
		}
		size += s.Sets[i].size() - sets[s.Sets[i].Broker].size()
		sets[s.Sets[i].Broker] = &s.Sets[i]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sets, t.bytes = sets, size
	return nil
}
