package main

import (
	"fmt"
	"os"

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
	took, err := p.restart(limitOfRecovery)
	if err != nil {
		b.failed(kind, killTime, err)
		return nil
	}
	b.value(kind, killTime, ms(took))
	fmt.Fprintln(os.Stderr, kind, p.said("store recovered"))
	b.value(kind, killRSS, float64(load.RssAnon(p.pid()))/1024)
	return nil
}
