package broker

// GET_TIMER_CHECK_POINT (60) and GET_TIMER_METRICS (61): what slaves copy. Java:
// AdminBrokerProcessor.getTimerCheckPoint, getTimerMetrics. 60 answers the 56 bytes that config/timercheck holds, 61
// the JSON of config/timermetrics.

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) timerEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetTimerCheckPoint, Mode: remoting.Pooled, Handle: b.timerCheckpoint},
		{Code: wire.ReqGetTimerMetrics, Mode: remoting.Pooled, Handle: b.timerMetrics},
	}
}

func (b *Broker) timerCheckpoint(ctx *remoting.Context) {
	if b.timers == nil {
		ctx.Status(wire.SystemError, "The checkpoint is null")
		return
	}
	ctx.OK(b.timers.Checkpoint())
}

func (b *Broker) timerMetrics(ctx *remoting.Context) {
	if b.timers == nil {
		ctx.Status(wire.SystemError, "The timer message store is null")
		return
	}
	data, err := b.timers.MetricsJSON()
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(data)
}
