package main

import (
	"flag"
	"os"
	"testing"

	"gorocket/integration/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Summary(os.Stdout)
	os.Exit(code)
}

// TestPairUnderKills is a short run: a kill in each weather, and everything compared.
func TestPairUnderKills(t *testing.T) {
	harness.Count(t)
	for name, value := range map[string]string{"kills": "4", "check": "4", "load": "300ms"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p := newPair()
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	if n := p.ledger.count(); p.checked != 1 || p.killed["master"]+p.killed["slave"] != 4 || n < 80 {
		t.Errorf("%d checks, kills %v, %d messages", p.checked, p.killed, n)
	}
}

// TestLedgerSeesFaults: the ledger finds what is lost, twice, and elsewhere, else a run would prove nothing.
func TestLedgerSeesFaults(t *testing.T) {
	for name, held := range map[string][]uint64{"lost": {4}, "twice": {4, 4}, "elsewhere": {8, 4}, "unknown": {4, 8, 12}} {
		l := newLedger()
		l.acked[0] = map[int64]uint64{0: 4, 1: 8}
		if err := l.compare(0, held); (err == nil) != (name == "unknown") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
