// Package stamp tells when files have changed, and has them read again then.
package stamp

import (
	"crypto/sha256"
	"maps"
	"os"
	"time"
)

// Files is what some files were at the last look. One goroutine at a time.
type Files struct{ seen map[string]stamp }

// stamp is what a file was when it was read; the zero one: it was not there.
type stamp struct {
	size int64
	at   time.Time
	sum  [sha256.Size]byte
}

// Changed notes what the files are and tells whether one has changed, come or gone since the last look. A file whose
// time and size are the same is not read again, unless it was written within the last minute: clocks may tick slowly.
func (s *Files) Changed(names []string) (changed bool) {
	now := map[string]stamp{}
	for _, f := range names {
		old := s.seen[f]
		info, err := os.Stat(f)
		if err != nil {
			now[f] = stamp{}
			continue
		}
		if info.Size() == old.size && info.ModTime().Equal(old.at) && time.Since(old.at) > time.Minute {
			now[f] = old
			continue
		}
		text, err := os.ReadFile(f)
		if err == nil {
			now[f] = stamp{info.Size(), info.ModTime(), sha256.Sum256(text)}
		}
	}
	changed = !maps.EqualFunc(now, s.seen, func(a, b stamp) bool { return a.sum == b.sum })
	s.seen = now
	return changed
}
