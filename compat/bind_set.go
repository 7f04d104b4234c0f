package compat

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// set parses value into the field.
func (f configField) set(value string) error {
	switch f.v.Kind() {
	case reflect.String:
		return f.setString(value)
	case reflect.Bool:
		return f.setBool(value)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return f.setInt(value)
	case reflect.Float64:
		return f.setFloat(value)
	}
	return f.refuse(value, "cannot be bound to a %s", f.v.Type())
}

func (f configField) setString(value string) error {
	if f.enum == nil {
		f.v.SetString(value)
		return nil
	}
	trimmed := strings.TrimSpace(value)
	if !slices.Contains(f.enum, trimmed) {
		return f.refuse(value, "want one of %s", strings.Join(f.enum, ", "))
	}
	f.v.SetString(trimmed)
	return nil
}

func (f configField) setBool(value string) error {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true":
		f.v.SetBool(true)
	case "false":
		f.v.SetBool(false)
	default:
		return f.refuse(value, "want true or false")
	}
	return nil
}

func (f configField) setInt(value string) error {
	bits := f.v.Type().Bits()
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, bits)
	if err != nil {
		return f.refuse(value, "want a whole number of %d bits", bits)
	}
	if low, err := strconv.ParseInt(f.min, 10, 64); err == nil && n < low {
		return f.refuse(value, "must be at least %s", f.min)
	}
	if high, err := strconv.ParseInt(f.max, 10, 64); err == nil && n > high {
		return f.refuse(value, "must be at most %s", f.max)
	}
	f.v.SetInt(n)
	return nil
}

func (f configField) setFloat(value string) error {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || n != n {
		return f.refuse(value, "want a number")
	}
	if low, err := strconv.ParseFloat(f.min, 64); err == nil && n < low {
		return f.refuse(value, "must be at least %s", f.min)
	}
	if high, err := strconv.ParseFloat(f.max, 64); err == nil && n > high {
		return f.refuse(value, "must be at most %s", f.max)
	}
	f.v.SetFloat(n)
	return nil
}
