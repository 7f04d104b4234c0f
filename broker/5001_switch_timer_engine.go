package broker

// SWITCH_TIMER_ENGINE (5001): which store holds timer messages; mqadmin switchTimerEngine. Java:
// AdminBrokerProcessor.switchTimerEngine. There is the file time wheel only, so F changes nothing, and R is answered as
// by a Java broker without timerRocksDBEnable.

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// timerEngines answers for the one engine that there is.
type timerEngines struct{ liveConfig }

func (t *timerEngines) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqSwitchTimerEngine, Mode: remoting.Pooled,
		Handle: with(wire.TimerEngineRequest, t.choose)}}
}

func (t *timerEngines) choose(ctx *remoting.Context, h *wire.TimerEngineHeader) {
	switch {
	case !t.cfg().TimerWheelEnable:
		ctx.Status(wire.InvalidParameter, "broker timerWheelEnable is false")
	case h.Engine == "R":
		ctx.Status(wire.InvalidParameter, "timerRocksDBEnable must be configured true when broker start")
	case h.Engine != "F":
		ctx.Status(wire.InvalidParameter, "param error")
	default:
		ctx.Status(wire.Success, "switch timer engine success")
	}
}
