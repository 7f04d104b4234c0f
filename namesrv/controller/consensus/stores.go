package consensus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"

	"gorocket/store/vfs"
)

// Stores are where a member keeps its log, its votes and its snapshots. What they take is durable when they return.
type Stores struct {
	Log       raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore
}

// stores are a member's files; with Config.Stores only what that says.
type stores struct {
	Stores
	lock io.Closer       // nobody else opens the folder
	meta types.MetaStore // what raft-wal knows of its files, and raft's votes
	log  *durable
}

// diskOf replaces what raft-wal writes with.
type diskOf struct {
	meta  types.MetaStore
	files func(dir string) types.SegmentFiler
}

// keptOpen outlives the log that it belongs to, which is opened anew after a failure while the old one is read yet.
type keptOpen struct{ types.MetaStore }

// Close does nothing: stores.close does it.
func (keptOpen) Close() error { return nil }

// segmentSize is that of a file of the log, in bytes; raft-wal allocates it at once.
const segmentSize = 4 << 20

// keptSnapshots is how many snapshots stay.
const keptSnapshots = 2

// openStores opens the files. The lock is ours: raft-wal waits for another process to end, for ever.
func openStores(dir string, log logger, disk *diskOf) (s stores, err error) {
	s.lock, err = vfs.OS{}.Lock(filepath.Join(dir, "lock"))
	if errors.Is(err, vfs.ErrLocked) {
		return s, fmt.Errorf("controller: the folder %s is in use by another process", dir)
	}
	if err != nil {
		return s, fmt.Errorf("controller: %w", err)
	}
	if disk == nil {
		disk = &diskOf{&metadb.BoltMetaDB{}, func(dir string) types.SegmentFiler { return segment.NewFiler(dir, fs.New()) }}
	}
	s.meta = disk.meta
	open := func() (*wal.WAL, error) {
		return wal.Open(dir, wal.WithMetaStore(keptOpen{s.meta}), wal.WithLogger(log), wal.WithSegmentSize(segmentSize),
			wal.WithSegmentFiler(disk.files(dir)))
	}
	s.log, err = openDurable(open, log)
	if err != nil {
		err = fmt.Errorf("controller: the log in %s cannot be opened: %w", dir, err)
		return s, errors.Join(err, s.close())
	}
	s.Log, s.Stable = s.log, s.log
	if s.Snapshots, err = raft.NewFileSnapshotStoreWithLogger(dir, keptSnapshots, log); err != nil {
		err = fmt.Errorf("controller: the snapshots in %s cannot be read: %w", dir, err)
		return s, errors.Join(err, s.close())
	}
	return s, nil
}

func (s stores) close() (err error) {
	if s.lock == nil {
		return nil
	}
	if s.log.wal != nil {
		err = s.log.close()
	}
	return errors.Join(err, s.meta.Close(), s.lock.Close())
}

// member is the content of member.json.
type member struct {
	Group string `json:"group"`
	ID    string `json:"id"`
}

// claim makes dir the folder of one member of one group, or refuses that of another one: its votes are not ours.
func claim(dir, group, id string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	path := filepath.Join(dir, "member.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, iofs.ErrNotExist) {
		text, _ = json.Marshal(member{group, id})
		return vfs.WriteFileAtomic(vfs.OS{}, path, text)
	}
	if err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	var m member
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("controller: %s: %w", path, err)
	}
	if m.Group != group || m.ID != id {
		return fmt.Errorf("controller: the folder %s belongs to member %q of group %q, not to %q of %q", dir, m.ID, m.Group,
			id, group)
	}
	return nil
}
