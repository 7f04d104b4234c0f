package admin

import (
	"errors"
	"fmt"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// groupText is a group in a line. Java: SubscriptionGroupConfig.toString.
func groupText(g *protocol.SubscriptionGroupConfig) string {
	return fmt.Sprintf("SubscriptionGroupConfig{groupName=%s, consumeEnable=%t, consumeFromMinEnable=%t, "+
		"consumeBroadcastEnable=%t, consumeMessageOrderly=%t, retryQueueNums=%d, retryMaxTimes=%d, groupRetryPolicy=%s, "+
		"brokerId=%d, whichBrokerWhenConsumeSlowly=%d, notifyConsumerIdsChangedEnable=%t, groupSysFlag=%d, "+
		"consumeTimeoutMinute=%d, subscriptionDataSet=%s, attributes=%s}", g.GroupName, g.ConsumeEnable,
		g.ConsumeFromMinEnable, g.ConsumeBroadcastEnable, g.ConsumeMessageOrderly, g.RetryQueueNums, g.RetryMaxTimes,
		policyText(g.GroupRetryPolicy), g.BrokerID, g.WhichBrokerWhenConsumeSlowly, g.NotifyConsumerIdsChangedEnable,
		g.GroupSysFlag, g.ConsumeTimeoutMinute, subscriptionsText(g.SubscriptionDataSet), mapText(g.Attributes))
}

// policyText is a retry policy in a line. Java: GroupRetryPolicy.toString.
func policyText(p *protocol.GroupRetryPolicy) string {
	if p == nil {
		return "null"
	}
	exponential, customized := "null", "null"
	if e := p.ExponentialRetryPolicy; e != nil {
		exponential = fmt.Sprintf("ExponentialRetryPolicy{initial=%d, max=%d, multiplier=%d}", e.Initial, e.Max, e.Multiplier)
	}
	if u := p.CustomizedRetryPolicy; u != nil {
		customized = fmt.Sprintf("CustomizedRetryPolicy{next=[%s]}", strings.Trim(strings.ReplaceAll(fmt.Sprint(u.Next), " ",
			", "), "[]"))
	}
	return fmt.Sprintf("GroupRetryPolicy{type=%s, exponentialRetryPolicy=%s, customizedRetryPolicy=%s}", p.Type,
		exponential, customized)
}

func subscriptionsText(set []protocol.SimpleSubscriptionData) string {
	if set == nil {
		return "null"
	}
	var parts []string
	for _, s := range set {
		parts = append(parts, fmt.Sprintf("SimpleSubscriptionData{topic=%s, expressionType=%s, expression=%s, version=%d}",
			s.Topic, s.ExpressionType, s.Expression, s.Version))
	}
	return listText(parts)
}

// groupOf reads the group that updateSubGroup describes.
func (c *call) groupOf() (*protocol.SubscriptionGroupConfig, error) {
	g := protocol.NewSubscriptionGroupConfig(c.value("g"))
	g.ConsumeEnable = c.is("s", g.ConsumeEnable)
	g.ConsumeFromMinEnable, g.ConsumeBroadcastEnable = c.is("m", false), c.is("d", false)
	g.ConsumeMessageOrderly = c.is("o", g.ConsumeMessageOrderly)
	g.NotifyConsumerIdsChangedEnable = c.is("a", g.NotifyConsumerIdsChangedEnable)
	for key, to := range map[string]*int{"q": &g.RetryQueueNums, "r": &g.RetryMaxTimes} {
		n, err := c.number(key, int64(*to))
		if err != nil {
			return nil, err
		}
		*to = int(n)
	}
	for key, to := range map[string]*int64{"i": &g.BrokerID, "w": &g.WhichBrokerWhenConsumeSlowly} {
		n, err := c.number(key, *to)
		if err != nil {
			return nil, err
		}
		*to = n
	}
	if c.has("p") {
		g.GroupRetryPolicy = &protocol.GroupRetryPolicy{Type: "CUSTOMIZED"}
		if err := compat.Unmarshal([]byte(c.value("p")), g.GroupRetryPolicy); err != nil {
			return nil, usagef("option -p: %w", err)
		}
	}
	var err error
	if c.has("attributes") {
		g.Attributes, err = attributes("--attributes", c.value("attributes"))
	}
	return &g, err
}

func runUpdateSubGroup(c *call) error {
	g, err := c.groupOf()
	if err != nil {
		return err
	}
	return c.atEachToo(g, func(cl *admin.Client, addr string) error { return cl.PutGroup(c.ctx, addr, g) },
		func(w *text, addr string) { w.f("create subscription group to %s success.\n", addr) },
		func(w *text) { w.f("%s", groupText(g)) })
}

func runUpdateSubGroupList(c *call) error {
	groups, err := fileList[protocol.SubscriptionGroupConfig](c)
	if err != nil || len(groups) == 0 {
		return err
	}
	what := "subscription group"
	if c.has("b") {
		what = "group"
	}
	return c.atEach(groups, func(cl *admin.Client, addr string) error { return cl.PutGroups(c.ctx, addr, groups) },
		func(w *text, addr string) {
			w.f("submit batch of %s config to %s success, please check the result later.\n", what, addr)
		})
}

func runSetConsumeMode(c *call) error {
	topic, group, mode := c.value("t"), c.value("g"), c.value("m")
	if mode != "PULL" && mode != "POP" {
		return usagef("option -m: %q is neither PULL nor POP", mode)
	}
	share, err := c.number("q", 0)
	if err != nil {
		return err
	}
	value := map[string]any{"topic": topic, "group": group, "mode": mode, "popShareQueueNum": share}
	return c.atEachToo(value, func(cl *admin.Client, addr string) error {
		return cl.SetRequestMode(c.ctx, addr, topic, group, mode, int(share))
	}, func(w *text, addr string) { w.f("set consume mode to %s success.\n", addr) }, func(w *text) {
		w.f("topic[%s] group[%s] consume mode[%s] popShareQueueNum[%d]", topic, group, mode, share)
	})
}

func runDeleteSubGroup(c *call) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	group := c.value("g")
	d := done{Value: group, DryRun: c.own.dryRun}
	for _, addr := range addrs {
		if !c.own.dryRun {
			if err = cl.DeleteGroup(c.ctx, addr, group, c.is("r", false)); err != nil {
				break
			}
		}
		d.Brokers = append(d.Brokers, addr)
	}
	shown := c.emit(d, func(w *text) {
		would := map[bool]string{true: "would "}[c.own.dryRun]
		for _, addr := range d.Brokers {
			w.f("%sdelete subscription group [%s] from broker [%s]", would, group, addr)
			if c.has("c") {
				w.f(" in cluster [%s]", c.value("c"))
			}
			w.f("%s\n", map[bool]string{false: " success."}[c.own.dryRun])
		}
	})
	if err != nil || !c.has("c") || c.own.dryRun {
		return errors.Join(err, shown)
	}
	for _, prefix := range []string{compat.RetryTopicPrefix, compat.DLQTopicPrefix} {
		if err := cl.DeleteEverywhere(c.ctx, c.value("c"), prefix+group); err != nil {
			c.fail(err)
			break
		}
	}
	return shown
}

// groupConfig is a group at one broker.
type groupConfig struct {
	Cluster string                            `json:"cluster"`
	Broker  string                            `json:"broker"`
	Config  *protocol.SubscriptionGroupConfig `json:"config"`
}

func runGetConsumerConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	info, err := cl.ClusterInfo(c.ctx)
	if err != nil {
		return err
	}
	all := []groupConfig{}
	for _, name := range hashOrder(keysOf(info.BrokerAddrTable), 0) {
		g, err := cl.Group(c.ctx, admin.Select(info.BrokerAddrTable[name]), c.value("g"))
		if err != nil {
			return err
		}
		if g != nil {
			all = append(all, groupConfig{info.BrokerAddrTable[name].Cluster, name, g})
		}
	}
	return c.emit(all, func(w *text) {
		for _, g := range all {
			w.f("=============================%s:%s=============================\n", g.Cluster, g.Broker)
			for _, f := range groupFields(g.Config) {
				w.f("%-40s=  %s\n", f[0], f[1])
			}
		}
	})
}

// groupFields are the fields of a group in the order of Java's class.
func groupFields(g *protocol.SubscriptionGroupConfig) [][2]string {
	subs := ""
	if g.SubscriptionDataSet != nil {
		subs = subscriptionsText(g.SubscriptionDataSet)
	}
	policy := ""
	if g.GroupRetryPolicy != nil {
		policy = policyText(g.GroupRetryPolicy)
	}
	return [][2]string{{"groupName", g.GroupName}, {"consumeEnable", fmt.Sprint(g.ConsumeEnable)},
		{"consumeFromMinEnable", fmt.Sprint(g.ConsumeFromMinEnable)},
		{"consumeBroadcastEnable", fmt.Sprint(g.ConsumeBroadcastEnable)},
		{"consumeMessageOrderly", fmt.Sprint(g.ConsumeMessageOrderly)},
		{"retryQueueNums", fmt.Sprint(g.RetryQueueNums)}, {"retryMaxTimes", fmt.Sprint(g.RetryMaxTimes)},
		{"groupRetryPolicy", policy}, {"brokerId", fmt.Sprint(g.BrokerID)},
		{"whichBrokerWhenConsumeSlowly", fmt.Sprint(g.WhichBrokerWhenConsumeSlowly)},
		{"notifyConsumerIdsChangedEnable", fmt.Sprint(g.NotifyConsumerIdsChangedEnable)},
		{"groupSysFlag", fmt.Sprint(g.GroupSysFlag)}, {"consumeTimeoutMinute", fmt.Sprint(g.ConsumeTimeoutMinute)},
		{"subscriptionDataSet", subs}, {"attributes", mapText(g.Attributes)}}
}
