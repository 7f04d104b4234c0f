package admin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

func runQueryCq(c *call) error {
	queue, err := c.number("q", 0)
	if err != nil {
		return err
	}
	index, err := c.number("i", 0)
	if err != nil {
		return err
	}
	count, err := c.number("c", 10)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	addr := c.value("b")
	if addr == "" {
		route, err := cl.Route(c.ctx, c.value("t"))
		if err != nil {
			return err
		}
		if len(route.BrokerDatas) == 0 {
			return fmt.Errorf("No topic route data!")
		}
		if addr = route.BrokerDatas[0].BrokerAddrs[protocol.MasterID]; addr == "" {
			return fmt.Errorf("broker %s has no master", route.BrokerDatas[0].BrokerName)
		}
	}
	e, err := cl.QueueEntries(c.ctx, addr, c.value("t"), int(queue), index, int(count), c.value("g"))
	if err != nil {
		return err
	}
	return c.emit(e, func(w *text) { printQueueEntries(w, e, index) })
}

func printQueueEntries(w *text, e *admin.QueueEntries, index int64) {
	const line = "======================================\n"
	if e.SubscriptionData != nil {
		w.f("Subscription data: \n%s\n%s", pretty(e.SubscriptionData), line)
	}
	if e.FilterData != nil {
		w.f("Filter data: \n%s\n%s", *e.FilterData, line)
	}
	w.f("Queue data: \nmax: %d, min: %d\n%s", e.MaxQueueIndex, e.MinQueueIndex, line)
	for i, d := range e.QueueData {
		w.f("idx: %d\nConsumeQueueData{physicOffset=%d, physicSize=%d, tagsCode=%d, extendDataJson='%s', bitMap='%s', "+
			"eval=%t, msg='%s'}\n%s", index+int64(i), d.PhysicOffset, d.PhysicSize, d.TagsCode, deref(d.ExtendDataJSON),
			deref(d.BitMap), d.Eval, deref(d.Msg), line)
	}
}

func deref(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func runAddBroker(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.AddBroker(c.ctx, c.value("c"), c.value("b")); err != nil {
		return err
	}
	return c.emit(done{Brokers: []string{c.value("c")}, Value: c.value("b")}, func(w *text) {
		w.f("add broker to %s success\n", c.value("c"))
	})
}

func runRemoveBroker(c *call) error {
	parts := strings.Split(c.value("b"), ":")
	if len(parts) != 3 {
		return usagef("option -b: %q is not cluster:name:id", c.value("b"))
	}
	id, err := strconv.ParseInt(strings.TrimSpace(parts[2]), 10, 64)
	if err != nil {
		return usagef("option -b: %q is no id", parts[2])
	}
	if id < 0 {
		c.say("brokerId can't be negative\n")
		return usagef("option -b: the id %d is negative", id)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	cluster, name := strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1])
	if err := cl.RemoveBroker(c.ctx, c.value("c"), cluster, name, id); err != nil {
		return err
	}
	return c.emit(done{Brokers: []string{c.value("c")}, Value: c.value("b")}, func(w *text) {
		w.f("remove broker from %s success\n", c.value("c"))
	})
}

// Codes of RocksDBProgress.CheckStatus. Java: CheckRocksdbCqWriteResult.CheckStatus.
const checkError = 3

func runCheckRocksdbCqWriteProgress(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	since, err := c.number("cf", time.Now().Add(-30*24*time.Hour).UnixMilli())
	if err != nil {
		return err
	}
	info, err := cl.ClusterInfo(c.ctx)
	if err != nil {
		return err
	}
	if _, has := info.ClusterAddrTable[c.value("c")]; !has {
		c.say("clusterAddrTable is empty")
		return fmt.Errorf("%w (cluster %q)", admin.ErrNoCluster, c.value("c"))
	}
	answers := map[string]*admin.RocksDBProgress{}
	for _, name := range slices.Sorted(maps.Keys(info.BrokerAddrTable)) { // of all clusters, as in Java
		p, err := cl.CheckRocksDB(c.ctx, info.BrokerAddrTable[name].BrokerAddrs[protocol.MasterID], c.value("t"), since)
		if err != nil {
			return err
		}
		answers[name] = p
	}
	return c.emit(answers, func(w *text) {
		for _, name := range keysOf(answers) {
			if p := answers[name]; p.CheckStatus == checkError {
				w.f("%s check error, please check log... errInfo: %s", name, p.CheckResult)
			} else {
				w.f("%s check doing, please wait and get the result from log... \n", name)
			}
		}
	})
}
