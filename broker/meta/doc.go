// Package meta holds what a broker knows about its topics and consumer groups and how far the groups have come, and
// keeps it in files below config/.
//
// Tables are read by every handler without a long lock: entries are immutable, a change replaces the entry. Each
// locks for itself and calls out (Changed, Publish) under its lock, so what it calls must not come back to it. Fields
// with an upper case name that are functions or settings are set before the broker serves. Java: TopicConfigManager,
// SubscriptionGroupManager, ConsumerOffsetManager, ConfigManager.
package meta
