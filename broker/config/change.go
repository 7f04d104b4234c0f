package config

import (
	"errors"
	"fmt"

	"gorocket/compat"
	keys "gorocket/compat/config"
)

// Change returns c with all of p, or why it cannot be; c stays as it is. later are the changed keys that act at the
// next start only.
func (c *Config) Change(p *compat.Properties) (next *Config, later []string, err error) {
	n := *c
	unknown, err := n.Bind(p)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(refuseUnknown(p, unknown), refuse(p), n.validate(), frozen(c, &n)); err != nil {
		return nil, nil, err
	}
	return &n, keys.Changed(c, &n, keys.Restart), nil
}

// refuseUnknown says which keys neither we nor Java have, and which ones were probably meant.
func refuseUnknown(p *compat.Properties, unknown []string) error {
	var errs []error
	for _, key := range unknown {
		if !keys.IsJavaKey(key) {
			errs = append(errs, keys.UnknownKey(p, key, new(Config)))
		}
	}
	return errors.Join(errs...)
}

func frozen(old, next *Config) error {
	was, is := keys.Properties(old), keys.Properties(next)
	for _, key := range keys.Changed(old, next, keys.Start) {
		a, _ := was.Get(key)
		v, _ := is.Get(key)
		if keys.IsSecret(key) {
			a, v = "***", "***"
		}
		return &keys.Error{Key: key, Value: v, Msg: fmt.Sprintf("cannot change while the broker runs (now %q)", a)}
	}
	return nil
}
