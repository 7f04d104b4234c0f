// Package check looks at store directories that no broker runs on: verify, repair, skip-damaged, export. It reads what
// it can, and changes nothing but by Repair and SkipDamaged. Whether a start would go well it asks a start: a store
// that is opened on a dry run (Options.Open).
package check

import (
	"context"
	"fmt"
	"path"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// Options say what a directory should hold and how a start on it goes.
type Options struct {
	Root         string // of the store
	Log          commitlog.Options
	Checks       commitlog.Checks // of recovery
	Queues       consumequeue.Options
	Rules        dispatch.Rules
	Limits       record.Limits
	Indexed      bool // messageIndexEnable
	IndexSafe    bool // messageIndexSafe, and Indexed
	IndexSlots   int  // maxHashSlotNum
	IndexEntries int  // maxIndexNum
	// Open opens a store on the directory, as a start does.
	Open func(fsys vfs.FS) (Store, error)
}

// Store is an open store, as far as a trial needs it.
type Store interface {
	Start() error
	Stop(ctx context.Context) error
	// Report tells what the opening found and did.
	Report() recovery.Report
	// TailRefused tells why Start would find no place for the next record.
	TailRefused() error
	// WriteQueues writes what the queues have in memory, as a running store does in the background.
	WriteQueues(ctx context.Context) error
	// MaxPhyOffset is the end of the log, DispatchBehindBytes how far the index is behind it.
	MaxPhyOffset() int64
	DispatchBehindBytes() int64
}

// sub returns the path of name below the root.
func (o *Options) sub(name ...string) string { return path.Join(append([]string{o.Root}, name...)...) }

// log are the options of the log in a file system.
func (o *Options) log(fsys vfs.FS) commitlog.Options {
	opt := o.Log
	opt.FS = fsys
	return opt
}

// queues are the options of the queues in a file system.
func (o *Options) queues(fsys vfs.FS) consumequeue.Options {
	opt := o.Queues
	opt.FS = fsys
	return opt
}

// RocksDBWayOut is how a store of a Java broker with RocksDB comes here; docs/migrating.md has the commands.
const RocksDBWayOut = "Way out: let the running Java broker write config/*.json (mqadmin rocksDBConfigToJson), stop " +
	"it cleanly, move consumequeue to another folder and set storeType=default: the queues are rebuilt from the log " +
	"(docs/migrating.md)"

// RefuseRocksDB names the way out for a store whose consume queues are in RocksDB.
func RefuseRocksDB(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir + "/CURRENT"); err != nil {
		return nil
	}
	return fmt.Errorf("store: %s holds RocksDB consume queues (storeType=defaultRocksDB), which cannot be read. %s",
		dir, RocksDBWayOut)
}
