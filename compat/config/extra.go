package config

import (
	"slices"

	"gorocket/compat"
)

// mergeExtra adds the keys of an update that target has no field for, when Java has them or old had them already;
// others are refused with an *Error. old is nil for none, and is not changed.
func mergeExtra(old, update *compat.Properties, unknown []string, target Target) (*compat.Properties, error) {
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

// Text is a whole configuration with its extra keys, which may be nil, as properties sorted by key as Java writes it,
// without the values of secrets: for peers.
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
	return Shown(sorted).Format()
}

// BindChange sets the fields of next, a copy of old, from a change that a peer sends, and returns extra, which may be
// nil, with the keys that have no field. Refused with an *Error: what Bind refuses, keys that nobody knows, and keys
// that cannot change while what runs.
func BindChange(p *compat.Properties, old, next Target, extra *compat.Properties, what string) (*compat.Properties,
	error) {
	unknown, err := Bind(p, next)
	if err != nil {
		return nil, err
	}
	if extra, err = mergeExtra(extra, p, unknown, old); err != nil {
		return nil, err
	}
	if keys := Changed(old, next, Start); keys != nil {
		v, _ := Shown(p).Get(keys[0])
		return nil, &Error{Key: keys[0], Value: v, Msg: "cannot change while the " + what + " runs"}
	}
	return extra, nil
}
