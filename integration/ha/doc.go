// Package ha tests replication between brokers, Apache's 5.5.0 and ours, in each mix: make ha.
package ha
