package admin

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

func runTopicRoute(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	route, err := cl.Route(c.ctx, c.value("t"))
	if err != nil {
		return err
	}
	return c.emit(route, func(w *text) {
		if c.has("l") {
			printRouteList(w, route)
		} else {
			w.f("%s\n", pretty(route))
		}
	})
}

func printRouteList(w *text, route *protocol.TopicRouteData) {
	const format = "%-45v %-32v %-50v %-10v %-11v %-5v\n"
	queues := map[string]protocol.QueueData{}
	for _, q := range route.QueueDatas {
		queues[q.BrokerName] = q
	}
	w.f(format, "#ClusterName", "#BrokerName", "#BrokerAddrs", "#ReadQueue", "#WriteQueue", "#Perm")
	brokers := slices.SortedFunc(slices.Values(route.BrokerDatas), func(a, b protocol.BrokerData) int {
		return strings.Compare(a.BrokerName, b.BrokerName)
	})
	read, write := 0, 0
	for _, b := range brokers {
		q := queues[b.BrokerName]
		read, write = read+q.ReadQueueNums, write+q.WriteQueueNums
		w.f(format, b.Cluster, b.BrokerName, addrsText(b.BrokerAddrs), q.ReadQueueNums, q.WriteQueueNums, q.Perm)
	}
	w.f("%s\n", strings.Repeat("-", 158))
	w.f(format, "Total:", len(queues), "", read, write, "")
}

// addrsText is a map of addresses as Java prints it.
func addrsText(addrs map[int64]string) string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(addrs)) {
		parts = append(parts, fmt.Sprintf("%d=%s", id, addrs[id]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// queueRow is a queue of topicStatus.
type queueRow struct {
	protocol.MessageQueue
	protocol.TopicOffset
}

func runTopicStatus(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic := c.value("t")
	route, err := cl.Route(c.ctx, c.or("c", topic))
	if err != nil {
		return err
	}
	if c.has("c") {
		route.TopicQueueMappingByBroker = nil // as they are on disk
	}
	stats, err := cl.TopicStats(c.ctx, topic, route)
	if err != nil {
		return err
	}
	if len(stats.OffsetTable) == 0 && !c.has("c") {
		return errors.New("Not found the topic stats info")
	}
	result := struct {
		Queues []queueRow `json:"queues"`
		PutTPS float64    `json:"topicPutTps"`
	}{[]queueRow{}, 0} // Java adds up no rates here either
	for _, q := range admin.SortedQueues(stats.OffsetTable) {
		result.Queues = append(result.Queues, queueRow{q, stats.OffsetTable[q]})
	}
	return c.emit(result, func(w *text) {
		const format = "%-32s  %-4v  %-20v  %-20v    %s\n"
		w.f(format, "#Broker Name", "#QID", "#Min Offset", "#Max Offset", "#Last Updated")
		for _, q := range result.Queues {
			last := ""
			if q.LastUpdateTimestamp > 0 {
				last = stampMillis(q.LastUpdateTimestamp)
			}
			w.f(format, cut(q.BrokerName, 32), q.QueueID, q.MinOffset, q.MaxOffset, last)
		}
		w.f("\nTopic Put TPS: %s\n", double(result.PutTPS))
	})
}

func runTopicClusterList(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	route, err := cl.Route(c.ctx, c.value("t"))
	if err != nil {
		return err
	}
	info, err := cl.ClusterInfo(c.ctx)
	if err != nil {
		return err
	}
	clusters := []string{}
	if len(route.BrokerDatas) > 0 {
		for _, name := range slices.Sorted(maps.Keys(info.ClusterAddrTable)) {
			if slices.Contains(info.ClusterAddrTable[name], route.BrokerDatas[0].BrokerName) {
				clusters = append(clusters, name)
			}
		}
	}
	return c.emit(clusters, func(w *text) {
		for _, name := range clusters {
			w.f("%s\n", name)
		}
	})
}
