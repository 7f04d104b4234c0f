package admin

import (
	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// Bodies of answers, as far as they are read here; brokers write them from types of their own.

// OffsetWrapper is the progress of a group in one queue. Java: OffsetWrapper.
type OffsetWrapper struct {
	BrokerOffset   int64 `json:"brokerOffset"`
	ConsumerOffset int64 `json:"consumerOffset"`
	LastTimestamp  int64 `json:"lastTimestamp"` // ms; store time of the last message that was consumed, 0: not known
	PullOffset     int64 `json:"pullOffset"`
}

// Diff is how many messages wait.
func (w *OffsetWrapper) Diff() int64 { return w.BrokerOffset - w.ConsumerOffset }

// ConsumeStats is the progress of a group. Java: ConsumeStats.
type ConsumeStats struct {
	ConsumeTPS  float64                                 `json:"consumeTps"`
	OffsetTable map[protocol.MessageQueue]OffsetWrapper `json:"offsetTable"`
}

// TotalDiff is how many messages wait in all queues. Java: computeTotalDiff.
func (s *ConsumeStats) TotalDiff() (sum int64) {
	for _, w := range s.OffsetTable {
		sum += w.Diff()
	}
	return sum
}

// ConsumeStatsList is the progress of all groups of a broker. Java: ConsumeStatsList.
type ConsumeStatsList struct {
	BrokerAddr        string                      `json:"brokerAddr"`
	ConsumeStatsList  []map[string][]ConsumeStats `json:"consumeStatsList"`
	TotalDiff         int64                       `json:"totalDiff"`
	TotalInflightDiff int64                       `json:"totalInflightDiff"`
}

// TopicStats are the ends of a topic's queues. Java: TopicStatsTable.
type TopicStats struct {
	OffsetTable map[protocol.MessageQueue]protocol.TopicOffset `json:"offsetTable"`
	TopicPutTPS float64                                        `json:"topicPutTps"`
}

// Connection is one client. Java: Connection.
type Connection struct {
	ClientAddr string `json:"clientAddr"`
	ClientID   string `json:"clientId"`
	Language   string `json:"language"`
	Version    int    `json:"version"`
}

// VersionName is the client's version in words.
func (c *Connection) VersionName() string { return compat.VersionName(c.Version) }

// Subscription is what a group takes of a topic. Java: SubscriptionData.
type Subscription struct {
	ClassFilterMode bool     `json:"classFilterMode"`
	CodeSet         []int32  `json:"codeSet"`
	ExpressionType  string   `json:"expressionType"`
	SubString       string   `json:"subString"`
	SubVersion      int64    `json:"subVersion"`
	TagsSet         []string `json:"tagsSet"`
	Topic           string   `json:"topic"`
}

// ConsumerConnection are the members of a group. Java: ConsumerConnection.
type ConsumerConnection struct {
	ConnectionSet     []Connection            `json:"connectionSet"`
	ConsumeFromWhere  string                  `json:"consumeFromWhere"`
	ConsumeType       string                  `json:"consumeType"` // CONSUME_ACTIVELY, CONSUME_PASSIVELY, CONSUME_POP
	MessageModel      string                  `json:"messageModel"`
	SubscriptionTable map[string]Subscription `json:"subscriptionTable"`
}

// MinVersion is the version of the oldest member, the largest int32 when there is none. Java: computeMinVersion.
func (c *ConsumerConnection) MinVersion() int {
	least := 1<<31 - 1
	for i := range c.ConnectionSet {
		least = min(least, c.ConnectionSet[i].Version)
	}
	return least
}

// ProducerConnection are the live producers of a group. Java: ProducerConnection.
type ProducerConnection struct {
	ConnectionSet []Connection `json:"connectionSet"`
}

// ProducerInfo is one producer. Java: ProducerInfo.
type ProducerInfo struct {
	ClientID            string `json:"clientId"`
	Language            string `json:"language"`
	LastUpdateTimestamp int64  `json:"lastUpdateTimestamp"` // ms
	RemoteIP            string `json:"remoteIP"`
	Version             int    `json:"version"`
}

// StatsSnapshot is one window of a counter. Java: BrokerStatsItem.
type StatsSnapshot struct {
	AvgPT float64 `json:"avgpt"`
	Sum   int64   `json:"sum"`
	TPS   float64 `json:"tps"`
}

// StatsData is a counter of a broker over a minute, an hour and a day. Java: BrokerStatsData.
type StatsData struct {
	StatsDay    StatsSnapshot `json:"statsDay"`
	StatsHour   StatsSnapshot `json:"statsHour"`
	StatsMinute StatsSnapshot `json:"statsMinute"`
}

// DaySum is the sum of the longest window that has one. Java: StatsAllSubCommand.compute24HourSum.
func (d *StatsData) DaySum() int64 {
	for _, sum := range []int64{d.StatsDay.Sum, d.StatsHour.Sum, d.StatsMinute.Sum} {
		if sum != 0 {
			return sum
		}
	}
	return 0
}
