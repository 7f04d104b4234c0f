package pop

import (
	"strings"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/broker/service"
)

// maxKeptExpression is the longest expression that is kept, in bytes.
const maxKeptExpression = 1024

// subscribed is the subscription of an expression, which is by tags or SQL92. An empty one is everything.
func (s *Service) subscribed(group, topic, expression, kind string) (*clients.Subscription, error) {
	if expression == "" || filter.IsTag(kind) && expression == "*" {
		return everything, nil
	}
	if filter.IsTag(kind) {
		if sub := s.subs.get(expression); sub != nil {
			return sub, nil
		}
	}
	sub, ok := clients.ParseSubscription("", strings.Clone(expression), kind)
	switch {
	case !ok:
		return nil, unparsable()
	case filter.IsTag(kind):
		s.subs.put(sub)
		return sub, nil
	}
	data, err := s.d.Filters.Build(group, filter.Subscription{Topic: topic, Expression: expression, Type: kind,
		Version: s.now()})
	if err != nil {
		return nil, unparsable()
	}
	f := s.d.Filters.NewFilter(topic, data, s.cfg().FilterSupportRetry)
	return &clients.Subscription{SubscriptionData: sub.SubscriptionData, All: sub.All, Expr: &f}, nil
}

func unparsable() error {
	return &service.Refusal{Reason: service.BadSubscription, Text: "parse the consumer's subscription failed"}
}

func (c *subscriptions) get(expression string) *clients.Subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byTag[expression]
}

func (c *subscriptions) put(sub *clients.Subscription) {
	if len(sub.SubString) > maxKeptExpression {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byTag == nil || len(c.byTag) >= maxSubscriptions {
		c.byTag = map[string]*clients.Subscription{}
	}
	c.byTag[sub.SubString] = sub
}
