package wire

import (
	"fmt"
	"math/bits"
	"reflect"
	"strings"
	"unsafe"

	"gorocket/remoting/wire/jsontext"
)

// HeaderType is the definition of one extFields layout. It is made once from the tags of a struct and gives the
// reader and the writer of both header forms, the fuzz target and the row of docs/support.md.
//
// Tags of the struct's fields (kinds string, []byte, int32, int64, bool, float64; embedded structs are flattened):
//
//	header:"topic"            the name in extFields
//	header:"topic,required"   Java marks the field @CFNotNull; it is documented and always written. A receiver does
//	                          not reject its absence: neither does Java (decodeCommandCustomHeader only logs)
//	header:"topic,must"       required, and Java's handler fails with a NullPointerException without it: a
//	                          *MissingError here
//	default:"-1"              value when the field is absent, where Java's field has an initial value or null means
//	                          something
//
// A []byte field is a view into the frame and dies with it. Strings are copies, shared through the connection's
// Interner.
type HeaderType[T any] struct {
	info     HeaderInfo
	template T // the defaults
}

// HeaderInfo is what a HeaderType knows without its Go type.
type HeaderInfo struct {
	Name   string // Java class name
	Strict bool   // a number that does not parse is an error (Java's FastCodesHeader), else the field stays unset
	Fields []HeaderField
	must   uint64           // bit i: field i is a Must field
	byName [nameSlots]uint8 // by nameHash: 1 + number of a field, 0 for none
}

// nameSlots is a power of two above the number of fields of most headers.
const nameSlots = 64

// FieldError is a header field that does not parse. Its text begins as Java's exception does.
type FieldError struct{ Header, Field, Value string }

// MissingError is a field that Java's handler cannot do without. Its text begins as Java's exception does.
type MissingError struct{ Header, Field string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("java.lang.NullPointerException: the custom field <%s> of %s is null", e.Field, e.Header)
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("java.lang.NumberFormatException: For input string: %q, field %s of %s",
		e.Value, e.Field, e.Header)
}

// Define makes the HeaderType of T. It panics on a tag that makes no sense: that is a mistake of ours, found by the
// first test.
func Define[T any](javaName string) *HeaderType[T] { return define[T](javaName, "header") }

// DefineStrict is Define for headers that Java decodes by its fast path, in which a malformed number fails the request.
func DefineStrict[T any](javaName, tag string) *HeaderType[T] {
	h := define[T](javaName, tag)
	h.info.Strict = true
	return h
}

func define[T any](javaName, tag string) *HeaderType[T] {
	h := &HeaderType[T]{info: HeaderInfo{Name: javaName}}
	h.info.collect(reflect.TypeFor[T](), tag, 0)
	for i := range h.info.Fields {
		f := &h.info.Fields[i]
		if f.Default == "" {
			continue
		}
		if !f.store(unsafe.Pointer(&h.template), []byte(f.Default), nil) {
			panic("wire: default of " + javaName + "." + f.Name + " does not parse")
		}
		f.absent, _ = jsontext.ParseInt([]byte(f.Default), 64)
	}
	return h
}

func (info *HeaderInfo) collect(t reflect.Type, tag string, base uintptr) {
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous {
			info.collect(sf.Type, tag, base+sf.Offset)
			continue
		}
		text, ok := sf.Tag.Lookup(tag)
		if !ok {
			continue
		}
		name, opts, _ := strings.Cut(text, ",")
		kind := sf.Type.Kind()
		switch kind {
		case reflect.String, reflect.Int32, reflect.Int64, reflect.Bool, reflect.Float64:
		case reflect.Slice:
		default:
			panic("wire: field " + info.Name + "." + name + " has an unsupported kind")
		}
		if opts == "must" {
			info.must |= 1 << len(info.Fields)
		}
		info.byName[nameHash(name)] = uint8(len(info.Fields) + 1)
		info.Fields = append(info.Fields, HeaderField{Name: name, Kind: kind, Required: opts != "",
			Must: opts == "must", Default: sf.Tag.Get("default"), lead: leadOf(name), offset: base + sf.Offset})
	}
}

// Info returns the definition for documentation and checks.
func (h *HeaderType[T]) Info() *HeaderInfo { return &h.info }

// Decode fills v from the command's extFields; fields that are absent get their defaults. in may be nil.
// Errors: *FieldError from strict headers, *MissingError. v is filled as far as possible in either case.
func (h *HeaderType[T]) Decode(c *Command, in *Interner, v *T) error {
	if c.shape != nil && h.recall(c.shape, in, v) {
		return nil
	}
	*v = h.template
	err := h.info.decode(c.Fields, in, unsafe.Pointer(v))
	if c.shape != nil && err == nil {
		h.remember(c.shape, v)
	}
	return err
}

// decode looks each field up starting behind the previous hit: peers send them in a fixed order, so one comparison is
// the rule.
func (info *HeaderInfo) decode(fields []Field, in *Interner, v unsafe.Pointer) error {
	next, seen := 0, uint64(0)
	for n := range fields {
		kv := &fields[n] // not a copy, see Command.add
		i := info.find(kv.Key, next)
		if i < 0 {
			continue
		}
		next = i + 1
		f := &info.Fields[i]
		if f.store(v, kv.Value, in) {
			seen |= 1 << i
		} else if info.Strict {
			return &FieldError{info.Name, f.Name, string(clip(kv.Value, 64))}
		}
	}
	if missing := info.must &^ seen; missing != 0 {
		return &MissingError{info.Name, info.Fields[bits.TrailingZeros64(missing)].Name}
	}
	return nil
}

// find returns the number of the field called key, -1 when there is none. It looks first at number from, then where
// the names' hash says.
func (info *HeaderInfo) find(key []byte, from int) int {
	if from < len(info.Fields) && info.Fields[from].Name == string(key) {
		return from
	}
	if len(key) == 0 {
		return -1
	}
	if i := int(info.byName[nameHash(key)]) - 1; i >= 0 && info.Fields[i].Name == string(key) {
		return i
	}
	for i := range info.Fields {
		if info.Fields[i].Name == string(key) {
			return i
		}
	}
	return -1
}

// nameHash tells names of header fields apart, as a rule; key is not empty.
func nameHash[S string | []byte](key S) uint8 {
	n := len(key)
	return (key[0]*7 + key[n/2]*13 + key[n-1]*31 + uint8(n)) % nameSlots
}
