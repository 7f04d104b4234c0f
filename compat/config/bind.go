package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gorocket/compat"
)

// Target is a configuration: a pointer to a struct whose fields name their keys by a tag, prop:"name". Embedded structs
// count as if their fields stood in the outer one; fields without the tag are ignored. Kinds: string, bool, int, int32,
// int64.
type Target interface {
	// Keys is the table that its tags name; of embedded structs, too.
	Keys() Table
}

// Error is one value that a configuration refuses. Its text never holds the value of a secret.
type Error struct {
	Key   string
	Value string // "***" for a secret
	Msg   string
	Line  int // of the file or body, from 1; 0 when unknown
}

// Error implements error.
func (e *Error) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(" (line %d)", e.Line)
	}
	return fmt.Sprintf("config key %s: value %q: %s%s", brief(e.Key), brief(e.Value), e.Msg, at)
}

// maxQuoted is how much of a key, or of a value, an error quotes, in bytes: either may be a peer's, and fill a frame.
const maxQuoted = 4 << 10

func brief(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "..."
}

// Bind sets the fields of target from p. unknown lists, in p's order, the keys that no field has. All bad values are
// reported together (errors.Join of *Error); their fields keep their former values, the good ones are set all the same,
// so bind to a copy when all or nothing is wanted. Java ignores values that do not parse; we refuse them.
func Bind(p *compat.Properties, target Target) (unknown []string, err error) {
	all := map[string]field{}
	for _, f := range fields(target) {
		all[f.key.Name] = f
	}
	var errs []error
	for _, key := range p.Keys() {
		f, ok := all[key]
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		value, _ := p.Get(key)
		if err := f.set(value); err != nil {
			err.Line = p.Line(key)
			errs = append(errs, err)
		}
	}
	return unknown, errors.Join(errs...)
}

// Check finds the fields whose value is outside of its bounds or not allowed, all together: values that no file was
// bound to came from flags, the environment or a program.
func Check(target Target) error {
	var errs []error
	for _, f := range fields(target) {
		if err := f.set(f.text()); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Changed lists the keys with this effect whose values differ between two configurations of one type.
func Changed(old, next Target, e Effect) (keys []string) {
	a, b := fields(old), fields(next)
	for i, f := range a {
		if f.key.Effect == e && f.text() != b[i].text() {
			keys = append(keys, f.key.Name)
		}
	}
	return keys
}

// Names lists the keys of a configuration.
func Names(target Target) (names []string) {
	for _, f := range fields(target) {
		names = append(names, f.key.Name)
	}
	return names
}

// SetDefaults gives every field its default. It panics when a default does not fit its own field: that is a fault of
// the program.
func SetDefaults(target Target) {
	for _, f := range fields(target) {
		if err := f.set(f.key.Default); err != nil {
			panic(err)
		}
	}
}

// Properties lists all fields with their values, in the order of the struct: the answer of GET_*_CONFIG and the content
// of a persisted config file. It holds secrets.
func Properties(target Target) *compat.Properties {
	p := &compat.Properties{}
	for _, f := range fields(target) {
		p.Set(f.key.Name, f.text())
	}
	return p
}

// field is one field of a configuration.
type field struct {
	v   reflect.Value
	key Key
}

// fields panics when a field names a key that the table does not have: that is a fault of the program.
func fields(target Target) []field {
	table := target.Keys()
	byName := make(map[string]Key, len(table))
	for _, k := range table {
		byName[k.Name] = k
	}
	return appendFields(nil, reflect.ValueOf(target).Elem(), byName)
}

func appendFields(out []field, v reflect.Value, table map[string]Key) []field {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			out = appendFields(out, v.Field(i), table)
			continue
		}
		if name := sf.Tag.Get("prop"); name != "" {
			k, ok := table[name]
			if !ok {
				panic("config: no key " + name + " in the table of " + v.Type().String())
			}
			out = append(out, field{v.Field(i), k})
		}
	}
	return out
}

func (f field) text() string {
	switch f.v.Kind() {
	case reflect.String:
		return f.v.String()
	case reflect.Bool:
		return strconv.FormatBool(f.v.Bool())
	default:
		return strconv.FormatInt(f.v.Int(), 10)
	}
}
