// Package exporter serves the metrics and the health of a broker: /metrics under Java 5's names where Java has the
// figure, and /health. It reads tables, store and counters when it is asked, and keeps nothing. Java:
// BrokerMetricsManager.
package exporter
