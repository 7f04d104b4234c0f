package pop

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"path"
	"sync"

	"gorocket/broker/signal"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// journal keeps on disk what is in memory only, so that a kill repeats nothing: what was popped, acknowledged, and
// popped in order. It is written through mapped files, without a system call: what stands in them when the process is
// killed stays, and a power cut takes what the kernel has not written yet, as it does with the log. Java has no such
// files, and pays no heed to them.
//
// A file has entries, each with its length and CRC-32C (4 bytes each, big endian), up to the first that is none. A lane
// is named in each file before its first entry there, together with all its points: what older files know of it is not
// needed any more when the committed offsets of then are on disk.
type journal struct {
	fs   vfs.FS
	dir  string
	size int           // of a file, bytes
	work chan struct{} // a file is full, or nothing is noted

	mu    sync.Mutex
	first uint64       // guarded by mu, as all below: of the oldest file, at the least
	seq   uint64       // of file; 0: nothing is noted
	file  *journalFile // that is written
	spare *journalFile // the next one
	at    int          // where the next entry goes
	lanes uint32       // that are named in file
	buf   []byte       // the entry that is written
}

// journalFile is one file of a journal.
type journalFile struct {
	seq uint64
	f   vfs.File
	m   vfs.Mapping
}

const (
	journalSize   = 16 << 20 // of one file, bytes; tests have smaller ones
	entryHead     = 8
	maxEntrySize  = 1 << 20
	journalFormat = "popjournal 1\n   " // the file begins with it
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (j *journal) name(seq uint64) string {
	return path.Join(j.dir, datafile.Name(int64(seq)))
}

// list returns the numbers of the files, in order. No folder is no error.
func (j *journal) list() (seqs []uint64, err error) {
	files, err := j.fs.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		if seq, ok := datafile.ParseName(f.Name); ok && !f.IsDir {
			seqs = append(seqs, uint64(seq))
		}
	}
	return seqs, err
}

// create makes a file with room on the disk: writing to the mapping cannot fail.
func (j *journal) create(seq uint64) (*journalFile, error) {
	if err := j.fs.MkdirAll(j.dir); err != nil {
		return nil, err
	}
	f, err := j.fs.CreateWhole(j.name(seq), func(f vfs.File) error {
		if err := f.Allocate(0, int64(j.size)); err != nil {
			return err
		}
		_, err := f.WriteAt([]byte(journalFormat), 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	m, err := f.Map(0, j.size, true)
	if err != nil {
		return nil, errors.Join(err, f.Close(), j.fs.Remove(j.name(seq)))
	}
	return &journalFile{seq, f, m}, nil
}

func (f *journalFile) close() error { return errors.Join(f.m.Unmap(), f.f.Close()) }

// begin opens the file with a number and notes from now on. Nothing is noted before.
func (j *journal) begin(seq uint64) error {
	f, err := j.create(seq)
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.first = min(j.first, seq)
	j.use(f)
	j.mu.Unlock()
	return nil
}

// use makes a file the one that is written. The caller holds mu.
func (j *journal) use(f *journalFile) {
	j.seq, j.file, j.at, j.lanes = f.seq, f, len(journalFormat), 0
}

// prepare sees to it that there is a spare file, and returns the number of the one that is written; 0: nothing is
// noted.
func (j *journal) prepare() (seq uint64, err error) {
	j.mu.Lock()
	seq, next := j.seq, j.spare == nil && j.at > j.size/4
	j.mu.Unlock()
	if seq == 0 || !next {
		return seq, nil
	}
	f, err := j.create(seq + 1)
	if err != nil {
		return seq, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seq != seq || j.spare != nil { // it was ended meanwhile
		return j.seq, errors.Join(f.close(), j.fs.Remove(j.name(f.seq)))
	}
	j.spare = f
	return seq, nil
}

// end stops noting; the files stay.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drop()
}

// drop is end for who holds mu.
func (j *journal) drop() {
	for _, f := range []*journalFile{j.file, j.spare} {
		if f != nil {
			_ = f.close() // nothing is lost: the kernel has it
		}
	}
	j.seq, j.file, j.spare = 0, nil, nil
}

// remove deletes the files below a number.
func (j *journal) remove(below uint64) error {
	seqs, err := j.list()
	for _, seq := range seqs {
		if seq < below {
			err = errors.Join(err, j.fs.Remove(j.name(seq)))
		}
	}
	if err == nil {
		j.mu.Lock()
		j.first = below
		j.mu.Unlock()
	}
	return err
}

// old is how many files there may be below a number.
func (j *journal) old(seq uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return seq - min(seq, j.first)
}

// put writes an entry; false when the file is full, and another one is written now, or none. The caller holds mu, and
// the entry is in buf behind entryHead bytes.
func (j *journal) put() bool {
	b, n := j.file.m.Bytes(), len(j.buf)
	if j.at+n > len(b) || n > maxEntrySize {
		j.turn(n <= maxEntrySize)
		return false
	}
	binary.BigEndian.PutUint32(j.buf, uint32(n-entryHead))
	binary.BigEndian.PutUint32(j.buf[4:], crc32.Checksum(j.buf[entryHead:], castagnoli))
	j.at += copy(b[j.at:], j.buf)
	return true
}

// turn goes on in the next file. Without one nothing is noted any more, until everything is noted anew. The caller
// holds mu.
func (j *journal) turn(fits bool) {
	signal.Raise(j.work)
	if j.spare == nil || !fits {
		j.drop()
		return
	}
	_ = j.file.close() // as in drop
	next := j.spare
	j.spare = nil
	j.use(next)
}

// each visits the entries of a file, up to the first that is none. An error of visit ends it.
func (j *journal) each(seq uint64, visit func(entry []byte) error) (err error) {
	f, err := j.fs.OpenReadOnly(j.name(seq))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return err
	}
	b := make([]byte, min(size, journalSize))
	if _, err := f.ReadAt(b, 0); err != nil {
		return err
	}
	if len(b) < len(journalFormat) || string(b[:len(journalFormat)]) != journalFormat {
		return nil
	}
	for b = b[len(journalFormat):]; len(b) > entryHead; {
		n, sum := int(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[4:])
		if n == 0 || n > len(b)-entryHead || crc32.Checksum(b[entryHead:entryHead+n], castagnoli) != sum {
			return nil
		}
		if err := visit(b[entryHead : entryHead+n]); err != nil {
			return err
		}
		b = b[entryHead+n:]
	}
	return nil
}
