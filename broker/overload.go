package broker

import (
	"sync/atomic"
	"time"

	"gorocket/broker/config"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// A broker that has too much to do says so at once, with SYSTEM_BUSY and a cause, and clients go elsewhere: nothing
// waits until its client has given up. Requests that the event loops serve wait in the sockets, not here; only those
// that need a worker have a queue. Java: BrokerFastFailure.

// Causes of refusals beside remoting.Overload, as the remarks name them.
const (
	causeWaited = "TIMEOUT_CLEAN_QUEUE" // no worker within waitTimeMillsIn...Queue
	// an append hangs longer than osPageCacheBusyTimeOutMills, and the request waits for a worker
	causeDisk   = "PCBUSY_CLEAN_QUEUE"
	causeReject = "REJECTREQUEST" // the same, and the request has just come
)

// overload decides which requests are refused because the broker has too much to do, and counts them.
type overload struct {
	liveConfig
	store     *store.Store // set by Start
	counts    refusals
	throttled *throttle.Log
}

// refusals counts refused requests by cause. The map is immutable.
type refusals map[string]*atomic.Int64

func newRefusals() refusals {
	r := refusals{}
	for _, cause := range []string{remoting.Overload, causeWaited, causeDisk, causeReject} {
		r[cause] = new(atomic.Int64)
	}
	return r
}

// overdue ends the wait of a request for a worker.
func (o *overload) overdue(code int32, waited time.Duration) (cause string) {
	c := o.cfg()
	switch {
	case !c.BrokerFastFailureEnable:
		return ""
	case isSend(code) && o.store.OSPageCacheBusy():
		return causeDisk
	case waited >= time.Duration(maxWait(c, code))*time.Millisecond:
		return causeWaited
	}
	return ""
}

func isSend(code int32) bool {
	switch code {
	case wire.ReqSendMessage, wire.ReqSendMessageV2, wire.ReqSendBatchMessage, wire.ReqConsumerSendMsgBack:
		return true
	}
	return false
}

// maxWait is how long a request may wait for a worker, ms. Java: the queues that BrokerFastFailure cleans.
func maxWait(c *config.Config, code int32) int64 {
	switch {
	case isSend(code):
		return c.WaitTimeMillsInSendQueue
	case code == wire.ReqPullMessage:
		return c.WaitTimeMillsInPullQueue
	case code == wire.ReqLitePullMessage:
		return c.WaitTimeMillsInLitePullQueue
	case code == wire.ReqHeartBeat:
		return c.WaitTimeMillsInHeartbeatQueue
	case code == wire.ReqEndTransaction:
		return c.WaitTimeMillsInTransactionQueue
	}
	return c.WaitTimeMillsInAdminBrokerQueue
}

// rejects answers a send while an append hangs: it would hang as well. Java: SendMessageProcessor.rejectRequest.
func (o *overload) rejects(ctx *remoting.Context) bool {
	if !o.store.OSPageCacheBusy() {
		return false
	}
	o.refused(ctx.Conn(), ctx.Req.Code, causeReject)
	ctx.Status(wire.SystemBusy, "["+causeReject+"]system busy, start flow control for a while")
	return true
}

// refused counts a request that was answered SYSTEM_BUSY.
func (o *overload) refused(c *remoting.Conn, code int32, cause string) {
	o.counts[cause].Add(1)
	o.throttled.Warn("refused").Str("peer", c.RemoteAddr()).Int32("code", code).Str("cause",
		cause).Msg(remoting.LogRefused)
}
