// Package consensus has a group of controllers agree on the order of commands: hashicorp/raft with raft-wal as its log,
// and the remoting protocol between members, so that a controller has one port as Java's DLedger controllers do.
//
// What a member must not lose lies in its folder: member.json (whose folder it is), wal-meta.db and *.wal (votes and
// commands, synced before they count), snapshots/.
package consensus
