package broker

import (
	"slices"
	"strings"

	"gorocket/broker/filter"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// subscription is a parsed subscriptionData. Immutable. Java: SubscriptionData with ExpressionMessageFilter.
type subscription struct {
	subscriptionData
	all  bool           // everything matches by its tags code
	expr *filter.Filter // what else must match; nil for tags
}

func newSubscription(d subscriptionData) *subscription {
	slices.Sort(d.CodeSet)
	return &subscription{subscriptionData: d, all: d.SubString == "*" || d.ClassFilterMode || !filter.IsTag(d.ExpressionType)}
}

// parseSubscription builds a subscription from an expression. Java: FilterAPI.build, buildSubscriptionData.
func parseSubscription(topic, expression, expressionType string) (*subscription, bool) {
	d := subscriptionData{Topic: topic, SubString: expression, ExpressionType: expressionType}
	if filter.IsTag(expressionType) {
		d.ExpressionType = "TAG"
		if expression == "" || expression == "*" {
			d.SubString = "*"
			return newSubscription(d), true
		}
		tags := splitTags(expression)
		if len(tags) == 0 {
			return nil, false
		}
		for _, tag := range tags {
			d.TagsSet = append(d.TagsSet, tag)
			d.CodeSet = append(d.CodeSet, compat.HashCode(tag))
		}
		return newSubscription(d), true
	}
	if expression == "" {
		return nil, false
	}
	return newSubscription(d), true
}

func splitTags(expression string) (tags []string) {
	for tag := range strings.SplitSeq(expression, "||") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// MatchTagsCode compares hash codes only: clients compare the text. Part of store.MessageFilter.
func (s *subscription) MatchTagsCode(code int64) bool {
	if s.all {
		return true
	}
	_, found := slices.BinarySearch(s.CodeSet, int32(code))
	return found
}

// MatchBitMap looks at the note made when the message was stored. Part of store.BitMapFilter.
func (s *subscription) MatchBitMap(storeTimestamp int64, bitMap []byte) bool {
	return s.expr == nil || s.expr.MatchBitMap(storeTimestamp, bitMap)
}

// MatchRecord evaluates the expression on the record's properties; tags were decided by the consume queue entry. Part of store.MessageFilter.
func (s *subscription) MatchRecord(rec []byte) bool {
	if s.expr == nil {
		return true
	}
	m, err := record.Decode(rec)
	return err == nil && s.expr.MatchProperties(m.Properties)
}

// subscribed returns the subscription that a pull goes by: the one in the request, or the group's of the last heartbeat. When there is none it
// answers, with Java's code and text, and returns nil.
func (b *Broker) subscribed(r *remoting.Replier, h *wire.PullMessageRequestHeader, broadcastAllowed bool) *subscription {
	if h.SysFlag&wire.PullFlagSubscription != 0 {
		return b.carried(r, h)
	}
	g := b.consumers.get(h.ConsumerGroup)
	if g == nil {
		r.Status(wire.SubscriptionNotExist, "the consumer's group info not exist"+faqSuffix)
		return nil
	}
	if !broadcastAllowed && g.broadcasting() {
		forbidden(r, forbiddenBroadcast, "the consumer group["+h.ConsumerGroup+"] can not consume by broadcast way")
		return nil
	}
	if b.groups.ReadForbidden(h.ConsumerGroup, h.Topic) {
		forbidden(r, forbiddenSubscription, "the consumer group["+h.ConsumerGroup+"] is forbidden for topic["+h.Topic+"]")
		return nil
	}
	s := g.subscription(h.Topic)
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
func (b *Broker) withExpression(s *subscription, data *filter.Data) *subscription {
	f := b.filters.NewFilter(s.Topic, data, b.cfg().FilterSupportRetry)
	return &subscription{subscriptionData: s.subscriptionData, all: s.all, expr: &f}
}

// carried is the subscription that stands in the pull itself; nil after it answered. A malformed expression is SUBSCRIPTION_PARSE_FAILED;
// Java, which runs without its asserts, gives such a consumer every message.
func (b *Broker) carried(r *remoting.Replier, h *wire.PullMessageRequestHeader) *subscription {
	s, ok := parseSubscription(h.Topic, h.Subscription, h.ExpressionType)
	if ok && (filter.IsTag(s.ExpressionType) || !b.cfg().EnablePropertyFilter) {
		return s
	}
	if ok {
		data, err := b.filters.Build(h.ConsumerGroup, filter.Subscription{Topic: h.Topic, Expression: h.Subscription, Type: h.ExpressionType, Version: h.SubVersion})
		if err == nil {
			return b.withExpression(s, data)
		}
	}
	r.Status(wire.SubscriptionParseFailed, "parse the consumer's subscription failed")
	return nil
}

// faqSuffix is what Java appends to some remarks (FAQUrl.suggestTodo).
const faqSuffix = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
