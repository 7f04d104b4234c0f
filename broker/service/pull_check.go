package service

import (
	"errors"
	"fmt"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/broker/static"
)

func notPermitted(scope Scope, text string) *Refusal {
	return &Refusal{Reason: NotPermitted, Scope: scope, Text: text}
}

// check looks at permission, names and the queue id, in Java's order, and finds the subscription.
func (s *Puller) check(p *Pull) error {
	c := s.cfg()
	p.Static, p.Sub = nil, nil
	if !mayRead(c.BrokerPermission) {
		return notPermitted(ScopeBroker, "the broker["+c.BrokerIP1+"] pulling message is forbidden")
	}
	if p.Lite && !c.LitePullMessageEnable {
		return notPermitted(ScopeBroker, "the broker["+c.BrokerIP1+"] for lite pull consumer is forbidden")
	}
	g := s.Groups.Find(p.Group)
	if g == nil {
		return refuse(NoGroup, "subscription group ["+p.Group+"] does not exist, "+FAQ)
	}
	if !g.ConsumeEnable {
		return notPermitted(ScopeGroup, "subscription group no permission, "+p.Group)
	}
	topic := s.Topics.Get(p.Topic)
	if topic == nil {
		return refuse(NoTopic, "topic["+p.Topic+"] not exist, apply first please! "+FAQ)
	}
	if !mayRead(topic.Perm) {
		return notPermitted(ScopeTopic, "the topic["+p.Topic+"] pulling message is forbidden")
	}
	if err := s.locate(p); err != nil {
		return err
	}
	if p.QueueID < 0 || int(p.QueueID) >= topic.ReadQueueNums {
		return refuse(BadArgument, fmt.Sprintf("queueId[%d] is illegal, topic:[%s] topicConfig.readQueueNums:[%d] "+
			"consumer:[/%s]", p.QueueID, p.Topic, topic.ReadQueueNums, p.Peer))
	}
	sub, err := s.subscribed(p, g.ConsumeBroadcastEnable)
	if err != nil {
		return err
	}
	if !filter.IsTag(sub.ExpressionType) && !c.EnablePropertyFilter {
		return refuse(Failed, "The broker does not support consumer to filter message by "+sub.ExpressionType)
	}
	p.Sub = sub
	return nil
}

// locate points the pull of a static topic to the physical queue that holds its offset; nothing for others.
func (s *Puller) locate(p *Pull) error {
	d := s.Mappings.Of(p.Topic, p.Lo)
	if d == nil {
		return nil
	}
	located, here, err := static.LocatePull(d, &p.Reading)
	switch {
	case errors.Is(err, static.ErrNotLeader):
		return refuse(NotLeader, err.Error())
	case err != nil:
		return refuse(Failed, err.Error())
	}
	p.Static = located
	if !here {
		return ErrElsewhere
	}
	return nil
}

// subscribed returns the subscription that a pull goes by: the one in the request, or the group's of the last
// heartbeat.
func (s *Puller) subscribed(p *Pull, broadcastAllowed bool) (*clients.Subscription, error) {
	if p.Carried {
		return s.carried(p)
	}
	g := s.Consumers.Get(p.Group)
	if g == nil {
		return nil, refuse(NoSubscription, "the consumer's group info not exist"+FAQ)
	}
	if !broadcastAllowed && g.Broadcasting() {
		return nil, notPermitted(ScopeBroadcast,
			"the consumer group["+p.Group+"] can not consume by broadcast way")
	}
	if s.Groups.ReadForbidden(p.Group, p.Topic) {
		return nil, notPermitted(ScopeSubscription,
			"the consumer group["+p.Group+"] is forbidden for topic["+p.Topic+"]")
	}
	sub := g.Subscription(p.Topic)
	if sub == nil {
		return nil, refuse(NoSubscription, "the consumer's subscription not exist"+FAQ)
	}
	if sub.SubVersion < p.SubVersion {
		return nil, refuse(OldSubscription, "the consumer's subscription not latest")
	}
	if filter.IsTag(sub.ExpressionType) {
		return sub, nil
	}
	data := s.Filters.Get(p.Topic, p.Group)
	switch {
	case data == nil:
		return nil, refuse(NoFilter, "The broker's consumer filter data is not exist!Your expression may be wrong!")
	case data.ClientVersion < p.SubVersion:
		return nil, refuse(OldFilter, "the consumer's consumer filter data not latest")
	}
	return s.WithExpression(sub, data), nil
}

// WithExpression is a subscription that filters by data's expression as well.
func (s *Puller) WithExpression(sub *clients.Subscription, data *filter.Data) *clients.Subscription {
	f := s.Filters.NewFilter(sub.Topic, data, s.cfg().FilterSupportRetry)
	return &clients.Subscription{SubscriptionData: sub.SubscriptionData, All: sub.All, Expr: &f}
}

// carried is the subscription that stands in the pull itself. A malformed expression is refused; Java, which runs
// without its asserts, gives such a consumer every message.
func (s *Puller) carried(p *Pull) (*clients.Subscription, error) {
	sub, ok := clients.ParseSubscription(p.Topic, p.Expression, p.ExpressionType)
	if ok && (filter.IsTag(sub.ExpressionType) || !s.cfg().EnablePropertyFilter) {
		return sub, nil
	}
	if ok {
		data, err := s.Filters.Build(p.Group, filter.Subscription{Topic: p.Topic, Expression: p.Expression,
			Type: p.ExpressionType, Version: p.SubVersion})
		if err == nil {
			return s.WithExpression(sub, data), nil
		}
	}
	return nil, refuse(BadSubscription, "parse the consumer's subscription failed")
}
