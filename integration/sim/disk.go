package sim

import (
	"encoding/binary"
	"errors"
	"maps"
	"sync"

	"github.com/hashicorp/raft"

	"gorocket/namesrv/controller/consensus"
)

// raftDisk is what a controller has on its disk: what it took is durable, as with raft-wal, which syncs each append.
type raftDisk struct {
	mu     sync.Mutex
	logs   map[uint64]raft.Log // guarded by mu
	first  uint64              // guarded by mu; 0: none
	last   uint64              // guarded by mu
	values map[string][]byte   // guarded by mu
	shots  *raft.InmemSnapshotStore
}

func newRaftDisk() *raftDisk {
	return &raftDisk{logs: map[uint64]raft.Log{}, values: map[string][]byte{}, shots: raft.NewInmemSnapshotStore()}
}

// clone is the disk as a crash leaves it: the process that crashed goes on with the old one, for nobody.
func (d *raftDisk) clone() *raftDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &raftDisk{logs: maps.Clone(d.logs), first: d.first, last: d.last, values: maps.Clone(d.values), shots: d.shots}
}

func (d *raftDisk) stores() *consensus.Stores {
	return &consensus.Stores{Log: d, Stable: d, Snapshots: d.shots}
}

// FirstIndex implements raft.LogStore.
func (d *raftDisk) FirstIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first, nil
}

// LastIndex implements raft.LogStore.
func (d *raftDisk) LastIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, nil
}

// GetLog implements raft.LogStore.
func (d *raftDisk) GetLog(index uint64, log *raft.Log) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.logs[index]
	if !ok {
		return raft.ErrLogNotFound
	}
	*log = l
	return nil
}

// StoreLog implements raft.LogStore.
func (d *raftDisk) StoreLog(log *raft.Log) error { return d.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore.
func (d *raftDisk) StoreLogs(logs []*raft.Log) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range logs {
		d.logs[l.Index] = *l
		if d.first == 0 {
			d.first = l.Index
		}
		d.last = max(d.last, l.Index)
	}
	return nil
}

// DeleteRange implements raft.LogStore.
func (d *raftDisk) DeleteRange(from, to uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := from; i <= to; i++ {
		delete(d.logs, i)
	}
	if from <= d.first {
		d.first = to + 1
	}
	if to >= d.last {
		d.last = from - 1
	}
	if d.first > d.last {
		d.first, d.last = 0, 0
	}
	return nil
}

// Set implements raft.StableStore.
func (d *raftDisk) Set(key, value []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.values[string(key)] = append([]byte(nil), value...)
	return nil
}

// Get implements raft.StableStore.
func (d *raftDisk) Get(key []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.values[string(key)]; ok {
		return v, nil
	}
	return nil, errNotFound
}

// SetUint64 implements raft.StableStore.
func (d *raftDisk) SetUint64(key []byte, v uint64) error {
	return d.Set(key, binary.BigEndian.AppendUint64(nil, v))
}

// GetUint64 implements raft.StableStore.
func (d *raftDisk) GetUint64(key []byte) (uint64, error) {
	b, err := d.Get(key)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// errNotFound has the text by which raft knows it.
var errNotFound = errors.New("not found")
