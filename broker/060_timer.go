package broker

// GET_TIMER_CHECK_POINT (60) and GET_TIMER_METRICS (61): what slaves copy. Java:
// AdminBrokerProcessor.getTimerCheckPoint, getTimerMetrics. 60 answers the 56 bytes that config/timercheck holds, 61
// the JSON of config/timermetrics.

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/timer"
)

// timerQueries answers with the state of the timers.
type timerQueries struct {
	timers *timer.Timers
}

func (t *timerQueries) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetTimerCheckPoint, Mode: remoting.Pooled, Handle: t.timerCheckpoint},
		{Code: wire.ReqGetTimerMetrics, Mode: remoting.Pooled, Handle: t.timerMetrics},
	}
}

func (t *timerQueries) timerCheckpoint(ctx *remoting.Context) {
	if t.timers == nil {
		ctx.Status(wire.SystemError, "The checkpoint is null")
		return
	}
	ctx.OK(t.timers.Checkpoint())
}

func (t *timerQueries) timerMetrics(ctx *remoting.Context) {
	if t.timers == nil {
		ctx.Status(wire.SystemError, "The timer message store is null")
		return
	}
	data, err := t.timers.MetricsJSON()
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(data)
}
