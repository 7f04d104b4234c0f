// Package stats counts what goes through a broker: messages and bytes of each topic by type and size, delays, dead
// letters. Counters are atomic and may be changed from any goroutine; the exporter and the runtime information read
// them. Java: BrokerMetricsManager, BrokerStatsManager.
package stats
