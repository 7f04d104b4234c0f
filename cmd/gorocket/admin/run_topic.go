package admin

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// topicText is a topic in a line. Java: TopicConfig.toString.
func topicText(t *protocol.TopicConfig) string {
	return fmt.Sprintf("TopicConfig [topicName=%s, readQueueNums=%d, writeQueueNums=%d, perm=%s, topicFilterType=%s, "+
		"topicSysFlag=%d, order=%t, attributes=%s]", t.TopicName, t.ReadQueueNums, t.WriteQueueNums, permText(t.Perm),
		t.TopicFilterType, t.TopicSysFlag, t.Order, mapText(t.Attributes))
}

// attributes reads changes of attributes: +key=value or -key, separated by commas. Java: AttributeParser.parseToMap.
func attributes(key, text string) (map[string]string, error) {
	all := map[string]string{}
	for _, kv := range strings.Split(text, ",") {
		name, value, sets := strings.Cut(kv, "=")
		switch {
		case kv == "":
			continue
		case sets && !strings.Contains(name, "+"):
			return nil, usagef("option %s: add/alter attribute format is wrong: %s", key, name)
		case !sets && !strings.Contains(name, "-"):
			return nil, usagef("option %s: delete attribute format is wrong: %s", key, name)
		}
		if _, twice := all[name]; twice {
			return nil, usagef("option %s: key duplication: %s", key, name)
		}
		all[name] = value
	}
	return all, nil
}

// topicOf reads the topic that updateTopic describes.
func (c *call) topicOf() (*protocol.TopicConfig, error) {
	t := protocol.NewTopicConfig(c.value("t"))
	t.ReadQueueNums, t.WriteQueueNums = 8, 8
	for key, to := range map[string]*int{"r": &t.ReadQueueNums, "w": &t.WriteQueueNums, "p": &t.Perm} {
		n, err := c.number(key, int64(*to))
		if err != nil {
			return nil, err
		}
		*to = int(n)
	}
	if c.is("u", false) {
		t.TopicSysFlag |= protocol.TopicFlagUnit
	}
	if c.is("s", false) {
		t.TopicSysFlag |= protocol.TopicFlagUnitSub
	}
	t.Order = c.is("o", false)
	var err error
	if c.has("a") {
		t.Attributes, err = attributes("-a", c.value("a"))
	}
	return &t, err
}

func runUpdateTopic(c *call) error {
	t, err := c.topicOf()
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	d := done{Value: t}
	addrs := []string{c.value("b")}
	if !c.has("b") {
		if addrs, err = cl.Masters(c.ctx, c.value("c")); err != nil {
			return err
		}
	}
	for _, addr := range addrs {
		if err = cl.PutTopic(c.ctx, addr, t); err != nil {
			break
		}
		d.Brokers = append(d.Brokers, addr)
	}
	if err == nil && t.Order {
		d.Order, err = c.setOrder(cl, t)
	}
	shown := c.emit(d, func(w *text) { c.printTopicDone(w, &d, t, err) })
	return errors.Join(err, shown)
}

func (c *call) printTopicDone(w *text, d *done, t *protocol.TopicConfig, err error) {
	if c.has("b") && d.Order != "" {
		w.f("set broker orderConf. isOrder=%t, orderConf=[%s]\n", t.Order, d.Order)
	}
	for _, addr := range d.Brokers {
		w.f("create topic to %s success.\n", addr)
	}
	if c.has("c") && d.Order != "" {
		w.f("set cluster orderConf. isOrder=%t, orderConf=[%s]\n", t.Order, d.Order)
	}
	if err == nil {
		w.f("%s\n", topicText(t))
	}
}

// setOrder notes at the NameServers how many queues of an ordered topic there are.
func (c *call) setOrder(cl *admin.Client, t *protocol.TopicConfig) (string, error) {
	if c.has("b") {
		name, err := cl.BrokerNameAt(c.ctx, c.value("b"))
		if err != nil {
			return "", err
		}
		conf := fmt.Sprintf("%s:%d", name, t.WriteQueueNums)
		return conf, cl.AddOrder(c.ctx, t.TopicName, conf)
	}
	names, err := cl.BrokerNames(c.ctx, c.value("c"))
	if err != nil {
		return "", err
	}
	var parts []string
	for _, n := range hashOrder(names, 0) {
		parts = append(parts, fmt.Sprintf("%s:%d", n, t.WriteQueueNums))
	}
	conf := strings.Join(parts, ";")
	return conf, cl.PutKV(c.ctx, compat.OrderTopicNamespace, t.TopicName, conf)
}

// fileList reads the JSON file of -f, a list of Ts.
func fileList[T any](c *call) (list []T, err error) {
	name := c.value("f")
	if _, err := os.Stat(name); err != nil {
		c.say("the file path %s does not exists\n", name)
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err == nil {
		err = compat.Unmarshal(data, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

func runUpdateTopicList(c *call) error {
	topics, err := fileList[protocol.TopicConfig](c)
	if err != nil || len(topics) == 0 {
		return err
	}
	return c.atEach(topics, func(cl *admin.Client, addr string) error { return cl.PutTopics(c.ctx, addr, topics) },
		func(w *text, addr string) {
			w.f("submit batch of topic config to %s success, please check the result later.\n", addr)
		})
}

func runDeleteTopic(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic, cluster := c.value("t"), c.value("c")
	masters, err := cl.Masters(c.ctx, cluster)
	if err != nil {
		return err
	}
	d := done{DryRun: c.own.dryRun, Value: topic, Brokers: masters}
	if c.own.dryRun {
		return c.emit(d, func(w *text) {
			for _, addr := range masters {
				w.f("would delete topic [%s] from broker [%s]\n", topic, addr)
			}
			w.f("would delete topic [%s] of cluster [%s] from the NameServers %v\n", topic, cluster, cl.NameServers())
		})
	}
	for _, addr := range masters {
		if err := cl.DeleteTopic(c.ctx, addr, topic); err != nil {
			return err
		}
	}
	if err := cl.DeleteTopicInNames(c.ctx, topic, cluster); err != nil {
		c.say("delete topic [%s] from cluster [%s] success.\n", topic, cluster)
		return err
	}
	return c.emit(d, func(w *text) {
		w.f("delete topic [%s] from cluster [%s] success.\n", topic, cluster)
		w.f("delete topic [%s] from NameServer success.\n", topic)
	})
}

func runUpdateTopicPerm(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	perm, err := c.number("p", 0)
	if err != nil {
		return err
	}
	route, err := cl.Route(c.ctx, c.value("t"))
	if err != nil {
		return err
	}
	if len(route.QueueDatas) == 0 {
		return fmt.Errorf("topic %s has no queues", c.value("t"))
	}
	first := route.QueueDatas[0]
	t := protocol.NewTopicConfig(c.value("t"))
	t.WriteQueueNums, t.ReadQueueNums, t.TopicSysFlag = first.WriteQueueNums, first.ReadQueueNums, first.TopicSysFlag
	t.Perm = int(perm)
	if c.has("b") {
		return c.updatePermAt(cl, route, &t)
	}
	return c.atEach(t, func(cl *admin.Client, addr string) error { return cl.PutTopic(c.ctx, addr, &t) },
		func(w *text, addr string) {
			w.f("update topic perm from %d to %d in %s success.\n", first.Perm, perm, addr)
		})
}

// updatePermAt changes the permission at the broker of -b, which has to be a master.
func (c *call) updatePermAt(cl *admin.Client, route *protocol.TopicRouteData, t *protocol.TopicConfig) error {
	addr := c.value("b")
	at := slices.IndexFunc(route.BrokerDatas, func(b protocol.BrokerData) bool {
		return b.BrokerAddrs[protocol.MasterID] == addr
	})
	if at < 0 {
		c.say("updateTopicPerm error broker not exit or broker is not master!.\n")
		return fmt.Errorf("no master at %s has topic %s", addr, t.TopicName)
	}
	old := 0
	for _, q := range route.QueueDatas {
		if q.BrokerName == route.BrokerDatas[at].BrokerName {
			old = q.Perm
		}
	}
	if old == t.Perm {
		c.say("new perm equals to the old one!\n")
		return nil
	}
	if err := cl.PutTopic(c.ctx, addr, t); err != nil {
		return err
	}
	return c.emit(done{Brokers: []string{addr}, Value: t}, func(w *text) {
		w.f("update topic perm from %d to %d in %s success.\n", old, t.Perm, addr)
		w.f("%s.\n", topicText(t))
	})
}
