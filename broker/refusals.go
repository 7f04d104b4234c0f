package broker

import (
	"errors"
	"strconv"

	"gorocket/broker/config"
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// reasonCodes are Java's response codes for what a service refuses; a reason without one is SYSTEM_ERROR.
var reasonCodes = map[service.Reason]int32{
	service.NotLeader:       wire.NotLeaderForQueue,
	service.NotPermitted:    wire.NoPermission,
	service.BadArgument:     wire.InvalidParameter,
	service.NoTopic:         wire.TopicNotExist,
	service.NoGroup:         wire.SubscriptionGroupNotExist,
	service.IllegalMessage:  wire.MessageIllegal,
	service.Unavailable:     wire.ServiceNotAvailable,
	service.Expired:         wire.IllegalOperation,
	service.NoSubscription:  wire.SubscriptionNotExist,
	service.OldSubscription: wire.SubscriptionNotLatest,
	service.BadSubscription: wire.SubscriptionParseFailed,
	service.NoFilter:        wire.FilterDataNotExist,
	service.OldFilter:       wire.FilterDataNotLatest,
	service.TooLate:         wire.PollingTimeout,
	service.NoMessage:       wire.NoMessage,
}

// refusal takes an error of a service apart. Whoever calls a service where waiting is allowed gets nothing else.
func refusal(err error) (r *service.Refusal, code int32) {
	if !errors.As(err, &r) {
		r = &service.Refusal{Reason: service.Failed, Text: err.Error()}
	}
	if code, ok := reasonCodes[r.Reason]; ok {
		return r, code
	}
	return r, wire.SystemError
}

// refuse answers with the code of a refusal and its text.
func refuse(r *remoting.Replier, err error) {
	why, code := refusal(err)
	r.Status(code, why.Text)
}

// refuseSend is refuse for sends: Java had set MSG_REGION and TRACE_ON by the time at which most of them are refused.
func refuseSend(r *remoting.Replier, c *config.Config, err error) {
	why, code := refusal(err)
	switch why.Reason {
	case service.NoBody, service.BadProperty, service.BadBatch, service.NotLeader:
		r.Status(code, why.Text)
	default:
		sendFail(r, c, code, why.Text)
	}
}

// sendFail answers a send that was refused after Java had looked at its header.
func sendFail(r *remoting.Replier, c *config.Config, code int32, remark string) {
	r.RespondFields(code, remark, fixedFields(c), nil)
}

// fixedFields are in every answer to a send whose header Java has looked at.
func fixedFields(c *config.Config) []wire.StringField {
	return []wire.StringField{{Key: protocol.PropRegion, Value: c.RegionID},
		{Key: protocol.PropTraceOn, Value: strconv.FormatBool(c.TraceOn)}}
}

// forbiddenTypes are the values of forbiddenType by scope. Java: ForbiddenType.
var forbiddenTypes = [...]string{service.ScopeBroker: "1", service.ScopeGroup: "2", service.ScopeTopic: "3",
	service.ScopeBroadcast: "4", service.ScopeSubscription: "5"}

// refusePull is refuse for pulls: clients are told what does not permit one.
func refusePull(r *remoting.Replier, err error) {
	why, code := refusal(err)
	if why.Scope == service.ScopeNone {
		r.Status(code, why.Text)
		return
	}
	r.RespondFields(code, why.Text, []wire.StringField{{Key: "forbiddenType", Value: forbiddenTypes[why.Scope]}}, nil)
}
