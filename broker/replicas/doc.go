// Package replicas is a broker as one of the replicas of its broker set, where controllers decide which of them is
// master (enableControllerMode; Java ReplicasManager). It finds the controllers, gets an id from them and keeps it in a
// file, tells them that it is alive, hears from them who is master, and makes the broker that, or the slave of it,
// while it runs. A master proposes to them who belongs to the sync state set.
//
// What keeps an acknowledged message: a master acknowledges what all brokers of the set have (allAckInSyncStateSet),
// and the set that counts here gets smaller only when the controllers have agreed. They make only a broker of the set
// master. So whoever becomes master has every acknowledged message, and a master that nobody has told yet cannot
// acknowledge any more: the new one is of its set, and does not follow it. See docs/durability.md.
package replicas
