package pop

import (
	"strings"

	"gorocket/compat"
)

// ReviveGroup is the group whose committed offsets say how far the revive topic is settled. Java: REVIVE_GROUP.
const ReviveGroup = "CID_RMQ_SYS_REVIVE_GROUP"

// orderQueue is the revive queue id of messages that are popped in order: a mark, no queue. Java:
// KeyBuilder.POP_ORDER_REVIVE_QUEUE.
const orderQueue = 999

// Tags of the messages in the revive topic. Java: PopAckConstants.
const (
	tagCheckPoint = "ck"
	tagAck        = "ack"
	tagBatchAck   = "bAck"
)

// Properties of messages that come again. Java: MessageConst.
const (
	propFirstPop    = "1ST_POP_TIME" // ms since 1970
	propOriginGroup = "ORIGIN_GROUP"
)

// ReviveTopic is where a cluster's brokers keep check points and acknowledgements.
func ReviveTopic(cluster string) string { return compat.ReviveTopicPrefix + cluster }

// RetryTopic names where messages of a topic come again for a group: of the first form, or with v2 of the second, which
// says where the group's name ends. Java: KeyBuilder.buildPopRetryTopic.
func RetryTopic(topic, group string, v2 bool) string {
	if v2 {
		return compat.RetryTopicPrefix + group + "+" + topic
	}
	return compat.RetryTopicPrefix + group + "_" + topic
}

// isRetry tells the name of a retry topic.
func isRetry(topic string) bool { return strings.HasPrefix(topic, compat.RetryTopicPrefix) }

// retryFlag is how handles and answers tell a topic from its retry topics: '0', or '1' and '2' by the form of the name.
// Java: ExtraInfoUtil.getRetry.
func retryFlag(topic string) byte {
	switch {
	case !isRetry(topic):
		return '0'
	case strings.Contains(topic[len(compat.RetryTopicPrefix):], "+"):
		return '2'
	}
	return '1'
}

// realTopic is the topic that a flag means; false for an unknown flag. Java: ExtraInfoUtil.getRealTopic.
func realTopic(topic, group, flag string) (string, bool) {
	switch flag {
	case "0":
		return topic, true
	case "1", "2":
		return RetryTopic(topic, group, flag == "2"), true
	}
	return "", false
}

// normalTopic is the topic whose messages come again in a retry topic of a group; another name stays as it is. Java:
// KeyBuilder.parseNormalTopic.
func normalTopic(topic, group string) string {
	prefix := len(compat.RetryTopicPrefix) + len(group) + 1
	if !isRetry(topic) || len(topic) <= prefix || !strings.HasPrefix(topic[len(compat.RetryTopicPrefix):], group) {
		return topic
	}
	return topic[prefix:]
}
