package namesrv

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// maxKVEntries is how many values and namespaces there may be; each put rewrites the whole file.
const maxKVEntries = 1 << 16

var errKVFull = errors.New("KV config table is full (65536 entries)")

// kvTooLargeError says that a value does not fit: the table would have more than limit bytes.
type kvTooLargeError struct {
	namespace, key string
	size           int // bytes of the value
	limit          int // maxKvConfigBytes
}

func (e *kvTooLargeError) Error() string {
	return fmt.Sprintf("KV config %.100q %.100q: no room for %d bytes, the table may have %d (maxKvConfigBytes)",
		e.namespace, e.key, e.size, e.limit)
}

// kvFile is kvConfig.json (KVConfigSerializeWrapper.java).
type kvFile struct {
	ConfigTable map[string]map[string]string `json:"configTable"` // namespace → key → value
}

// kvStore is the KV configuration, persisted at each change (KVConfigManager.java).
type kvStore struct {
	files files
	path  string

	persistMu sync.Mutex // one writer of the file at a time; taken before mu
	limit     func() int // maxKvConfigBytes
	mu        sync.RWMutex
	table     map[string]map[string]string // guarded by mu
	bytes     int                          // guarded by mu; of all namespaces, keys and values
}

func newKVStore(f files, path string, limit func() int) *kvStore {
	return &kvStore{files: f, path: path, table: map[string]map[string]string{}, limit: limit}
}

// load reads the file; one that is not there is an empty table, one that cannot be read is an error naming it.
func (k *kvStore) load() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.files.read(k.path, func(text []byte) error {
		var f kvFile
		if err := compat.Unmarshal(text, &f); err != nil {
			return err
		}
		for ns, table := range f.ConfigTable {
			if table != nil {
				k.table[ns] = table
				k.bytes += len(ns)
				for key, value := range table {
					k.bytes += len(key) + len(value)
				}
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// put stores a value, or with given=false takes it away, and persists; the namespace exists afterwards. After an error
// of the file the value acts but may not survive a restart.
func (k *kvStore) put(ns, key, value string, given bool) error {
	return k.change(func() error {
		if !given {
			k.forget(ns, key)
		}
		return k.set(ns, key, value, given)
	})
}

// set is put for the table. The caller holds mu.
func (k *kvStore) set(ns, key, value string, given bool) error {
	table := k.table[ns]
	old, known := table[key]
	if !known && k.size() >= maxKVEntries {
		return errKVFull
	}
	more := 0
	if table == nil {
		more += len(ns)
	}
	if given {
		more += len(value) - len(old)
		if !known {
			more += len(key)
		}
	}
	if limit := k.limit(); more > 0 && k.bytes+more > limit {
		return &kvTooLargeError{ns, key, len(value), limit}
	}
	if table == nil {
		table = map[string]string{}
		k.table[strings.Clone(ns)] = table
	}
	if k.bytes += more; given {
		table[key] = value
	}
	return nil
}

// remove deletes a value and persists. The namespace stays, even empty, as in Java.
func (k *kvStore) remove(ns, key string) error {
	return k.change(func() error {
		k.forget(ns, key)
		return nil
	})
}

// forget deletes a value. The caller holds mu.
func (k *kvStore) forget(ns, key string) {
	if old, known := k.table[ns][key]; known {
		k.bytes -= len(key) + len(old)
		delete(k.table[ns], key)
	}
}

func (k *kvStore) change(edit func() error) error {
	k.persistMu.Lock()
	defer k.persistMu.Unlock()
	k.mu.Lock()
	err := edit()
	k.mu.Unlock()
	if err != nil {
		return err
	}
	k.mu.RLock()
	text, err := compat.Marshal(kvFile{ConfigTable: k.table})
	k.mu.RUnlock()
	if err != nil {
		return err
	}
	return k.files.write(k.path, text)
}

// size counts all values and namespaces; the caller holds mu.
func (k *kvStore) size() int {
	n := len(k.table)
	for _, t := range k.table {
		n += len(t)
	}
	return n
}

func (k *kvStore) get(ns, key string) (string, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	v, ok := k.table[ns][key]
	return v, ok
}

// list is the body that answers for a namespace, nil when there is no such namespace.
func (k *kvStore) list(ns string) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	table := k.table[ns]
	if table == nil {
		return nil, nil
	}
	return compat.Marshal(protocol.KVTable{Table: table})
}
