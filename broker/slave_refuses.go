package broker

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// roleAnswer is how a request is answered that is not served.
type roleAnswer struct {
	code   int32
	remark string
}

var (
	// Java: SendMessageProcessor.rejectRequest, PullMessageProcessor.rejectRequest
	flowControl = roleAnswer{wire.SystemBusy, "[REJECTREQUEST]system busy, start flow control for a while"}
	// Java: SendMessageProcessor.handlePutMessageResult, for a slave that may stand in for its master
	notWritable = roleAnswer{wire.ServiceNotAvailable, "service not available now. It may be caused by one of the " +
		"following reasons: messages are put to the slave"}
	// Java 5.5 has this answer (AdminBrokerProcessor.validateSlave) but takes the change, which the next look at the
	// master undoes
	notOnSlave = roleAnswer{wire.SystemError, "Can't modify topic or subscription group from slave broker, please " +
		"execute " +
		"it from master broker."}
)

// slaveRefuses are the codes that a slave does not serve.
var slaveRefuses = map[int32]roleAnswer{
	wire.ReqSendMessage:                      flowControl,
	wire.ReqSendMessageV2:                    flowControl,
	wire.ReqSendBatchMessage:                 flowControl,
	wire.ReqConsumerSendMsgBack:              flowControl,
	wire.ReqPopMessage:                       flowControl,
	wire.ReqAckMessage:                       flowControl,
	wire.ReqBatchAckMessage:                  flowControl,
	wire.ReqChangeMessageInvisibletime:       flowControl,
	wire.ReqNotification:                     flowControl,
	wire.ReqUpdateAndCreateTopic:             notOnSlave,
	wire.ReqDeleteTopicInBroker:              notOnSlave,
	wire.ReqUpdateAndCreateSubscriptiongroup: notOnSlave,
	wire.ReqDeleteSubscriptiongroup:          notOnSlave,
	wire.ReqInvokeBrokerToResetOffset:        {wire.SystemError, "Can not reset offset in slave broker"},
	wire.ReqRecallMessage:                    {wire.SlaveNotAvailable, "recall failed, broker service not available"},
}

// forSlave makes of a master's dispatch table one that is a slave's while slave says so. reads tells whether pulls are
// served: slaveReadEnable, or it stands in for its master; acting, whether it may do that (enableSlaveActingMaster).
func forSlave(entries []remoting.Entry, slave, reads func() bool, acting bool) []remoting.Entry {
	for i := range entries {
		e := &entries[i]
		if r, refused := slaveRefuses[e.Code]; refused {
			if acting && r == flowControl {
				r = notWritable
			}
			serve := e.Handle
			e.Handle = func(ctx *remoting.Context) {
				if slave() {
					ctx.Status(r.code, r.remark)
					return
				}
				serve(ctx)
			}
		}
		if e.Code == wire.ReqPullMessage || e.Code == wire.ReqLitePullMessage {
			serve := e.Handle
			e.Handle = func(ctx *remoting.Context) {
				if !reads() {
					ctx.Status(flowControl.code, flowControl.remark)
					return
				}
				serve(ctx)
			}
		}
	}
	return entries
}
