// Package stamp tells when files have changed, and has them read again then.
package stamp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"time"
)

// Settle is how old a file's last write has to be before it is read again.
const Settle = 300 * time.Millisecond

// Fresh tells that one of the files was written so lately that somebody may still be writing.
func Fresh(names []string, now time.Time) bool {
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) < Settle && !info.ModTime().After(now) {
			return true
		}
	}
	return false
}

// errNoFile is of a pipe, a device or a folder: reading one may have no end.
var errNoFile = errors.New("is no file")

// Open opens a file that an administrator names; what is no file is an error, and is not waited for.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	}
	return os.Open(name)
}

// Read reads a file of at most so many bytes; more, and what is no file, is an error.
func Read(name string, most int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: more than %d bytes", name, most)
	}
	return text, err
}

// Files is what some files were at the last look. One goroutine at a time.
type Files struct{ seen map[string]stamp }

// stamp is what a file was when it was read; the zero one: it was not there.
type stamp struct {
	size int64
	at   time.Time
	sum  [sha256.Size]byte
}

// maxDigest is how much of a file is looked at, in bytes: more than anybody reads of one.
const maxDigest = 8 << 20

// digest is a file's content as a number, of a file that is too long its length and time, too.
func digest(name string, info fs.FileInfo) (sum [sha256.Size]byte, err error) {
	f, err := Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, maxDigest))
	if n == maxDigest {
		fmt.Fprint(h, info.Size(), info.ModTime())
	}
	return [sha256.Size]byte(h.Sum(nil)), err
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
		sum, err := digest(f, info)
		if err != nil { // who reads it is to find out, and to tell
			sum = sha256.Sum256([]byte(err.Error()))
		}
		now[f] = stamp{info.Size(), info.ModTime(), sum}
	}
	changed = !maps.EqualFunc(now, s.seen, func(a, b stamp) bool { return a.sum == b.sum })
	s.seen = now
	return changed
}
