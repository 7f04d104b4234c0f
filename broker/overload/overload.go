// Package overload refuses requests when the broker has too much to do. It says so at once, with SYSTEM_BUSY and a
// cause, and clients go elsewhere: nothing waits until its client has given up. Requests that the event loops serve
// wait in the sockets, not here; only those that need a worker have a queue. Java: BrokerFastFailure.
package overload

import (
	"sync/atomic"
	"time"

	"gorocket/broker/config"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// Causes of refusals beside remoting.Overload, as the remarks name them.
const (
	causeWaited = "TIMEOUT_CLEAN_QUEUE" // no worker within waitTimeMillsIn...Queue
	// an append hangs longer than osPageCacheBusyTimeOutMills, and the request waits for a worker
	causeDisk   = "PCBUSY_CLEAN_QUEUE"
	causeReject = "REJECTREQUEST" // the same, and the request has just come
)

// Guard decides which requests are refused because the broker has too much to do, and counts them. Any goroutine.
type Guard struct {
	config    *atomic.Pointer[config.Config]
	store     *store.Store             // set by Open
	counts    map[string]*atomic.Int64 // refused requests by cause; the map is immutable
	throttled *throttle.Log
}

// New makes a guard that has refused nothing.
func New(c *atomic.Pointer[config.Config], throttled *throttle.Log) *Guard {
	g := &Guard{config: c, counts: map[string]*atomic.Int64{}, throttled: throttled}
	for _, cause := range []string{remoting.Overload, causeWaited, causeDisk, causeReject} {
		g.counts[cause] = new(atomic.Int64)
	}
	return g
}

// Open gives the guard the store of a start. Nobody asks it before.
func (g *Guard) Open(st *store.Store) { g.store = st }

// Each visits the causes with the number of requests that were refused for each.
func (g *Guard) Each(visit func(cause string, n int64)) {
	for cause, n := range g.counts {
		visit(cause, n.Load())
	}
}

// Overdue ends the wait of a request for a worker.
func (g *Guard) Overdue(code int32, waited time.Duration) (cause string) {
	c := g.config.Load()
	switch {
	case !c.BrokerFastFailureEnable:
		return ""
	case isSend(code) && g.store.OSPageCacheBusy():
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

// Rejects answers a send while an append hangs: it would hang as well. Java: SendMessageProcessor.rejectRequest.
func (g *Guard) Rejects(ctx *remoting.Context) bool {
	if !g.store.OSPageCacheBusy() {
		return false
	}
	g.Refused(ctx.Conn(), ctx.Req.Code, causeReject)
	ctx.Status(wire.SystemBusy, "["+causeReject+"]system busy, start flow control for a while")
	return true
}

// Refused counts a request that was answered SYSTEM_BUSY.
func (g *Guard) Refused(c *remoting.Conn, code int32, cause string) {
	g.counts[cause].Add(1)
	g.throttled.Warn("refused").Str("peer", c.RemoteAddr()).Int32("code", code).Str("cause",
		cause).Msg(remoting.LogRefused)
}
