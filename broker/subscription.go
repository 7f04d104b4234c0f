package broker

import (
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting"
)

// subscription is a parsed subscriptionData. Immutable. Java: SubscriptionData with ExpressionMessageFilter.
type subscription struct {
	subscriptionData
	all bool // everything matches
}

// isTag tells whether an expression type means tags; an empty one does, as in Java's ExpressionType.isTagType.
func isTag(expressionType string) bool { return expressionType == "" || expressionType == "TAG" }

func newSubscription(d subscriptionData) *subscription {
	slices.Sort(d.CodeSet)
	return &subscription{subscriptionData: d, all: d.SubString == "*" || d.ClassFilterMode || !isTag(d.ExpressionType)}
}

// parseSubscription builds a subscription from an expression. Java: FilterAPI.build, buildSubscriptionData.
func parseSubscription(topic, expression, expressionType string) (*subscription, bool) {
	d := subscriptionData{Topic: topic, SubString: expression, ExpressionType: expressionType}
	if isTag(expressionType) {
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

// MatchRecord accepts everything: tags are decided by the consume queue entry. Part of store.MessageFilter.
func (s *subscription) MatchRecord([]byte) bool { return true }

// subscribed returns the subscription that a pull goes by: the one in the request, or the group's of the last heartbeat. When there is none it
// answers, with Java's code and text, and returns nil.
func (b *Broker) subscribed(r *remoting.Replier, h *remoting.PullMessageRequestHeader, broadcastAllowed bool) *subscription {
	if h.SysFlag&remoting.PullFlagSubscription != 0 {
		s, ok := parseSubscription(h.Topic, h.Subscription, h.ExpressionType)
		if !ok {
			r.Status(remoting.SubscriptionParseFailed, "parse the consumer's subscription failed")
		}
		return s
	}
	g := b.consumers.get(h.ConsumerGroup)
	if g == nil {
		r.Status(remoting.SubscriptionNotExist, "the consumer's group info not exist"+faqSuffix)
		return nil
	}
	if !broadcastAllowed && g.broadcasting() {
		forbidden(r, forbiddenBroadcast, "the consumer group["+h.ConsumerGroup+"] can not consume by broadcast way")
		return nil
	}
	if b.groups.readForbidden(h.ConsumerGroup, h.Topic) {
		forbidden(r, forbiddenSubscription, "the consumer group["+h.ConsumerGroup+"] is forbidden for topic["+h.Topic+"]")
		return nil
	}
	s := g.subscription(h.Topic)
	if s == nil {
		r.Status(remoting.SubscriptionNotExist, "the consumer's subscription not exist"+faqSuffix)
		return nil
	}
	if s.SubVersion < h.SubVersion {
		r.Status(remoting.SubscriptionNotLatest, "the consumer's subscription not latest")
		return nil
	}
	return s
}

// faqSuffix is what Java appends to some remarks (FAQUrl.suggestTodo).
const faqSuffix = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
