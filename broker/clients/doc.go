// Package clients knows who is connected to a broker: producers and consumers by group, what consumers subscribe to,
// the order locks of their queues, and the notices that members get when a group changes.
//
// Tables lock for themselves. They call out (notify, Gone) without locks. A *remoting.Conn is the identity of a
// client; a connection that has ended is in no table. Java: ProducerManager, ConsumerManager, RebalanceLockManager.
package clients
