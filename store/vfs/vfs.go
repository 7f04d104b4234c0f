// Package vfs is the only door through which the store (and every durable file of namesrv and broker) reaches a file
// system. OS is the operating system's; Mem keeps everything in memory, fails any call on demand and can be cloned as a
// power cut would leave it.
package vfs

import (
	"errors"
	"io"
	"time"
)

// ErrLocked is returned by FS.Lock when another process (or another handle of Mem) holds the lock.
var ErrLocked = errors.New("vfs: file is locked by another process")

// ErrMapped is returned when a file is resized while it is mapped and the file system cannot do that.
var ErrMapped = errors.New("vfs: file is mapped")

// FS is a file system. Names are slash paths. All methods may be called by several goroutines at once.
// Errors are *fs.PathError (or wrap one), so errors.Is(err, fs.ErrNotExist) and syscall.ENOSPC work.
type FS interface {
	// Create opens name for reading and writing, creating it or cutting it to 0 bytes.
	Create(name string) (File, error)
	// CreateWhole is Create and prepare, which gives the file its size, in one: where the file system can, the file has
	// no name before, so that a process that is killed meanwhile leaves none of it. prepare is called once or, after it
	// succeeded, again. After an error there is no file, but for fs.ErrExist: one that is there already stays as it is.
	CreateWhole(name string, prepare func(f File) error) (File, error)
	// OpenFile opens an existing file for reading and writing.
	OpenFile(name string) (File, error)
	// OpenReadOnly opens an existing file for reading; its mappings are read-only too.
	OpenReadOnly(name string) (File, error)
	// Remove deletes one file or one empty directory.
	Remove(name string) error
	// Rename replaces newName atomically. It is durable after SyncDir of both parents.
	Rename(oldName, newName string) error
	// ReadDir lists a directory sorted by name.
	ReadDir(name string) ([]FileInfo, error)
	// Stat describes a file or directory.
	Stat(name string) (FileInfo, error)
	// MkdirAll makes a directory and its parents (mode 0755). No error if it exists.
	MkdirAll(name string) error
	// SyncDir makes creations, removals and renames inside the directory durable.
	SyncDir(name string) error
	// SyncAll makes everything written so far to the file system that holds name durable (syncfs).
	SyncAll(name string) error
	// Lock takes an exclusive POSIX (fcntl) lock on byte 0 of name, creating the file if needed: the lock that Java's
	// FileChannel takes. It returns ErrLocked at once when another process holds it. Close the result to release it.
	Lock(name string) (io.Closer, error)
	// Usage tells the size of the file system that holds name and the bytes an unprivileged process may still write.
	Usage(name string) (DiskUsage, error)
}

// File is an open file. ReadAt, WriteAt and Sync may be called at the same time by several goroutines.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Name is the path the file was opened with.
	Name() string
	// Size returns the present size in bytes.
	Size() (int64, error)
	// Truncate sets the size; a grown part reads as zeros and owns no disk blocks yet.
	Truncate(size int64) error
	// Allocate reserves disk blocks for [off, off+n) and grows the file to at least off+n. After it succeeded, writes
	// to that range, mapped ones too, cannot fail for lack of space. The content of new ranges is zero.
	Allocate(off, n int64) error
	// Zero sets [off, off+n) to zeros; blocks stay allocated.
	Zero(off, n int64) error
	// Punch is Zero that may give the blocks back: a sparse file stays sparse. The size never changes, not even for a
	// moment.
	Punch(off, n int64) error
	// Sync makes content and size durable, mapped writes included (fdatasync).
	Sync() error
	// Map maps [off, off+n) shared. off is a multiple of the page size.
	Map(off int64, n int, writable bool) (Mapping, error)
	// Fd returns the descriptor for sendfile, or ^uintptr(0) when the file has none (Mem).
	Fd() uintptr
}

// TryReader is a File that can read what is in the page cache without waiting for the disk.
type TryReader interface {
	// TryReadAt fills b from off; false when that would have to wait (or failed): nothing is said about b then.
	TryReadAt(b []byte, off int64) bool
}

// Mapping is a piece of a file in memory. It stays valid after the file was closed, until Unmap.
type Mapping interface {
	// Bytes is the mapped memory. It must not be touched after Unmap.
	Bytes() []byte
	// Populate faults pages of [off, off+n) in, so that later reads do not fault. Unreadable tells what an error of it
	// means.
	Populate(off, n int) error
	// Resident tells whether all pages of [off, off+n) are in the page cache. It never blocks on I/O.
	Resident(off, n int) bool
	// Unmap releases the memory. Calling it twice is harmless.
	Unmap() error
}

// FileInfo describes a directory entry.
type FileInfo struct {
	Name    string // last element
	Size    int64  // bytes
	ModTime time.Time
	IsDir   bool
}

// DiskUsage is the state of a file system in bytes.
type DiskUsage struct {
	Total int64
	Free  int64 // available to unprivileged writers
}

// UsedRatio returns used/(used+free), 0..1.
func (u DiskUsage) UsedRatio() float64 {
	if u.Total <= 0 {
		return 0
	}
	return 1 - float64(u.Free)/float64(u.Total)
}

// Booter is an FS that can tell two runs of the machine apart.
type Booter interface {
	// BootID names the present run; as long as it is the same, nothing that was written got lost, synced or not. "" when
	// it is not known.
	BootID() string
}

// LockTester is an FS that can tell whether another process holds the lock of FS.Lock, without taking it or changing
// anything.
type LockTester interface {
	// Locked returns fs.ErrNotExist when there is no such file.
	Locked(name string) (bool, error)
}
