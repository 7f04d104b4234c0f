package config

import (
	"reflect"
	"slices"

	"gorocket/compat"
)

// Reread is what has changed in the file of a server that runs, sorted by what can be done about it.
type Reread struct {
	Changed *compat.Properties // to be applied as a change that a peer sends; may have keys that act at the next start
	Later   []string           // of them, those that act at the next start; of who has applied them
	Closed  []string           // in the file only (Key.Local), or in configBlackList: they act at the next start
	Fixed   []string           // the running server was built on them: they act at the next start
	Unknown []string           // nobody has such a key
}

// Nothing tells whether the file says what the server does.
func (r *Reread) Nothing() bool {
	return r.Changed.Len()+len(r.Closed)+len(r.Fixed)+len(r.Unknown) == 0
}

// AtOnce lists the changed keys that act now. Of who has applied them.
func (r *Reread) AtOnce() []string {
	return slices.DeleteFunc(r.Changed.Keys(), func(key string) bool { return slices.Contains(r.Later, key) })
}

// Sort compares a file with what it was when it was last read. The rules are those of a change over the wire: what a
// peer may not change needs a start. Keys that went out of the file get their defaults. What the server has already,
// because a peer has changed it or because somebody wrote the same value in another way, is no change.
func Sort(now, last *compat.Properties, target Target, blackList string) *Reread {
	r := &Reread{Changed: &compat.Properties{}}
	table := map[string]field{}
	for _, f := range fields(target) {
		table[f.key.Name] = f
	}
	for _, key := range append(now.Keys(), gone(now, last)...) {
		value, is := now.Get(key)
		if was, had := last.Get(key); is && had && was == value {
			continue
		}
		f, known := table[key]
		if !is {
			value = f.key.Default
		}
		r.take(key, value, f, known, is, blackList)
	}
	return r
}

// Reload has apply take what has changed, as Sort says. later are the keys of it that act at the next start. The caller
// holds what keeps the configuration as it is.
func Reload(now, last *compat.Properties, target Target, blackList string,
	apply func(*compat.Properties) (later []string, err error)) (r *Reread, err error) {
	if r = Sort(now, last, target, blackList); r.Changed.Len() > 0 {
		r.Later, err = apply(r.Changed)
	}
	return r, err
}

// gone lists the keys that are in the file no more.
func gone(now, last *compat.Properties) []string {
	return slices.DeleteFunc(last.Keys(), func(key string) bool {
		_, is := now.Get(key)
		return is
	})
}

func (r *Reread) take(key, value string, f field, known, inFile bool, blackList string) {
	one := &compat.Properties{}
	one.Set(key, value)
	closed := Closed(one, blackList)
	switch {
	case !known && !inFile, known && (f.has(value) || f.key.follows):
	case !known && !IsJavaKey(key) && !inTables(key):
		r.Unknown = append(r.Unknown, key)
	case !known && closed: // of another server, or of Java
	case closed:
		r.Closed = append(r.Closed, key)
	case known && f.key.Effect == Start:
		r.Fixed = append(r.Fixed, key)
	default:
		r.Changed.Set(key, value)
	}
}

// has tells whether the field has the value already.
func (f field) has(value string) bool {
	own := field{reflect.New(f.v.Type()).Elem(), f.key}
	return own.set(value) == nil && own.text() == f.text()
}

// inTables tells whether some server of ours has the key: two may share a file.
func inTables(key string) bool {
	return BrokerFile.Has(key) || NameServer.Has(key) || Controller.Has(key)
}
