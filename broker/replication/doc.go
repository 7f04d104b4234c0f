// Package replication is the broker's part in a group of one master and its slaves: on a master the listener that
// slaves connect to, on a slave what follows the master's log (store/ha) and its tables (broker/slave). Java: what
// BrokerController, DefaultHAService and SlaveSynchronize do by the broker's role, in the classic mode.
//
// The role is that of the start. Where the master is, a slave hears from the NameServers with each registration, unless
// haMasterAddress says it. Before a slave takes anything from a master it compares the record that its own log ends
// with with the master's at that offset (compare.go): two logs that went different ways are never mixed.
package replication
