package compat

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A configuration is a struct whose fields carry tags (embedded structs count as if their fields stood in the outer one):
//
//	prop:"name"      the Java property name; fields without it are ignored
//	alias:"a,b"      older names, read but never written
//	default:"text"   value that SetDefaults gives
//	min:"" max:""    bounds of a number, both inclusive
//	enum:"A,B"       allowed values of a string
//	secret:"true"    the value never appears in an error or in Redacted
//	effect:"start"   the running process was built on it: a change while it runs is refused
//	effect:"restart" a change is written to the file and acts at the next start; without the tag it acts at once
//	doc:"text"       the meaning, with the unit
//
// Kinds: string, bool, int, int32, int64, float64.

// ConfigError is one value that a configuration refuses. Its text never holds the value of a secret.
type ConfigError struct {
	Key   string
	Value string // "***" for a secret
	Msg   string
	Line  int // of the file or body, from 1; 0 when unknown
}

// Error implements error.
func (e *ConfigError) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(" (line %d)", e.Line)
	}
	return fmt.Sprintf("config key %s: value %q: %s%s", e.Key, e.Value, e.Msg, at)
}

// BindProperties sets the fields of target (a pointer to a struct) from p. unknown lists, in p's order, the keys that no field has.
// All bad values are reported together (errors.Join of *ConfigError); their fields keep their former values, the good ones are set all
// the same, so bind to a copy when all or nothing is wanted. Java ignores values that do not parse; we refuse them.
func BindProperties(p *Properties, target any) (unknown []string, err error) {
	fields := fieldsByName(target)
	var errs []error
	for _, key := range p.keys {
		f, ok := fields[key]
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		if err := f.set(p.vals[key]); err != nil {
			err.Line = p.Line(key)
			errs = append(errs, err)
		}
	}
	return unknown, errors.Join(errs...)
}

// Check finds the fields whose value is outside of its bounds or not allowed, all together: values that no file was bound to came from flags,
// the environment or a program.
func Check(target any) error {
	var errs []error
	for _, f := range configFields(target) {
		if err := f.set(f.text()); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Changed lists the keys with this effect tag whose values differ between two configurations of one type.
func Changed(old, next any, effect string) (keys []string) {
	a, b := configFields(old), configFields(next)
	for i, f := range a {
		if f.effect == effect && f.text() != b[i].text() {
			keys = append(keys, f.name)
		}
	}
	return keys
}

// KnownKeys lists the keys of a configuration and their older names.
func KnownKeys(target any) (keys []string) {
	for _, f := range configFields(target) {
		keys = append(append(keys, f.name), f.aliases...)
	}
	return keys
}

// SetDefaults gives every field its default. It panics when a default does not fit its own field: that is a fault of the program.
func SetDefaults(target any) {
	for _, f := range configFields(target) {
		if f.hasDefault {
			if err := f.set(f.def); err != nil {
				panic(err)
			}
		}
	}
}

// ToProperties lists all fields with their values, in the order of the struct: the answer of GET_*_CONFIG and the content of a persisted
// config file. It holds secrets.
func ToProperties(target any) *Properties {
	p := &Properties{}
	for _, f := range configFields(target) {
		p.Set(f.name, f.text())
	}
	return p
}

// Redacted is ToProperties with the values of secret fields replaced by "***": for logs.
func Redacted(target any) *Properties {
	p := &Properties{}
	for _, f := range configFields(target) {
		p.Set(f.name, f.shown(f.text()))
	}
	return p
}

// configField is one field of a configuration.
type configField struct {
	v          reflect.Value
	name       string
	aliases    []string
	def        string
	hasDefault bool
	min, max   string
	enum       []string
	secret     bool
	effect     string
}

func configFields(target any) []configField {
	return appendFields(nil, reflect.ValueOf(target).Elem())
}

func appendFields(out []configField, v reflect.Value) []configField {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			out = appendFields(out, v.Field(i))
			continue
		}
		if name := sf.Tag.Get("prop"); name != "" {
			out = append(out, newField(v.Field(i), name, sf.Tag))
		}
	}
	return out
}

func newField(v reflect.Value, name string, tag reflect.StructTag) configField {
	f := configField{v: v, name: name, min: tag.Get("min"), max: tag.Get("max"), effect: tag.Get("effect"), secret: tag.Get("secret") == "true"}
	f.def, f.hasDefault = tag.Lookup("default")
	if s := tag.Get("alias"); s != "" {
		f.aliases = strings.Split(s, ",")
	}
	if s := tag.Get("enum"); s != "" {
		f.enum = strings.Split(s, ",")
	}
	return f
}

func fieldsByName(target any) map[string]configField {
	out := make(map[string]configField)
	for _, f := range configFields(target) {
		out[f.name] = f
		for _, a := range f.aliases {
			out[a] = f
		}
	}
	return out
}

func (f configField) shown(value string) string {
	if f.secret && value != "" {
		return "***"
	}
	return value
}

func (f configField) refuse(value, format string, args ...any) *ConfigError {
	return &ConfigError{Key: f.name, Value: f.shown(value), Msg: fmt.Sprintf(format, args...)}
}

func (f configField) text() string {
	switch f.v.Kind() {
	case reflect.String:
		return f.v.String()
	case reflect.Bool:
		return strconv.FormatBool(f.v.Bool())
	case reflect.Float64:
		return strconv.FormatFloat(f.v.Float(), 'f', -1, 64)
	default:
		return strconv.FormatInt(f.v.Int(), 10)
	}
}
