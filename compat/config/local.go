package config

import (
	"slices"
	"strings"
	"sync"

	"gorocket/compat"
)

// marked are the keys with a mark of all tables, and of Java: the files of the servers have each other's keys in them,
// a NameServer's those of the controller beside it.
func marked(has func(Key) bool) map[string]bool {
	names := map[string]bool{}
	for _, k := range join(BrokerFile, NameServer, Controller) {
		names[k.Name] = names[k.Name] || has(k)
	}
	for name, k := range javaKeys() {
		names[name] = names[name] || has(k)
	}
	return names
}

var (
	localKeys  = sync.OnceValue(func() map[string]bool { return marked(func(k Key) bool { return k.Local }) })
	secretKeys = sync.OnceValue(func() map[string]bool { return marked(func(k Key) bool { return k.Secret }) })
)

// IsLocal tells whether no peer may change the key, whoever it is.
func IsLocal(key string) bool { return localKeys()[key] }

// LocalKeys lists them, of all servers, sorted.
func LocalKeys() (names []string) {
	for name, local := range localKeys() {
		if local {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Closed tells whether a change that a peer sends has a key that it may not change: one that is local, or one of
// blackList, by semicolons.
func Closed(p *compat.Properties, blackList string) bool {
	var black []string
	for key := range strings.SplitSeq(blackList, ";") {
		black = append(black, strings.TrimSpace(key))
	}
	return slices.ContainsFunc(p.Keys(), func(key string) bool {
		key = strings.TrimSpace(key)
		return IsLocal(key) || slices.Contains(black, key)
	})
}

// secretWords mark keys that nobody here knows, and whose values are better not told.
var secretWords = [...]string{"password", "secret", "credential", "token"}

// IsSecret tells whether nobody is told the value of the key.
func IsSecret(key string) bool {
	if secret, known := secretKeys()[key]; known {
		return secret
	}
	lower := strings.ToLower(key)
	return slices.ContainsFunc(secretWords[:], func(word string) bool { return strings.Contains(lower, word) })
}

// Shown is p for others to see: without the values of secrets.
func Shown(p *compat.Properties) *compat.Properties {
	for _, key := range p.Keys() {
		if v, _ := p.Get(key); v != "" && IsSecret(key) {
			p.Set(key, "***")
		}
	}
	return p
}
