package controller

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// TestPlannedSwitch makes each of two brokers master in turn, under load and without allAckInSyncStateSet: nothing that
// was acknowledged is lost, and nobody waits for a second.
func TestPlannedSwitch(t *testing.T) {
	const queues, switches = 2, 8
	set := startSet(t, &scene{queues: queues, controllers: harness.Go, brokers: []harness.Kind{harness.Go, harness.Go},
		change: harness.Conf{"allAckInSyncStateSet": "false"}})
	b := &book{acked: map[int64]place{}}
	stop := make(chan struct{})
	var producers sync.WaitGroup
	for _, addr := range set.addrs {
		for q := range int32(queues) {
			producers.Go(func() { b.produce(addr, q, stop) })
		}
	}
	end := sync.OnceFunc(func() { close(stop); producers.Wait() })
	defer end()
	var pauses []time.Duration
	for range switches {
		eventually(t, "both are in sync", time.Minute, set.all)
		time.Sleep(300 * time.Millisecond)
		old, _ := set.set(name)
		_, last := b.count()
		if err := set.Ask(1002, map[string]any{"brokerName": name, "clusterName": "DefaultCluster", "designateElect": "true",
			"brokerId": fmt.Sprint(set.other(old))}, "", nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another one is master and acknowledges", 10*time.Second, func() bool {
			now, _ := set.set(name)
			_, newest := b.count()
			return now != "" && now != old && newest.After(last)
		})
		pauses = append(pauses, b.longest())
	}
	eventually(t, "both are in sync at the end", time.Minute, set.all)
	end()
	master, _ := set.set(name)
	b.check(t, master, queues)
	slices.Sort(pauses)
	n, _ := b.count()
	t.Logf("%d acknowledged; the longest times between two acknowledgements, of each switch: %v", n, pauses)
	if pauses[len(pauses)-1] > time.Second {
		t.Error("that is more than a second")
	}
}

// other is the id of the broker that is not at an address.
func (s *brokerSet) other(addr string) int64 {
	known := s.Sets(name)[name]
	for _, r := range known.InSync {
		if r.Address != addr {
			return r.ID
		}
	}
	s.t.Fatalf("no other broker in %+v", known)
	return 0
}

// TestMQAdmin has Java's mqadmin look at, and change, a set of ours.
func TestMQAdmin(t *testing.T) {
	harness.NeedJava(t)
	set := startSet(t, &scene{queues: 1, controllers: harness.Go, brokers: []harness.Kind{harness.Go, harness.Go}})
	admin := func(want string, args ...string) {
		t.Helper()
		if out := set.cluster.MQAdmin(args...); !strings.Contains(out, want) || strings.Contains(out, "Exception") {
			t.Errorf("mqadmin %v: no %q in\n%s", args, want, out)
		}
	}

	to := set.Addrs[0]
	admin("#ControllerLeaderAddress\t"+set.Addrs[set.Leader()], "getControllerMetaData", "-a", to)
	admin("#SyncStateSetNums\t2", "getSyncStateSet", "-a", to, "-b", name)
	admin("#Epoch: EpochEntry{epoch=1, startOffset=0, endOffset=", "getBrokerEpoch", "-b", name)
	old, _ := set.set(name)
	admin("#", "electMaster", "-a", to, "-b", fmt.Sprint(set.other(old)), "-bn", name, "-c", "DefaultCluster")
	eventually(t, "the other one is master", 5*time.Second, func() bool { now, _ := set.set(name); return now != "" && now != old })
	admin("controllerDLegerGroup", "getControllerConfig", "-a", to)
	admin("update controller config success", "updateControllerConfig", "-a", to, "-k", "notifyBrokerRoleChanged", "-v", "true")
	eventually(t, "both are in sync", time.Minute, set.all)
	for _, b := range set.brokers {
		b.Kill()
	}

	admin("clear broker", "cleanBrokerMetadata", "-a", to, "-bn", name, "-c", "DefaultCluster", "-b", "1;2")
}
