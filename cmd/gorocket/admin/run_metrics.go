package admin

import (
	"maps"
	"slices"
	"strconv"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// metrics adds up what exportMetrics writes.
type metrics struct {
	tps map[string]float64
	day map[string]int64
}

func runExportMetrics(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	nodes, err := cl.Nodes(c.ctx, c.value("c"))
	if err != nil {
		return err
	}
	m := metrics{tps: map[string]float64{"totalNormalInTps": 0, "totalNormalOutTps": 0, "totalTransInTps": 0,
		"totalScheduleInTps": 0}, day: map[string]int64{"normalOneDayInNum": 0, "normalOneDayOutNum": 0,
		"transOneDayInNum": 0, "scheduleOneDayInNum": 0}}
	reports := map[string]any{}
	for _, n := range nodes {
		if !n.Master() {
			continue
		}
		if reports[n.Broker], err = c.brokerReport(cl, n.Addr, &m); err != nil {
			return err
		}
	}
	return c.export(map[string]any{"evaluateReport": reports,
		"totalData": map[string]any{"totalTps": m.tps, "totalOneDayNum": m.day}}, "metrics.json", "")
}

// brokerReport is what is written of one broker. Java: ExportMetricsCommand.
func (c *call) brokerReport(cl *admin.Client, addr string, m *metrics) (map[string]any, error) {
	info, err := cl.RuntimeInfo(c.ctx, addr)
	if err != nil {
		return nil, err
	}
	settings, err := cl.BrokerConfig(c.ctx, addr)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, s := range settings {
		if s.Key == "clientCallbackExecutorThreads" {
			env["cpuNum"] = s.Value
		}
	}
	if total, has := info["totalMemKBytes"]; has {
		env["totalMemKBytes"] = total
	}
	groups, err := c.userGroups(cl, addr)
	if err != nil {
		return nil, err
	}
	topics, err := c.userTopics(cl, addr, false)
	if err != nil {
		return nil, err
	}
	quota := c.quota(cl, addr, info, m)
	quota["topicSize"], quota["groupSize"] = len(topics.TopicConfigTable), len(groups.SubscriptionGroupTable)
	return map[string]any{"runtimeEnv": env, "runtimeQuota": quota, "runtimeVersion": map[string]any{
		"rocketmqVersion": compat.VersionName(compat.CurrentVersion), "clientInfo": c.clientKinds(cl, groups)}}, nil
}

// quota are the rates and sums of one broker; they are added to m.
func (c *call) quota(cl *admin.Client, addr string, info map[string]string, m *metrics) map[string]any {
	var trans, schedule admin.StatsData // nothing, where the broker has no such counter
	for topic, to := range map[string]*admin.StatsData{compat.TopicTransHalf: &trans, compat.TopicSchedule: &schedule} {
		if d, err := cl.Stats(c.ctx, addr, statTopicPut, topic); err == nil {
			*to = *d
		}
	}
	number := func(key string) int64 {
		v, _ := strconv.ParseInt(info[key], 10, 64) // 0 when the broker does not tell
		return v
	}
	tps := map[string]float64{"normalInTps": parseReal(info["putTps"]),
		"normalOutTps": parseReal(info["getTransferredTps"]),
		"transInTps":   trans.StatsMinute.TPS, "scheduleInTps": schedule.StatsMinute.TPS}
	day := map[string]int64{
		"normalOneDayInNum":   number("msgPutTotalTodayMorning") - number("msgPutTotalYesterdayMorning"),
		"normalOneDayOutNum":  number("msgGetTotalTodayMorning") - number("msgGetTotalYesterdayMorning"),
		"transOneDayInNum":    trans.DaySum(),
		"scheduleOneDayInNum": schedule.DaySum()}
	for key, total := range map[string]string{"normalInTps": "totalNormalInTps", "normalOutTps": "totalNormalOutTps",
		"transInTps": "totalTransInTps", "scheduleInTps": "totalScheduleInTps"} {
		m.tps[total] += tps[key]
	}
	for key, n := range day {
		m.day[key] += n
	}
	return map[string]any{"tps": tps, "oneDayNum": day, "messageAverageSize": info["putMessageAverageSize"],
		"diskRatio": map[string]string{"commitLogDiskRatio": info["commitLogDiskRatio"],
			"consumeQueueDiskRatio": info["consumeQueueDiskRatio"]}}
}

// clientKinds lists the languages and versions of the members of groups.
func (c *call) clientKinds(cl *admin.Client, groups *protocol.SubscriptionGroupWrapper) []string {
	names := slices.Sorted(maps.Keys(groups.SubscriptionGroupTable))
	parts := make([][]admin.Connection, len(names))
	admin.Each(cl.Parallel(), names, func(i int, g string) error { // groups without members are left out
		if cc, err := cl.Consumers(c.ctx, g); err == nil {
			parts[i] = cc.ConnectionSet
		}
		return nil
	})
	kinds := map[string]bool{}
	for _, p := range parts {
		for _, m := range p {
			kinds[m.Language+"%"+m.VersionName()] = true
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(kinds))...)
}
