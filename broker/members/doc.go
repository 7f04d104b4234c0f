// Package members is the broker's part among the brokers of its name (enableSlaveActingMaster): which of them are
// alive, when this slave stands in for a master that is away, and what a master that comes back hears from its slaves
// before it serves. Java: BrokerController.syncBrokerMemberGroup, updateMinBroker, BrokerPreOnlineService.
//
// A slave stands in when the NameServers list nobody of a smaller id, do list it, and it does not follow its master's
// log either: a master that only the NameServers do not see goes on with its own work. It ends before it takes the
// first byte from a master that is back, and before it answers a master that comes online: what it did in between is
// complete when that master asks for it. Java looks at the NameServers only, and goes on for up to a second.
package members
