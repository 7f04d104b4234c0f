package broker

import (
	"strconv"
	"strings"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/wire"
)

// protocolRemoting is the only protocol that clients speak here. Java: RemotingMetricsConstant.
const protocolRemoting = "remoting"

// consumeModes names what consumers do, as Java's metrics do. Java: ConsumeType.
var consumeModes = map[string]string{"CONSUME_ACTIVELY": "pull", "CONSUME_PASSIVELY": "push", "CONSUME_POP": "pop"}

// clientKind is what connections are counted by: how many there are is bounded by the connections themselves.
type clientKind struct {
	language wire.Language
	version  int32
}

func (k clientKind) labels() []string {
	version := "unknown"
	if k.version >= 0 {
		version = compat.VersionName(int(k.version))
	}
	return []string{strings.ToLower(k.language.String()), strings.ToLower(version), protocolRemoting}
}

// clients exports who is connected: a connection counts once for each of its groups, as in Java.
func (c *collector) clients() {
	c.Send("rocketmq_consumer_group_number", float64(c.b.groups.Len()))
	for _, name := range c.b.consumers.names() {
		mode, kinds := c.b.consumers.kinds(name)
		for kind, n := range kinds {
			labels := append(kind.labels(), name, mode, strconv.FormatBool(meta.IsSystemGroup(name)))
			c.Send("rocketmq_consumer_connections", float64(n), labels...)
		}
	}
	for kind, n := range c.b.producers.kinds() {
		c.Send("rocketmq_producer_connections", float64(n), kind.labels()...)
	}
}

// kinds counts the members of a group, and tells how they consume.
func (t *consumerTable) kinds(group string) (mode string, n map[clientKind]int) {
	g := t.get(group)
	if g == nil {
		return "", nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	n = map[clientKind]int{}
	for _, m := range g.members {
		n[clientKind{m.language, m.version}]++
	}
	return consumeModes[g.consumeType], n
}

// kinds counts the producers of all groups.
func (t *producerTable) kinds() map[clientKind]int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := map[clientKind]int{}
	for _, members := range t.groups {
		for _, m := range members {
			n[clientKind{m.language, m.version}]++
		}
	}
	return n
}
