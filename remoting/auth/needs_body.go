package auth

import (
	"errors"

	"gorocket/compat"
)

// errBody is Java's answer to a body in which the resources cannot be found.
var errBody = errors.New("parse authorization context error.")

// decodeBody reads a body as its handler does; none at all is what makes Java throw.
func decodeBody(body []byte, v any) error {
	if noBody(body) || compat.Unmarshal(body, v) != nil {
		return errBody
	}
	return nil
}

// noBody tells that Java's decoder would give null.
func noBody(body []byte) bool { return len(body) == 0 || string(body) == "null" }

// named is the need of a resource whose name is known.
func named(t ResourceType, name string, retry Retry, actions ...Action) Need {
	return Need{Type: t, Field: name, Retry: retry, Actions: Of(actions...)}
}

// heartbeatNeeds: every group that consumes, and what it subscribes to; producers need nothing.
func heartbeatNeeds(body []byte) (needs []Need, err error) {
	var h struct {
		ConsumerDataSet []struct {
			GroupName           string `json:"groupName"`
			SubscriptionDataSet []struct {
				Topic string `json:"topic"`
			} `json:"subscriptionDataSet"`
		} `json:"consumerDataSet"`
	}
	if err := decodeBody(body, &h); err != nil {
		return nil, err
	}
	for _, c := range h.ConsumerDataSet {
		needs = append(needs, named(Group, c.GroupName, RetryGroup, Sub))
		for _, s := range c.SubscriptionDataSet {
			needs = append(needs, named(Topic, s.Topic, RetrySkip, Sub))
		}
	}
	return needs, nil
}

// lockNeeds: the group, and the topics of the queues.
func lockNeeds(body []byte) ([]Need, error) {
	var l struct {
		ConsumerGroup string `json:"consumerGroup"`
		MQSet         []struct {
			Topic string `json:"topic"`
		} `json:"mqSet"`
	}
	if err := decodeBody(body, &l); err != nil {
		return nil, err
	}
	needs := []Need{named(Group, l.ConsumerGroup, RetryGroup, Sub)}
	for _, q := range l.MQSet {
		needs = append(needs, named(Topic, q.Topic, RetrySkip, Sub))
	}
	return needs, nil
}

// clientConfigNeeds: a group that wants its subscription looked at; none at all needs nothing, as it gets nothing.
func clientConfigNeeds(body []byte) ([]Need, error) {
	if noBody(body) {
		return nil, nil
	}
	var c struct {
		Group            string `json:"group"`
		SubscriptionData struct {
			Topic string `json:"topic"`
		} `json:"subscriptionData"`
	}
	if err := decodeBody(body, &c); err != nil {
		return nil, err
	}
	return []Need{named(Group, c.Group, RetryTopic, Sub), named(Topic, c.SubscriptionData.Topic, RetrySkip, Sub)}, nil
}

// assignmentNeeds: a group and a topic.
func assignmentNeeds(action Action) func([]byte) ([]Need, error) {
	return func(body []byte) ([]Need, error) {
		var a struct {
			ConsumerGroup string `json:"consumerGroup"`
			Topic         string `json:"topic"`
		}
		if err := decodeBody(body, &a); err != nil {
			return nil, err
		}
		return []Need{named(Group, a.ConsumerGroup, RetryTopic, action), named(Topic, a.Topic, RetrySkip, action)}, nil
	}
}

// topicListNeeds: to create each topic, as UPDATE_AND_CREATE_TOPIC does.
func topicListNeeds(body []byte) (needs []Need, err error) {
	var l struct {
		TopicConfigList []struct {
			TopicName string `json:"topicName"`
		} `json:"topicConfigList"`
	}
	if err := decodeBody(body, &l); err != nil {
		return nil, err
	}
	for _, t := range l.TopicConfigList {
		needs = append(needs, named(Topic, t.TopicName, RetryGroup, Create))
	}
	return needs, nil
}

// groupConfig is as much of the configuration of a consumer group as is needed here.
type groupConfig struct {
	GroupName string `json:"groupName"`
}

// groupNeeds: to create the group. No body creates nothing.
func groupNeeds(body []byte) ([]Need, error) {
	if noBody(body) {
		return nil, nil
	}
	var g groupConfig
	if err := decodeBody(body, &g); err != nil {
		return nil, err
	}
	return []Need{named(Group, g.GroupName, RetryTopic, Create)}, nil
}

// groupListNeeds: to create each group.
func groupListNeeds(body []byte) (needs []Need, err error) {
	var l struct {
		GroupConfigList []groupConfig `json:"groupConfigList"`
	}
	if err := decodeBody(body, &l); err != nil {
		return nil, err
	}
	for _, g := range l.GroupConfigList {
		needs = append(needs, named(Group, g.GroupName, RetryTopic, Create))
	}
	return needs, nil
}

// batchAckNeeds: what an ack needs, of each.
func batchAckNeeds(body []byte) (needs []Need, err error) {
	var b struct {
		Acks []struct {
			C             string `json:"c"`
			ConsumerGroup string `json:"consumerGroup"`
			T             string `json:"t"`
			Topic         string `json:"topic"`
		} `json:"acks"`
	}
	if err := decodeBody(body, &b); err != nil {
		return nil, err
	}
	for _, a := range b.Acks { // both names may be given: then both have to be allowed
		for _, name := range either(a.C, a.ConsumerGroup) {
			needs = append(needs, named(Group, name, RetryTopic, Sub))
		}
		for _, name := range either(a.T, a.Topic) {
			needs = append(needs, named(Topic, name, RetryGroup, Sub))
		}
	}
	return needs, nil
}

// either is what is given of two names, "" for nothing.
func either(a, b string) []string {
	switch {
	case b == "":
		return []string{a}
	case a == "":
		return []string{b}
	}
	return []string{a, b}
}

// liteSubscriptionNeeds: the group and the topic of each subscription.
func liteSubscriptionNeeds(body []byte) (needs []Need, err error) {
	var l struct {
		SubscriptionSet []struct {
			Group string `json:"group"`
			Topic string `json:"topic"`
		} `json:"subscriptionSet"`
	}
	if err := decodeBody(body, &l); err != nil {
		return nil, err
	}
	for _, s := range l.SubscriptionSet {
		needs = append(needs, named(Group, s.Group, RetryTopic, Sub), named(Topic, s.Topic, RetryGroup, Sub))
	}
	return needs, nil
}
