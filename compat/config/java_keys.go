package config

import (
	_ "embed"
	"strings"
	"sync"
)

// javaKeyList holds the configuration keys of Java 4.9.8 and 5.5.0, one a line, sorted: the setters of BrokerConfig,
// MessageStoreConfig, NettyServerConfig, NettyClientConfig, NamesrvConfig, ControllerConfig and AuthConfig. Behind the
// names stand the marks Local and Secret of those that have no row in a table of ours: a change of them would act when
// Java runs with the file again.
//
//go:embed java_keys.txt
var javaKeyList string

var javaKeys = sync.OnceValue(func() map[string]Key {
	keys := map[string]Key{}
	for line := range strings.Lines(javaKeyList) {
		name, marks, _ := strings.Cut(strings.TrimSpace(line), " ")
		keys[name] = Key{Name: name, Local: strings.Contains(marks, "local"), Secret: strings.Contains(marks, "secret")}
	}
	return keys
})

// IsJavaKey tells whether Java's NameServer or broker has a configuration key of this name: one that we do not know
// either is likely a typing error.
func IsJavaKey(key string) bool {
	_, has := javaKeys()[key]
	return has && key != ""
}
