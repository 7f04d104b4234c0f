package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"gorocket/compat"
)

// kind is what a value of the field has to be, in a word.
func (f field) kind() string {
	switch {
	case f.key.Choices != nil:
		return "choice"
	case f.v.Kind() == reflect.Bool:
		return "true or false"
	case f.v.Kind() == reflect.String:
		return "text"
	case f.key.Unit == Count:
		return "number"
	}
	return "number of " + string(f.key.Unit)
}

// Range is what a value of the key may be: its choices or its bounds; "" when there are none.
func (k Key) Range() string {
	switch {
	case k.Choices != nil:
		return strings.Join(k.Choices, ", ")
	case k.Min == k.Max:
		return ""
	case k.Max == math.MaxInt64:
		return fmt.Sprintf("at least %d", k.Min)
	}
	return fmt.Sprintf("%d..%d", k.Min, k.Max)
}

// Entry is one key of a file beside the table of keys.
type Entry struct {
	Key     string `json:"key"`
	Value   string `json:"value"` // *** of a secret
	Line    int    `json:"line,omitempty"`
	Known   bool   `json:"known"`          // it has an effect here
	Java    bool   `json:"java,omitempty"` // it has none here, but Java has the key
	Type    string `json:"type,omitempty"`
	Range   string `json:"range,omitempty"`
	Default string `json:"default"`
	Differs bool   `json:"differs"` // from the default
	Changes string `json:"changes,omitempty"`
	Meaning string `json:"meaning,omitempty"`
	Refused string `json:"refused,omitempty"` // why no server starts with it
	Hint    string `json:"hint,omitempty"`    // of an unknown key: which one was probably meant
}

// Explain lists what p says, in its order, beside the tables of targets: the first one that has a key counts.
func Explain(p *compat.Properties, targets ...Target) (entries []Entry) {
	known := map[string]field{}
	for _, t := range targets {
		for _, f := range fields(t) {
			if _, has := known[f.key.Name]; !has {
				known[f.key.Name] = f
			}
		}
	}
	for _, key := range p.Keys() {
		value, _ := p.Get(key)
		e := Entry{Key: key, Value: value, Line: p.Line(key)}
		if value != "" && IsSecret(key) {
			e.Value = "***"
		}
		if f, ok := known[key]; ok {
			f.explain(&e, value)
		} else if e.Java = IsJavaKey(key); !e.Java {
			e.Hint = suggest(key, names(targets))
		}
		entries = append(entries, e)
	}
	return entries
}

func (f field) explain(e *Entry, value string) {
	k := f.key
	e.Known, e.Type, e.Range, e.Default, e.Changes, e.Meaning = true, f.kind(), k.Range(), k.Default, k.Changes(), k.Doc
	own := field{reflect.New(f.v.Type()).Elem(), k} // the target keeps what it has
	if err := own.set(value); err != nil {
		e.Refused = err.Msg
		return
	}
	e.Differs = own.text() != k.Default
}

func names(targets []Target) (all []string) {
	for _, t := range targets {
		all = append(all, Names(t)...)
	}
	return all
}

// Refusals takes the *Error values out of an error, however they are joined and wrapped, and the texts of the others.
func Refusals(err error) (keys []*Error, others []string) {
	if err == nil {
		return nil, nil
	}
	var one *Error
	switch joined := err.(type) {
	case interface{ Unwrap() []error }:
		for _, e := range joined.Unwrap() {
			k, o := Refusals(e)
			keys, others = append(keys, k...), append(others, o...)
		}
		return keys, others
	case *Error:
		return []*Error{joined}, nil
	}
	if inner := errors.Unwrap(err); inner != nil && errors.As(err, &one) {
		return Refusals(inner)
	}
	return nil, []string{err.Error()}
}
