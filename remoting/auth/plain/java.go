package plain

import (
	"errors"

	"gorocket/compat"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// resource is what Java 4.9 asks for: a topic by its name, a group by its retry topic.
type resource struct {
	name   string
	needed perm
}

// resources are what a request needs, in the order in which Java looks at them: that of a HashMap.
type resources struct {
	list  []resource
	trace bool // it sends a trace
}

// put is PlainAccessResource.addResourceAndPerm.
func (r *resources) put(name []byte, given bool, needed perm) {
	if !given {
		return
	}
	for i := range r.list {
		if r.list[i].name == string(name) {
			r.list[i].needed = needed
			return
		}
	}
	r.list = append(r.list, resource{string(name), needed})
}

func (r *resources) group(name []byte, given bool) {
	r.put(append([]byte(prefixRetry), name...), given, sub)
}

// javaNeeds are the resources of the codes that Java 4.9 looks at. Java: PlainAccessValidator.parse.
func javaNeeds(c *wire.Command) (r resources, err error) {
	switch c.Code {
	case wire.ReqSendMessage:
		r.send(c, "topic", "group")
	case wire.ReqSendMessageV2:
		r.send(c, "b", "a")
	case wire.ReqConsumerSendMsgBack:
		r.group(c.Get("group"))
	case wire.ReqPullMessage, wire.ReqUpdateConsumerOffset:
		name, given := c.Get("topic")
		r.put(name, given, sub)
		r.group(c.Get("consumerGroup"))
	case wire.ReqQueryMessage:
		name, given := c.Get("topic")
		r.put(name, given, sub)
	case wire.ReqUnregisterClient, wire.ReqGetConsumerListByGroup:
		r.group(c.Get("consumerGroup"))
	case wire.ReqHeartBeat:
		err = r.heartbeat(c.Body)
	}
	return r, err
}

func (r *resources) send(c *wire.Command, topic, group string) {
	name, given := c.Get(topic)
	if given && len(name) >= len(prefixRetry) && string(name[:len(prefixRetry)]) == prefixRetry {
		r.group(c.Get(group))
		return
	}
	r.trace = string(name) == topicTrace
	r.put(name, given, pub)
}

var errHeartbeat = errors.New("the heartbeat cannot be read")

func (r *resources) heartbeat(body []byte) error {
	var h struct {
		ConsumerDataSet []struct {
			GroupName           *string `json:"groupName"`
			SubscriptionDataSet []struct {
				Topic *string `json:"topic"`
			} `json:"subscriptionDataSet"`
		} `json:"consumerDataSet"`
	}
	if len(body) == 0 || compat.Unmarshal(body, &h) != nil {
		return errHeartbeat
	}
	for _, d := range h.ConsumerDataSet {
		if d.GroupName != nil {
			r.group([]byte(*d.GroupName), true)
		}
		for _, s := range d.SubscriptionDataSet {
			if s.Topic != nil {
				r.put([]byte(*s.Topic), true, sub)
			}
		}
	}
	return nil
}

// mayAsJava asks for what Java 4.9 asks for. Java: PlainPermissionManager.validate, checkPerm.
func (a *account) mayAsJava(c *wire.Command) (last auth.Ask, refused string) {
	switch c.Code {
	case wire.ReqUpdateAndCreateTopic, wire.ReqUpdateBrokerConfig, wire.ReqDeleteTopicInBroker,
		wire.ReqUpdateAndCreateSubscriptiongroup, wire.ReqDeleteSubscriptiongroup:
		return auth.Ask{Type: auth.Cluster}, a.needAdmin(c.Code)
	}
	needs, err := javaNeeds(c)
	if err != nil {
		return last, err.Error()
	}
	if needs.trace || a.Admin && a.hasNoEntries {
		return last, ""
	}
	var first *resource
	n := len(needs.list)
	for i := range needs.list {
		r := &needs.list[i]
		if a.refusal(r) != "" && (first == nil || place(r.name, n) < place(first.name, n)) {
			first = r
		}
	}
	if first == nil {
		return last, ""
	}
	return asAsk(first), a.refusal(first)
}

func (a *account) refusal(r *resource) string {
	group, name := splitRetry(r.name)
	return a.check(group, name, r.needed)
}

func splitRetry(name string) (group bool, rest string) {
	if len(name) >= len(prefixRetry) && name[:len(prefixRetry)] == prefixRetry {
		return true, name[len(prefixRetry):]
	}
	return false, name
}

func asAsk(r *resource) auth.Ask {
	ask := auth.Ask{Type: auth.Topic, Actions: auth.Of(auth.Sub)}
	group, name := splitRetry(r.name)
	if group {
		ask.Type = auth.Group
	}
	if ask.Name = []byte(name); r.needed == pub {
		ask.Actions = auth.Of(auth.Pub)
	}
	return ask
}

// place is a key's bucket in a HashMap of so many entries. Java: HashMap.hash, with load factor 0.75.
func place(key string, entries int) uint32 {
	size := uint32(16)
	for float64(entries) > 0.75*float64(size) {
		size *= 2
	}
	h := uint32(compat.HashCode(key))
	return (h ^ h>>16) & (size - 1)
}
