package exporter

import (
	"strconv"
	"strings"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
)

// protocolRemoting is the only protocol that clients speak here. Java: RemotingMetricsConstant.
const protocolRemoting = "remoting"

// labels of a kind of client.
func labelsOf(k clients.Kind) []string {
	version := "unknown"
	if k.Version >= 0 {
		version = compat.VersionName(int(k.Version))
	}
	return []string{strings.ToLower(k.Language.String()), strings.ToLower(version), protocolRemoting}
}

// clients exports who is connected: a connection counts once for each of its groups, as in Java.
func (c *collector) clients() {
	c.Send("rocketmq_consumer_group_number", float64(c.d.Groups.Len()))
	for _, name := range c.d.Consumers.Names() {
		mode, kinds := c.d.Consumers.Kinds(name)
		for kind, n := range kinds {
			labels := append(labelsOf(kind), name, mode, strconv.FormatBool(meta.IsSystemGroup(name)))
			c.Send("rocketmq_consumer_connections", float64(n), labels...)
		}
	}
	for kind, n := range c.d.Producers.Kinds() {
		c.Send("rocketmq_producer_connections", float64(n), labelsOf(kind)...)
	}
}
