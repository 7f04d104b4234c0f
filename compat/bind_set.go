package compat

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// set parses value into the field. Blanks around it do not count, as in Java (MixAll.properties2Object).
func (f configField) set(value string) *ConfigError {
	value = strings.TrimSpace(value)
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

func (f configField) setString(value string) *ConfigError {
	if f.enum == nil {
		f.v.SetString(value)
		return nil
	}
	if !slices.Contains(f.enum, value) {
		return f.refuse(value, "want one of %s", strings.Join(f.enum, ", "))
	}
	f.v.SetString(value)
	return nil
}

func (f configField) setBool(value string) *ConfigError {
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

func (f configField) setInt(value string) *ConfigError {
	bits := f.v.Type().Bits()
	n, err := strconv.ParseInt(value, 10, bits)
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

func (f configField) setFloat(value string) *ConfigError {
	n, err := strconv.ParseFloat(value, 64)
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
