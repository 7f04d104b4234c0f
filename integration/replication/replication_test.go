package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

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
	underKills(t, newPair())
}

// TestPairInNamespaces is the same through links of the kernel, where this user may make them: else it says so, and a
// proxy stands in. Nothing of them is left behind.
func TestPairInNamespaces(t *testing.T) {
	harness.Count(t)
	p := newPair()
	p.enter()
	underKills(t, p)
	for what, n := range p.means {
		t.Logf("%d kills under %s", n, what)
	}
	var left []string
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = ourLinks(t); len(left) == 0 || time.Now().After(end) {
			break // the kernel takes a namespace down a moment after its last process
		}
	}
	if len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// ourLinks are those in this namespace that this process has made.
func ourLinks(t *testing.T) (names []string) {
	t.Helper()
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if strings.HasPrefix(l.Name, fmt.Sprintf("gr%d", os.Getpid())) {
			names = append(names, l.Name)
		}
	}
	return names
}

func underKills(t *testing.T, p *pair) {
	t.Helper()
	for name, value := range map[string]string{"kills": "4", "check": "4", "load": "300ms"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
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
