package broker

import (
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/remoting/throttle"
)

// flushFilters is how often consumerFilter.json is written when it changed. Java: ConsumerFilterManager, 10 s.
const flushFilters = 10 * time.Second

func (b *Broker) newExpressions() (*expressions, error) {
	c := b.cfg()
	m, err := filter.NewManager(filter.Config{
		MaxErrorRateOfBloomFilter: c.MaxErrorRateOfBloomFilter, ExpectConsumerNumUseFilter: c.ExpectConsumerNumUseFilter,
		FilterDataCleanTimeSpan: ms(c.FilterDataCleanTimeSpan), Now: time.Now,
		Refused: func(group, topic string, err error) {
			b.throttled.Warn("filter").Err(err).Str("group", group).Str("topic", topic).Msg("subscription refused")
		},
	})
	return &expressions{m, func() {}, b.throttled}, err
}

// expressions are the filter expressions of the groups, with the file that keeps them.
type expressions struct {
	*filter.Manager
	changed   func() // marks consumerFilter.json; immutable after Start
	throttled *throttle.Log
}

// register notes the expressions of a heartbeat; tags are not kept there.
func (e *expressions) register(d *clients.ConsumerData) {
	subs := make([]filter.Subscription, 0, len(d.SubscriptionDataSet))
	for i := range d.SubscriptionDataSet {
		s := &d.SubscriptionDataSet[i]
		subs = append(subs, filter.Subscription{Topic: s.Topic, Expression: s.SubString, Type: s.ExpressionType,
			Version: s.SubVersion})
	}
	if e.Manager.Register(d.GroupName, subs) {
		e.changed()
	}
}

func (e *expressions) unregister(group string) {
	if e.Manager.Unregister(group) {
		e.changed()
	}
}

// load reads consumerFilter.json; entries that do not fit any more are left out with a log line.
func (e *expressions) load(data []byte) error {
	problems, err := e.Manager.Decode(data)
	for _, p := range problems {
		e.throttled.Warn("filter.load").Err(p).Msg("consumerFilter.json: entry left out")
	}
	return err
}
