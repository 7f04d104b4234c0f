package config

import (
	_ "embed"
	"strings"
	"sync"
)

// javaKeyList holds the configuration keys of Java 4.9.8 and 5.5.0, one a line, sorted: the setters of BrokerConfig,
// MessageStoreConfig, NettyServerConfig, NettyClientConfig, NamesrvConfig, ControllerConfig and AuthConfig.
//
//go:embed java_keys.txt
var javaKeyList string

var javaKeys = sync.OnceValue(func() map[string]bool {
	keys := map[string]bool{"rocketmqHome": true}
	for k := range strings.FieldsSeq(javaKeyList) {
		keys[k] = true
	}
	return keys
})

// IsJavaKey tells whether Java's NameServer or broker has a configuration key of this name: one that we do not know
// either is likely a typing error.
func IsJavaKey(key string) bool { return javaKeys()[key] }
