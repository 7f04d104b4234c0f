package namesrv

import (
	"errors"
	"io/fs"
	"sync"

	"gorocket/compat"
	"gorocket/compat/body"
)

// maxKVEntries is how many values all namespaces together may hold; each put rewrites the whole file.
const maxKVEntries = 1 << 16

var errKVFull = errors.New("KV config table is full (65536 entries)")

// kvFile is kvConfig.json (KVConfigSerializeWrapper.java).
type kvFile struct {
	ConfigTable map[string]map[string]string `json:"configTable"` // namespace → key → value
}

// kvStore is the KV configuration, persisted at each change (KVConfigManager.java).
type kvStore struct {
	files files
	path  string

	persistMu sync.Mutex // one writer of the file at a time; taken before mu
	mu        sync.RWMutex
	table     map[string]map[string]string // guarded by mu
}

func newKVStore(f files, path string) *kvStore {
	return &kvStore{files: f, path: path, table: map[string]map[string]string{}}
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
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// put stores a value, or with given=false takes it away, and persists; the namespace exists afterwards. After an error of the file the
// value acts but may not survive a restart.
func (k *kvStore) put(ns, key, value string, given bool) error {
	return k.change(func() error {
		table := k.table[ns]
		if _, known := table[key]; !known && k.size() >= maxKVEntries {
			return errKVFull
		}
		if table == nil {
			table = map[string]string{}
			k.table[ns] = table
		}
		if table[key] = value; !given {
			delete(table, key)
		}
		return nil
	})
}

// remove deletes a value and persists. The namespace stays, even empty, as in Java.
func (k *kvStore) remove(ns, key string) error {
	return k.change(func() error {
		delete(k.table[ns], key)
		return nil
	})
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

// size counts all entries; the caller holds mu.
func (k *kvStore) size() int {
	n := 0
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
	return compat.Marshal(body.KVTable{Table: table})
}
