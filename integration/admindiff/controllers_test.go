package admindiff

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gorocket/integration/harness"
)

const set = "broker-a"

// newSet starts controllers and two brokers of a set, in sync.
func newSet(t *testing.T, kind harness.Kind) (*arena, *harness.Controllers) {
	t.Helper()
	ctl, err := harness.StartControllers(harness.ControllersOptions{Kind: kind, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ctl.Kill)
	c := harness.New(t)
	ns := c.Namesrv(kind, nil)
	for i := range 2 {
		c.Broker(kind, fmt.Sprint("broker", i), ctl.BrokerConf(set))
	}
	r, err := startRunner(c.Dir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	inSync(t, ctl)
	return &arena{t: t, java: r, dir: c.Dir(), words: map[string]string{"NAMES": ns.Addr(), "CLUSTER": "DefaultCluster",
		"SET": set, "CONTROLLER": ctl.Addrs[ctl.Leader()]}}, ctl
}

// inSync waits until both brokers are in sync, and gives the id of the master.
func inSync(t *testing.T, ctl *harness.Controllers) int64 {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if s := ctl.Sets(set)[set]; s.MasterAddress != "" && len(s.InSync) == 2 {
			time.Sleep(2 * time.Second) // the NameServer hears of it
			return s.MasterBrokerID
		}
		if time.Now().After(end) {
			t.Fatal("the set never was in sync")
		}
	}
}

// TestControllers compares what asks controllers, Java's and ours.
func TestControllers(t *testing.T) {
	for _, kind := range []harness.Kind{harness.Java, harness.Go} {
		t.Run(string(kind), func(t *testing.T) {
			harness.NeedJava(t)
			a, ctl := newSet(t, kind)
			for i := range controllerTests {
				if c := &controllerTests[i]; only(c.line) {
					a.compare(c)
				}
			}
			if only("electMaster") {
				elect(a, ctl)
			}
		})
	}
}

// elect makes the slave master with Java's tool, and the other one with ours.
func elect(a *arena, ctl *harness.Controllers) {
	masks := []string{client, `(?:MasterEpoch|SyncStateSetEpoch)\t\d+`}
	line := func() string {
		return fmt.Sprintf("electMaster -a CONTROLLER -b %d -bn SET -c CLUSTER", 3-inSync(a.t, ctl))
	}
	out, errs := a.javas(a.args(line())...)
	if errs != "" {
		a.t.Error(errs)
	}
	mine, errs := a.ours(line())
	if errs != "" {
		a.t.Error(errs)
	}
	want, got := masked(out, masks), masked(mine, masks)
	if !slices.Equal(want, got) {
		a.t.Error(firstDiff(want, got))
	}
}
