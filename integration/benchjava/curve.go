package main

import (
	"errors"
	"fmt"
	"time"

	"gorocket/integration/harness"
)

// point is an open loop at one rate.
type point struct {
	Rate float64 `json:"perSecond"`
	P50  float64 `json:"p50Micros"`
	P99  float64 `json:"p99Micros"`
}

// shares are the rates of the curve as shares of what the same server takes in a closed loop.
var shares = []float64{0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1}

// curveRun is one point. The server is warm by then.
func curveRun() toolRun { return toolRun{args: halfRun.args, warm: 0.25, takes: *measure / 2} }

func curveLength(kind harness.Kind) time.Duration {
	return time.Duration(len(shares)) * curveRun().length(kind)
}

// measureCurve finds what the server takes and then sends at shares of that in an open loop.
func (r *round) measureCurve(p *harness.Pair, _ []figure) error {
	most, err := r.saturated(p)
	if err != nil {
		return err
	}
	var c []point
	for _, share := range shares {
		l := curveRun()
		l.args += fmt.Sprintf(" --rate %.0f", most*share)
		v, err := r.tool(p, l)
		if err != nil {
			return err
		}
		p50, err50 := v.number("latencyMicros.send.p50")
		p99, err99 := v.number("latencyMicros.send.p99")
		if err := errors.Join(err50, err99); err != nil {
			return err
		}
		c = append(c, point{most * share, p50, p99})
	}
	r.of(r.part).curve = c
	return nil
}
