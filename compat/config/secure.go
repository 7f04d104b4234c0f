package config

import (
	"errors"
	"fmt"
	"slices"
)

// Secure gives the fields of target the values that secure=true demands. given are the keys that the file has: one that
// opens a door again is an error, which names it; all of them are told together.
func Secure(target Target, given []string) error {
	var errs []error
	for _, f := range fields(target) {
		d := f.key.Secure
		switch {
		case d == nil, f.text() == d.Value:
		case !d.Must:
			if f.text() == f.key.Default && !slices.Contains(given, f.key.Name) {
				f.mustSet(d.Value)
			}
		case f.text() != f.key.Default || slices.Contains(given, f.key.Name):
			errs = append(errs, f.open())
		default:
			f.mustSet(d.Value)
		}
	}
	return errors.Join(errs...)
}

// CheckSecure finds the fields of target that do not have the value that secure=true demands.
func CheckSecure(target Target) error {
	var errs []error
	for _, f := range fields(target) {
		if d := f.key.Secure; d != nil && d.Must && f.text() != d.Value {
			errs = append(errs, f.open())
		}
	}
	return errors.Join(errs...)
}

// Fill sets those fields of target that are empty.
func Fill(target Target, values map[string]string) {
	for _, f := range fields(target) {
		if v, has := values[f.key.Name]; has && f.text() == "" {
			f.mustSet(v)
		}
	}
}

// open is the error of a key that opens a door.
func (f field) open() *Error {
	return f.refuse(f.text(), "secure=true (or --secure) wants %q: take the key out, or start without secure",
		f.key.Secure.Value)
}

// mustSet panics when the value does not fit: that is a fault of the program.
func (f field) mustSet(value string) {
	if err := f.set(value); err != nil {
		panic(fmt.Sprint("config: ", err))
	}
}
