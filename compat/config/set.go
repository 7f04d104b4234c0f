package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// set parses value into the field. Blanks around it do not count, as in Java (MixAll.properties2Object).
func (f field) set(value string) *Error {
	value = strings.TrimSpace(value)
	switch f.v.Kind() {
	case reflect.String:
		return f.setString(value)
	case reflect.Bool:
		return f.setBool(value)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return f.setInt(value)
	}
	return f.refuse(value, "cannot be bound to a %s", f.v.Type())
}

func (f field) setString(value string) *Error {
	if of := f.key.Choices; of != nil && !slices.Contains(of, value) {
		return f.refuse(value, "want one of %s", strings.Join(of, ", "))
	}
	f.v.SetString(value)
	return nil
}

func (f field) setBool(value string) *Error {
	switch strings.ToLower(value) {
	case "true":
		f.v.SetBool(true)
	case "false":
		f.v.SetBool(false)
	default:
		return f.refuse(value, "want true or false")
	}
	return nil
}

func (f field) setInt(value string) *Error {
	bits := f.v.Type().Bits()
	n, err := strconv.ParseInt(value, 10, bits)
	switch {
	case err != nil:
		return f.refuse(value, "want a whole number of %d bits", bits)
	case n < f.key.Min:
		return f.refuse(value, "must be at least %d", f.key.Min)
	case n > f.key.Max:
		return f.refuse(value, "must be at most %d", f.key.Max)
	}
	f.v.SetInt(n)
	return nil
}

func (f field) refuse(value, format string, args ...any) *Error {
	if f.key.Secret && value != "" {
		value = "***"
	}
	return &Error{Key: f.key.Name, Value: value, Msg: fmt.Sprintf(format, args...)}
}
