package broker

import (
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
)

// flushFilters is how often consumerFilter.json is written when it changed. Java: ConsumerFilterManager, 10 s.
const flushFilters = 10 * time.Second

func (b *Broker) newFilters() (*filter.Manager, error) {
	c := b.cfg()
	b.filtersChanged = func() {}
	return filter.NewManager(filter.Config{
		MaxErrorRateOfBloomFilter: c.MaxErrorRateOfBloomFilter, ExpectConsumerNumUseFilter: c.ExpectConsumerNumUseFilter,
		FilterDataCleanTimeSpan: ms(c.FilterDataCleanTimeSpan), Now: time.Now,
		Refused: func(group, topic string, err error) {
			b.throttled.Warn("filter").Err(err).Str("group", group).Str("topic", topic).Msg("subscription refused")
		},
	})
}

// registerFilters notes the expressions of a heartbeat; tags are not kept there.
func (b *Broker) registerFilters(d *clients.ConsumerData) {
	subs := make([]filter.Subscription, 0, len(d.SubscriptionDataSet))
	for i := range d.SubscriptionDataSet {
		s := &d.SubscriptionDataSet[i]
		subs = append(subs, filter.Subscription{Topic: s.Topic, Expression: s.SubString, Type: s.ExpressionType,
			Version: s.SubVersion})
	}
	if b.filters.Register(d.GroupName, subs) {
		b.filtersChanged()
	}
}

func (b *Broker) unregisterFilters(group string) {
	if b.filters.Unregister(group) {
		b.filtersChanged()
	}
}

// loadFilters reads consumerFilter.json; entries that do not fit any more are left out with a log line.
func (b *Broker) loadFilters(data []byte) error {
	problems, err := b.filters.Decode(data)
	for _, p := range problems {
		b.throttled.Warn("filter.load").Err(p).Msg("consumerFilter.json: entry left out")
	}
	return err
}
