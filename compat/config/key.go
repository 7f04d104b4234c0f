// Package config is the one table of configuration keys, for store, broker and NameServer, and binds Java's .properties
// files to structs by it. Start, flags, -p and -m, UPDATE_BROKER_CONFIG and UPDATE_NAMESRV_CONFIG and docs/config.md
// all read the table.
package config

import (
	"math"
	"slices"
	"strconv"
)

// Key is one configuration key.
type Key struct {
	Name     string   // Java's, unless Ours
	Default  string   // as it stands in a file
	Min, Max int64    // bounds of a number, both inclusive; minLong and maxLong: only what the field can hold
	Choices  []string // the allowed values; nil: any
	Unit     Unit     // of a number
	Effect   Effect
	Ours     bool    // an addition of gorocket
	Secret   bool    // the value never appears in an error, nor in what a peer is told
	Local    bool    // no peer changes it, whoever it is: only who may write the file; the same in all tables
	Secure   *Demand // what secure=true makes of it; nil: nothing
	Doc      string  // the meaning

	follows bool // the running process looks for a change in the file
}

// Demand is the value that a key gets by secure=true.
type Demand struct {
	Value string
	Must  bool // another one is refused; else it counts only where the file says nothing
}

// Unit is what a number counts.
type Unit string

// The units of numbers.
const (
	Count   Unit = ""
	Bytes   Unit = "bytes"
	Millis  Unit = "ms"
	Seconds Unit = "s"
	Hours   Unit = "h"
	Percent Unit = "%"
)

// Effect is when a change takes effect.
type Effect int

// The times at which changes take effect.
const (
	Now     Effect = iota // at once
	Restart               // it is written to the file and acts at the next start
	Start                 // the running process was built on it: a change while it runs is refused
)

func (e Effect) String() string {
	return [...]string{"at once", "next start", "not while running"}[e]
}

// Changes is when a change of the key acts, as docs/config.md has it.
func (k Key) Changes() string {
	switch {
	case k.Local && k.follows:
		return "in the file only, at once"
	case k.Local:
		return "in the file only"
	}
	return k.Effect.String()
}

// Table lists keys. Its order is that of docs/config.md.
type Table []Key

// Has tells whether the table has a key.
func (t Table) Has(name string) bool {
	return slices.ContainsFunc(t, func(k Key) bool { return k.Name == name })
}

const (
	maxInt  = math.MaxInt32 // what Java's int holds
	minLong = math.MinInt64
	maxLong = math.MaxInt64
)

func text(name, def string, e Effect, doc string) Key {
	return Key{Name: name, Default: def, Effect: e, Doc: doc}
}

func choice(name, def string, e Effect, choices []string, doc string) Key {
	return Key{Name: name, Default: def, Effect: e, Choices: choices, Doc: doc}
}

func flag(name string, def bool, e Effect, doc string) Key {
	return Key{Name: name, Default: strconv.FormatBool(def), Effect: e, Doc: doc}
}

func number(name string, def, least, most int64, u Unit, e Effect, doc string) Key {
	return Key{Name: name, Default: strconv.FormatInt(def, 10), Min: least, Max: most, Unit: u, Effect: e, Doc: doc}
}

func (k Key) ours() Key {
	k.Ours = true
	return k
}

// local marks paths, addresses, ports, programs, identity, and what protects the server: who could change them over the
// wire would read and write where the server may, or open its doors.
func (k Key) local() Key {
	k.Local = true
	return k
}

// followed marks a local key whose change in the file the running process looks for.
func (k Key) followed() Key {
	k.follows = true
	return k.local()
}

// local marks all keys of a table.
func (t Table) local() Table {
	for i := range t {
		t[i] = t[i].local()
	}
	return t
}

// secured is a key that secure=true holds at a value; suggested one that it sets unless the file does.
func (k Key) secured(value string) Key {
	k.Secure = &Demand{value, true}
	return k
}

func (k Key) suggested(value string) Key {
	k.Secure = &Demand{value, false}
	return k
}

func (k Key) secret() Key {
	k.Secret = true
	return k
}

// join is one table of several.
func join(tables ...Table) (all Table) {
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}
