package trans

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"gorocket/compat"
)

// ActedEnd is a half message that a slave has ended in its master's place: what was committed is on another master. The
// master has it still, and would ask about it.
type ActedEnd struct {
	Group           string `json:"group"`
	Topic           string `json:"topic"`
	CommitLogOffset int64  `json:"commitLogOffset"`
	QueueOffset     int64  `json:"queueOffset"`
}

// Acted is what the master does not know yet: a table of its own, config/actedTransactions.json.
type Acted struct {
	Changed func() // marks the file; set before the first Add

	mu   sync.Mutex
	ends []ActedEnd // guarded by mu
}

// maxActed bounds the ends that wait for the master.
const maxActed = 1 << 17

// ErrActedFull says that a slave has ended so many transactions in its master's place that it ends no more.
var ErrActedFull = errors.New("too many transactions were ended in the master's place")

// Room says whether one more end can be noted.
func (a *Acted) Room() error {
	if a.Len() >= maxActed {
		return ErrActedFull
	}
	return nil
}

// Len is how many ends wait for the master.
func (a *Acted) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ends)
}

// Add notes an end.
func (a *Acted) Add(e ActedEnd) {
	a.mu.Lock()
	a.ends = append(a.ends, e)
	a.mu.Unlock()
	a.Changed()
}

// List copies what waits, the oldest first.
func (a *Acted) List() []ActedEnd {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.ends)
}

// maxReport bounds a report, in bytes of its names and numbers: a frame has room for more.
const maxReport = 8 << 20

// Report is what a master that comes back is told; the oldest ends only if there are too many. Empty: nothing.
func (a *Acted) Report() ([]byte, error) {
	ends := a.List()
	size := 0
	for i := range ends {
		const names = 100 // bytes of the members' names and numbers
		if size += len(ends[i].Group) + len(ends[i].Topic) + names; size > maxReport {
			ends = ends[:i]
			break
		}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	return json.Marshal(actedFile{ends})
}

// Take adds what a slave reports and is not known yet, as far as there is room, and returns how many they are. A slave
// that is left with some tells of them one by one.
func (a *Acted) Take(report []byte) (n int, err error) {
	var f actedFile
	if err := compat.Unmarshal(report, &f); err != nil {
		return 0, err
	}
	a.mu.Lock()
	known := map[int64]bool{}
	for i := range a.ends {
		known[a.ends[i].QueueOffset] = true
	}
	for _, e := range f.Ends {
		if !known[e.QueueOffset] && len(a.ends) < maxActed {
			known[e.QueueOffset] = true
			a.ends = append(a.ends, e)
			n++
		}
	}
	a.mu.Unlock()
	if n > 0 {
		a.Changed()
	}
	return n, nil
}

// Told forgets the n oldest ends: the master knows them.
func (a *Acted) Told(n int) {
	a.mu.Lock()
	a.ends = slices.Delete(a.ends, 0, min(n, len(a.ends)))
	a.mu.Unlock()
	a.Changed()
}

type actedFile struct {
	Ends []ActedEnd `json:"ends"`
}

// Encode is the content of the file.
func (a *Acted) Encode() ([]byte, error) { return compat.MarshalPretty(actedFile{a.List()}) }

// Load reads it.
func (a *Acted) Load(data []byte) error {
	var f actedFile
	if err := compat.Unmarshal(data, &f); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ends = f.Ends[:min(len(f.Ends), maxActed)]
	return nil
}
