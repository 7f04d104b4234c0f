// Package ha tests replication between our ends (gorocket/store/ha) and Apache's brokers 5.5.0: make ha. Our ends run in
// the test's process, on a store of their own, until a broker of ours does it.
package ha
