package main

import (
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

var (
	killTime = row{name: "recovery after kill -9, to the first acknowledged send", unit: "ms"}
	killRSS  = row{name: "RssAnon at that moment", unit: "MiB"}
)

// kill fills the log of one topic as fast as it goes, kills the broker and starts it again.
func (b *bench) kill(kind harness.Kind, folder string) error {
	p, err := start(kind, folder, 1, nil)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.fill(sends(1, 1024), b.dirty); err != nil {
		return err
	}
	p.broker.Kill()
	b.restarted(kind, p, limitOfRecovery, killTime, killRSS)
	return nil
}

// restarted starts the broker again and notes the time to its first acknowledged send, and its memory then.
func (b *bench) restarted(kind harness.Kind, p *pair, limit time.Duration, took, memory row) {
	d, err := p.restart(limit)
	if err != nil {
		b.failed(kind, took, err)
		return
	}
	b.value(kind, took, ms(d))
	fmt.Fprintln(os.Stderr, kind, p.said("store recovered"))
	b.value(kind, memory, float64(load.RssAnon(p.pid()))/1024)
}
