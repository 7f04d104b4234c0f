// Package cluster is what a broker knows of the others: it keeps the broker registered at every NameServer and sees
// that clients find it there, asks for routes, and talks to the masters of other broker names.
//
// Each NameServer has a goroutine of its own. Nothing here runs on an event loop unless its comment says so. Java:
// BrokerOuterAPI, BrokerController.registerBrokerAll, TopicRouteInfoManager, ClientMetadata.
package cluster
