// Package promtool has Prometheus's own tool look at the alert rules in docs/monitoring, and run their unit tests.
package promtool
