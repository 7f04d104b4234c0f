package broker

import (
	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// subscribed returns the subscription that a pull goes by: the one in the request, or the group's of the last
// heartbeat. When there is none it answers, with Java's code and text, and returns nil.
func (b *Broker) subscribed(r *remoting.Replier, h *wire.PullMessageRequestHeader,
	broadcastAllowed bool) *clients.Subscription {
	if h.SysFlag&wire.PullFlagSubscription != 0 {
		return b.carried(r, h)
	}
	g := b.consumers.Get(h.ConsumerGroup)
	if g == nil {
		r.Status(wire.SubscriptionNotExist, "the consumer's group info not exist"+faqSuffix)
		return nil
	}
	if !broadcastAllowed && g.Broadcasting() {
		forbidden(r, forbiddenBroadcast, "the consumer group["+h.ConsumerGroup+"] can not consume by broadcast way")
		return nil
	}
	if b.groups.ReadForbidden(h.ConsumerGroup, h.Topic) {
		forbidden(r, forbiddenSubscription, "the consumer group["+h.ConsumerGroup+"] is forbidden for topic["+h.Topic+"]")
		return nil
	}
	s := g.Subscription(h.Topic)
	if s == nil {
		r.Status(wire.SubscriptionNotExist, "the consumer's subscription not exist"+faqSuffix)
		return nil
	}
	if s.SubVersion < h.SubVersion {
		r.Status(wire.SubscriptionNotLatest, "the consumer's subscription not latest")
		return nil
	}
	if filter.IsTag(s.ExpressionType) {
		return s
	}
	data := b.filters.Get(h.Topic, h.ConsumerGroup)
	switch {
	case data == nil:
		r.Status(wire.FilterDataNotExist, "The broker's consumer filter data is not exist!Your expression may be wrong!")
		return nil
	case data.ClientVersion < h.SubVersion:
		r.Status(wire.FilterDataNotLatest, "the consumer's consumer filter data not latest")
		return nil
	}
	return b.withExpression(s, data)
}

// withExpression is a subscription that filters by data's expression as well.
func (b *Broker) withExpression(s *clients.Subscription, data *filter.Data) *clients.Subscription {
	f := b.filters.NewFilter(s.Topic, data, b.cfg().FilterSupportRetry)
	return &clients.Subscription{SubscriptionData: s.SubscriptionData, All: s.All, Expr: &f}
}

// carried is the subscription that stands in the pull itself; nil after it answered. A malformed expression is
// SUBSCRIPTION_PARSE_FAILED; Java, which runs without its asserts, gives such a consumer every message.
func (b *Broker) carried(r *remoting.Replier, h *wire.PullMessageRequestHeader) *clients.Subscription {
	s, ok := clients.ParseSubscription(h.Topic, h.Subscription, h.ExpressionType)
	if ok && (filter.IsTag(s.ExpressionType) || !b.cfg().EnablePropertyFilter) {
		return s
	}
	if ok {
		data, err := b.filters.Build(h.ConsumerGroup, filter.Subscription{Topic: h.Topic, Expression: h.Subscription,
			Type: h.ExpressionType, Version: h.SubVersion})
		if err == nil {
			return b.withExpression(s, data)
		}
	}
	r.Status(wire.SubscriptionParseFailed, "parse the consumer's subscription failed")
	return nil
}

// faqSuffix is what Java appends to some remarks (FAQUrl.suggestTodo).
const faqSuffix = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
