package compat

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of common/.../topic/TopicValidator.java, in UTF-16 code units (only ASCII passes the character check, so
// bytes do).
const (
	TopicMaxLength      = 127
	GroupMaxLength      = 120
	RetryTopicMaxLength = 255 // for %RETRY% and %DLQ% topics

	folderNameMax = 255 // bytes of a name in a directory of any Linux file system
)

// Names that Java's brokers and clients share (MixAll, TopicValidator).
const (
	RetryTopicPrefix   = "%RETRY%"
	DLQTopicPrefix     = "%DLQ%"
	SystemTopicPrefix  = "rmq_sys_"
	SyncMemberPrefix   = "rmq_sys_SYNC_BROKER_MEMBER_"
	TopicAutoCreate    = "TBW102"
	TopicSchedule      = "SCHEDULE_TOPIC_XXXX"
	TopicBenchmark     = "BenchmarkTest"
	TopicTransHalf     = "RMQ_SYS_TRANS_HALF_TOPIC"
	TopicTransOpHalf   = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
	TopicTrace         = "RMQ_SYS_TRACE_TOPIC"
	TopicTransCheckMax = "TRANS_CHECK_MAX_TIME_TOPIC"
	TopicSelfTest      = "SELF_TEST_TOPIC"
	TopicOffsetMoved   = "OFFSET_MOVED_EVENT"
	TopicRocksDBOffset = "CHECKPOINT_TOPIC"
	TopicTimer         = "rmq_sys_wheel_timer"
	ReviveTopicPrefix  = "rmq_sys_REVIVE_LOG_"

	topicRocksDBHalf   = "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC"
	topicRocksDBOpHalf = "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC"

	illegalCharsRemark = ", contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
)

// OrderTopicNamespace is the KV namespace of order topic configuration (NamesrvUtil.NAMESPACE_ORDER_TOPIC_CONFIG).
const OrderTopicNamespace = "ORDER_TOPIC_CONFIG"

// ValidateTopic checks a topic name as TopicValidator.validateTopic does. The error's text is Java's remark.
func ValidateTopic(topic string) error {
	switch {
	case isBlank(topic):
		return fmt.Errorf("The specified topic is blank.") //nolint:staticcheck // Java's text goes to the peer
	case IsIllegalName(topic):
		return errors.New(IllegalTopicRemark(topic))
	case strings.HasPrefix(topic, RetryTopicPrefix) || strings.HasPrefix(topic, DLQTopicPrefix):
		if len(topic) > RetryTopicMaxLength {
			return fmt.Errorf("The specified topic is DLQ or Retry topic: %s, and it's longer than topic max length: %d",
				topic, RetryTopicMaxLength)
		}
	case len(topic) > TopicMaxLength:
		return fmt.Errorf("The specified topic: %s, is longer than topic max length: %d", topic, TopicMaxLength)
	}
	return nil
}

// IllegalTopicRemark is Java's remark for a topic name with illegal characters.
func IllegalTopicRemark(topic string) string {
	return "The specified topic: " + topic + illegalCharsRemark
}

// ValidateGroup checks a group name as TopicValidator.validateGroup does. The error's text is Java's remark.
func ValidateGroup(group string) error {
	switch {
	case isBlank(group):
		return fmt.Errorf("The specified group is blank.") //nolint:staticcheck // Java's text goes to the peer
	case IsIllegalName(group):
		return fmt.Errorf("The specified group: %s%s", group, illegalCharsRemark)
	case len(group) > GroupMaxLength:
		return fmt.Errorf("The specified group: %s, is longer than group max length: %d", group, GroupMaxLength)
	}
	return nil
}

// IsIllegalName says whether a topic or group name has a character outside ^[%|a-zA-Z0-9_-]+$
// (TopicValidator.isTopicOrGroupIllegal; an empty name is not illegal there either). It allocates nothing.
func IsIllegalName(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; !isAlnum(c) && c != '%' && c != '|' && c != '_' && c != '-' {
			return true
		}
	}
	return false
}

// isBlank is UtilAll.isBlank.
func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// IsSystemTopic is TopicValidator.isSystemTopic for the fixed names. Java's brokers add their own name, the
// cluster's, and a few more at start (addSystemTopic): that set belongs to the broker.
func IsSystemTopic(topic string) bool {
	switch topic {
	case TopicAutoCreate, TopicSchedule, TopicBenchmark, TopicTransHalf, TopicTrace, TopicTransOpHalf,
		TopicTransCheckMax,
		TopicSelfTest, TopicOffsetMoved, TopicRocksDBOffset, topicRocksDBHalf, topicRocksDBOpHalf:
		return true
	}
	return strings.HasPrefix(topic, SystemTopicPrefix)
}

// SystemTopics lists the fixed system topics (TopicValidator.getSystemTopicSet before any addSystemTopic).
func SystemTopics() []string {
	return []string{TopicAutoCreate, TopicSchedule, TopicBenchmark, TopicTransHalf, TopicTrace, TopicTransOpHalf,
		TopicTransCheckMax, TopicSelfTest, TopicOffsetMoved, TopicRocksDBOffset}
}

// IsSendForbidden is TopicValidator.isNotAllowedSendTopic: topics that clients may not send to. Unlike Java's it holds
// the topics of timers, of the revive log and of the members too: what lies there tells the broker where to store a
// message, what was acknowledged and who is a member, and nobody but brokers has business there.
func IsSendForbidden(topic string) bool {
	switch topic {
	case TopicSchedule, TopicTransHalf, TopicTransOpHalf, TopicTransCheckMax, TopicSelfTest, TopicOffsetMoved,
		topicRocksDBHalf, topicRocksDBOpHalf, TopicTimer:
		return true
	}
	return strings.HasPrefix(topic, SystemTopicPrefix) &&
		(strings.HasPrefix(topic, ReviveTopicPrefix) || strings.HasPrefix(topic, SyncMemberPrefix))
}

// IsFolderName tells whether a topic can be a folder of its own under the store: one name, no path, no longer than a
// directory takes. It is wider than ValidateTopic, since Java's light queues and old brokers have names which that
// refuses. It allocates nothing.
func IsFolderName(topic string) bool {
	return topic != "" && topic != "." && topic != ".." && len(topic) <= folderNameMax &&
		!strings.ContainsAny(topic, "/\x00")
}
