package admin

import (
	"maps"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// listedTopic is a row of topicList -c.
type listedTopic struct {
	Cluster string   `json:"cluster"`
	Topic   string   `json:"topic"`
	Groups  []string `json:"groups"`
}

func runTopicList(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topics, err := cl.Topics(c.ctx)
	if err != nil {
		return err
	}
	if !c.has("c") {
		return c.emit(topics, func(w *text) {
			for _, t := range topics {
				w.f("%s\n", t)
			}
		})
	}
	info, err := cl.ClusterInfo(c.ctx)
	if err != nil {
		return err
	}
	topics = slices.DeleteFunc(topics, func(t string) bool {
		return strings.HasPrefix(t, compat.RetryTopicPrefix) || strings.HasPrefix(t, compat.DLQTopicPrefix)
	})
	rows := make([]listedTopic, len(topics))
	admin.Each(cl.Parallel(), topics, func(i int, topic string) error {
		rows[i] = c.listTopic(cl, info, topic)
		return nil
	})
	return c.emit(rows, func(w *text) {
		w.f("%-20s  %-48s  %-48s\n", "#Cluster Name", "#Topic", "#Consumer Group")
		for _, r := range rows {
			groups := r.Groups
			if len(groups) == 0 {
				groups = []string{""}
			}
			for _, g := range groups {
				w.f("%-20s  %-64s  %-64s\n", cut(r.Cluster, 20), cut(r.Topic, 64), cut(g, 64))
			}
		}
	})
}

// listTopic finds a topic's cluster and groups; what cannot be found stays empty, as in Java.
func (c *call) listTopic(cl *admin.Client, info *protocol.ClusterInfo, topic string) listedTopic {
	row := listedTopic{Topic: topic, Groups: []string{}}
	route, err := cl.Route(c.ctx, topic)
	if err != nil || len(route.BrokerDatas) == 0 {
		return row
	}
	for _, name := range slices.Sorted(maps.Keys(info.ClusterAddrTable)) {
		if slices.Contains(info.ClusterAddrTable[name], route.BrokerDatas[0].BrokerName) {
			row.Cluster = name
			break
		}
	}
	if nodes := admin.Selected(route); len(nodes) > 0 {
		if groups, err := cl.ConsumersOf(c.ctx, nodes[0].Addr, topic); err == nil && groups != nil {
			row.Groups = groups
		}
	}
	return row
}

// orderConf is the result of updateOrderConf.
type orderConf struct {
	Topic string `json:"topic"`
	Conf  string `json:"orderConf,omitempty"`
}

func runUpdateOrderConf(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic, conf := c.value("t"), c.value("v")
	switch c.value("m") {
	case "get":
		conf, err := cl.KV(c.ctx, compat.OrderTopicNamespace, topic)
		if err != nil {
			return err
		}
		return c.emit(orderConf{topic, conf}, func(w *text) {
			w.f("get orderConf success. topic=[%s], orderConf=[%s] ", topic, conf)
		})
	case "put":
		if conf == "" {
			return usagef("please set orderConf with option -v.")
		}
		if err := cl.PutKV(c.ctx, compat.OrderTopicNamespace, topic, conf); err != nil {
			return err
		}
		return c.emit(orderConf{topic, conf}, func(w *text) {
			w.f("update orderConf success. topic=[%s], orderConf=[%s]", topic, conf)
		})
	case "delete":
		if err := cl.DeleteKV(c.ctx, compat.OrderTopicNamespace, topic); err != nil {
			return err
		}
		return c.emit(orderConf{Topic: topic}, func(w *text) { w.f("delete orderConf success. topic=[%s]", topic) })
	}
	return errUsage
}

func runAllocateMQ(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic, members := c.value("t"), strings.Split(c.value("i"), ",")
	route, err := cl.Route(c.ctx, topic)
	if err != nil {
		return err
	}
	queues := admin.ReadQueues(topic, route)
	slices.SortFunc(queues, admin.CompareQueues)
	result := struct {
		Result map[string][]protocol.MessageQueue `json:"result"`
	}{map[string][]protocol.MessageQueue{}}
	for i, m := range members {
		result.Result[m] = allocate(queues, i, len(members))
	}
	body, err := compat.MarshalStandard(result)
	if err != nil {
		return err
	}
	return c.emit(result, func(w *text) { w.f("%s\n", body) })
}

// allocate gives the i-th of n members its share: runs of queues, the longer ones first. Java:
// AllocateMessageQueueAveragely.
func allocate(queues []protocol.MessageQueue, i, n int) []protocol.MessageQueue {
	size, rest := len(queues)/n, len(queues)%n
	from := i*size + min(i, rest)
	if i < rest {
		size++
	}
	return append([]protocol.MessageQueue{}, queues[from:from+size]...)
}
