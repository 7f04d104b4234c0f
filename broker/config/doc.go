// Package config is the configuration of a broker: the keys of broker.conf that have an effect here, read from a file,
// completed from the host and checked. What a key means stands in compat/config. Java: BrokerConfig.
package config
