package broker

// GET_TIMER_CHECK_POINT (60) and GET_TIMER_METRICS (61): what slaves copy. Java:
// AdminBrokerProcessor.getTimerCheckPoint, getTimerMetrics. 60 answers the 56 bytes that config/timercheck holds, 61
// the JSON of config/timermetrics.
//
// Difference: a slave without timers in a group with acting masters answers a check point that is older than any.
// Java's refuses, and then a Java master that comes back asks it again for ever and never registers, though it has no
// timers either. A master that still hears its slaves refuses: they would go back to what it knew before.

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/timer"
)

// timerQueries answers with the state of the timers.
type timerQueries struct {
	liveConfig
	timers  *timer.Timers
	hearing func() bool // this master still hears its slaves
}

func (t *timerQueries) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetTimerCheckPoint, Mode: remoting.Pooled, Handle: t.timerCheckpoint},
		{Code: wire.ReqGetTimerMetrics, Mode: remoting.Pooled, Handle: t.timerMetrics},
	}
}

func (t *timerQueries) timerCheckpoint(ctx *remoting.Context) {
	switch c := t.cfg(); {
	case t.hearing():
		ctx.Status(wire.SystemError, "this master hears what its slaves have delivered")
	case t.timers != nil:
		ctx.OK(t.timers.Checkpoint())
	case c.IsSlave() && c.EnableSlaveActingMaster:
		ctx.OK(timer.NoCheckpoint())
	default:
		ctx.Status(wire.SystemError, "The checkpoint is null")
	}
}

func (t *timerQueries) timerMetrics(ctx *remoting.Context) {
	if t.timers == nil {
		ctx.Status(wire.SystemError, "The timer message store is null")
		return
	}
	data, err := t.timers.MetricsJSON()
	respondText(ctx, data, err)
}
