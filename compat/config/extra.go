package config

import (
	"slices"

	"gorocket/compat"
)

// MergeExtra adds the keys of an update that target has no field for, when Java has them or old had them already;
// others are refused with an *Error. old is nil for none, and is not changed.
func MergeExtra(old, update *compat.Properties, unknown []string, target Target) (*compat.Properties, error) {
	out := &compat.Properties{}
	if old != nil {
		for _, key := range old.Keys() {
			value, _ := old.Get(key)
			out.Set(key, value)
		}
	}
	for _, key := range unknown {
		value, _ := update.Get(key)
		if _, had := out.Get(key); !had && !IsJavaKey(key) {
			return nil, UnknownKey(update, key, target)
		}
		out.Set(key, value)
	}
	return out, nil
}

// Text is a whole configuration with its extra keys, which may be nil, as properties sorted by key as Java writes it.
func Text(target Target, extra *compat.Properties) []byte {
	all := Properties(target)
	if extra != nil {
		for _, key := range extra.Keys() {
			value, _ := extra.Get(key)
			all.Set(key, value)
		}
	}
	keys := all.Keys()
	slices.Sort(keys)
	sorted := &compat.Properties{}
	for _, key := range keys {
		value, _ := all.Get(key)
		sorted.Set(key, value)
	}
	return sorted.Format()
}
