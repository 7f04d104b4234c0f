package broker

import (
	"gorocket/broker/config"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store/timer"
)

// scheduleTopicQueues is the number of queues that SCHEDULE_TOPIC_XXXX is registered with. Java:
// SCHEDULE_TOPIC_QUEUE_NUM.
const scheduleTopicQueues = 18

// systemTopics are those that every broker has. Java: TopicConfigManager.init.
func systemTopics(c *config.Config) []meta.SystemTopic {
	const rw = protocol.PermRead | protocol.PermWrite
	perm := func(enabled bool) int {
		if enabled {
			return protocol.PermInherit | rw
		}
		return protocol.PermInherit
	}
	return []meta.SystemTopic{
		{Name: compat.TopicSelfTest, Queues: 1, Perm: rw},
		{Name: compat.TopicAutoCreate, Queues: c.DefaultTopicQueueNums, Perm: rw | protocol.PermInherit,
			Absent: !c.AutoCreateTopicEnable},
		{Name: compat.TopicBenchmark, Queues: 1024, Perm: rw},
		{Name: c.BrokerClusterName, Queues: 16, Perm: perm(c.ClusterTopicEnable)},
		{Name: c.BrokerName, Queues: 1, Perm: perm(c.BrokerTopicEnable)},
		{Name: compat.TopicOffsetMoved, Queues: 1, Perm: rw},
		{Name: compat.TopicSchedule, Queues: scheduleTopicQueues, Perm: rw},
		{Name: c.MsgTraceTopicName, Queues: 1, Perm: rw, Absent: !c.TraceTopicEnable},
		{Name: c.BrokerClusterName + "_REPLY_TOPIC", Queues: 1, Perm: rw},
		{Name: compat.ReviveTopicPrefix + c.BrokerClusterName, Queues: c.ReviveQueueNum, Perm: rw},
		{Name: compat.SyncMemberPrefix + c.BrokerName, Queues: 1, Perm: protocol.PermInherit},
		{Name: compat.TopicTransHalf, Queues: 1, Perm: rw},
		{Name: compat.TopicTransOpHalf, Queues: 1, Perm: rw},
		{Name: timer.Topic, Queues: 1, Perm: rw, Absent: !c.TimerWheelEnable},
	}
}
