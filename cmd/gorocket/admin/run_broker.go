package admin

import (
	"encoding/json"
	"fmt"
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// brokerConfig is the configuration of a broker.
type brokerConfig struct {
	Title    string          `json:"-"`
	Addr     string          `json:"addr"`
	MasterOf string          `json:"master,omitempty"` // of a slave: where its master is
	Config   []admin.Setting `json:"config"`
}

// noMaster stands for a master that is not there. Java: CommandUtil.NO_MASTER_PLACEHOLDER.
const noMaster = "NO_MASTER"

// masterAndSlaves lists the brokers of -b or -c with the titles under which they are shown: each master before its
// slaves. Java: fetchMasterAndSlaveDistinguish.
func (c *call) masterAndSlaves(cl *admin.Client) (all []brokerConfig, err error) {
	if c.has("b") {
		addr := c.value("b")
		return []brokerConfig{{Title: fmt.Sprintf("============%s============\n", addr), Addr: addr}}, nil
	}
	nodes, err := cl.Nodes(c.ctx, c.value("c"))
	if err != nil {
		return nil, err
	}
	master, of := noMaster, ""
	for _, n := range nodes {
		if n.Broker != of { // ids come in order: the master first
			of, master = n.Broker, noMaster
			if n.Master() {
				master = n.Addr
			}
			all = append(all, brokerConfig{Title: fmt.Sprintf("============Master: %s============\n", master), Addr: master})
		}
		if !n.Master() {
			all = append(all, brokerConfig{Addr: n.Addr, MasterOf: master,
				Title: fmt.Sprintf("============My Master: %s=====Slave: %s============\n", master, n.Addr)})
		}
	}
	return all, nil
}

func runGetBrokerConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := c.masterAndSlaves(cl)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Addr == noMaster {
			continue
		}
		if all[i].Config, err = cl.BrokerConfig(c.ctx, all[i].Addr); err != nil {
			return err
		}
	}
	return c.emit(all, func(w *text) {
		for _, b := range all {
			w.f("%s", b.Title)
			if b.Addr == noMaster {
				continue
			}
			printConfig(w, b.Config)
			w.f("\n")
		}
	})
}

func printConfig(w *text, config []admin.Setting) {
	for _, s := range config {
		w.f("%-50s=  %s\n", s.Key, s.Value)
	}
}

func runUpdateBrokerConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	key, value := c.value("k"), c.value("v")
	var addrs []string
	if c.has("c") && !c.has("b") && c.has("a") {
		addrs, err = cl.MastersAndSlaves(c.ctx, c.value("c"))
	} else {
		addrs, err = c.targets(cl)
	}
	if err != nil {
		return err
	}
	return c.atAll(cl, addrs, admin.Setting{Key: key, Value: value}, func(cl *admin.Client, addr string) error {
		return cl.SetBrokerConfig(c.ctx, addr, key, value)
	}, func(w *text, addr string) { w.f("update broker config success, %s\n", addr) }, nil)
}

// clean runs a cleaning at the broker of -b, at all brokers of the cluster of -c, else of all clusters.
func (c *call) clean(what string, do func(cl *admin.Client, addr string) error) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs, err := c.allTargets(cl)
	if err != nil {
		c.say("false")
		return err
	}
	d := done{Brokers: addrs, DryRun: c.own.dryRun}
	if c.own.dryRun {
		return c.emit(d, func(w *text) {
			for _, addr := range addrs {
				w.f("would %s at %s\n", what, addr)
			}
		})
	}
	for _, addr := range addrs {
		if err := do(cl, addr); err != nil {
			return err
		}
	}
	return c.emit(d, func(w *text) { w.f("success") })
}

func runCleanExpiredCQ(c *call) error {
	return c.clean("delete expired consume queue files",
		func(cl *admin.Client, addr string) error { return cl.CleanExpiredQueues(c.ctx, addr) })
}

func runCleanUnusedTopic(c *call) error {
	return c.clean("delete queues of topics that are gone",
		func(cl *admin.Client, addr string) error { return cl.CleanUnusedTopics(c.ctx, addr) })
}

func runDeleteExpiredCommitLog(c *call) error {
	return c.clean("delete expired log files",
		func(cl *admin.Client, addr string) error { return cl.DeleteExpiredLog(c.ctx, addr) })
}

func runResetMasterFlushOffset(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if !c.has("b") || !c.has("o") {
		return usagef("options -b and -o have to be given")
	}
	offset, err := c.number("o", 0)
	if err != nil {
		return err
	}
	if err := cl.ResetMasterFlushOffset(c.ctx, c.value("b"), offset); err != nil {
		return err
	}
	return c.emit(done{Brokers: []string{c.value("b")}, Value: offset}, func(w *text) {
		w.f("reset master flush offset to %d success\n", offset)
	})
}

// consumeRow is a queue of brokerConsumeStats.
type consumeRow struct {
	Group string `json:"group"`
	protocol.MessageQueue
	admin.OffsetWrapper
	Diff int64 `json:"diff"`
}

func runBrokerConsumeStats(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	timeout, err := c.number("t", 50000)
	if err != nil {
		return err
	}
	level, err := c.number("l", 0)
	if err != nil {
		return err
	}
	list, err := cl.ConsumeStatsOfBroker(c.ctx, c.value("b"), c.is("o", false), time.Duration(timeout)*time.Millisecond)
	if err != nil {
		return err
	}
	result := struct {
		Queues []consumeRow `json:"queues"`
		Diff   int64        `json:"totalDiff"`
	}{[]consumeRow{}, list.TotalDiff}
	for _, groups := range list.ConsumeStatsList {
		for _, group := range keysOf(groups) {
			for _, stats := range groups[group] {
				for _, q := range admin.SortedQueues(stats.OffsetTable) {
					o := stats.OffsetTable[q]
					if o.Diff() >= level && o.LastTimestamp > 0 { // Java shows queues without a time as little
						result.Queues = append(result.Queues, consumeRow{group, q, o, o.Diff()})
					}
				}
			}
		}
	}
	return c.emit(result, func(w *text) {
		w.f("%-64s  %-64s  %-32s  %-4s  %-20s  %-20s  %-20s  %s\n", "#Topic", "#Group", "#Broker Name", "#QID",
			"#Broker Offset", "#Consumer Offset", "#Diff", "#LastTime")
		for _, r := range result.Queues {
			w.f("%-64s  %-64s  %-32s  %-4d  %-20d  %-20d  %-20d  %s\n", cut(r.Topic, 64), r.Group, cut(r.BrokerName, 32),
				r.QueueID, r.BrokerOffset, r.ConsumerOffset, r.Diff, stamp(r.LastTimestamp))
		}
		w.f("\nDiff Total: %d\n", result.Diff)
	})
}

// ofMembers asks masters and slaves for something and prints it behind their titles.
func ofMembers[T any](c *call, ask func(cl *admin.Client, addr string) (T, error), line func(T) string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := c.masterAndSlaves(cl)
	if err != nil {
		return err
	}
	answers := map[string]T{}
	for _, b := range all {
		if b.Addr != noMaster {
			if answers[b.Addr], err = ask(cl, b.Addr); err != nil {
				return err
			}
		}
	}
	return c.emit(answers, func(w *text) {
		for _, b := range all {
			w.f(" %s", b.Title)
			if b.Addr != noMaster {
				w.f("%s\n", line(answers[b.Addr]))
			}
		}
	})
}

func runGetColdDataFlowCtrInfo(c *call) error {
	return ofMembers(c, func(cl *admin.Client, addr string) (json.RawMessage, error) { return cl.ColdFlow(c.ctx, addr) },
		coldText)
}

func runUpdateColdDataFlowCtrGroupConfig(c *call) error {
	group := c.value("g")
	limit, err := c.number("v", 0)
	if err != nil {
		return err
	}
	return c.atEachToo(map[string]int64{group: limit}, func(cl *admin.Client, addr string) error {
		return cl.SetColdFlow(c.ctx, addr, group, limit)
	}, func(w *text, addr string) { w.f("updateColdDataFlowCtrGroupConfig success, %s\n", addr) }, nil)
}

func runRemoveColdDataFlowCtrGroupConfig(c *call) error {
	group := c.value("g")
	return c.atEachToo(group, func(cl *admin.Client, addr string) error { return cl.RemoveColdFlow(c.ctx, addr, group) },
		func(w *text, addr string) { w.f("remove broker cold read threshold success, %s\n", addr) }, nil)
}

func runSetCommitLogReadAheadMode(c *call) error {
	mode := c.value("m")
	if mode != "0" && mode != "1" {
		c.say("set the read mode error; 0 is default, 1 random read\n")
		return usagef("option -m: %q is neither 0 nor 1", mode)
	}
	return ofMembers(c, func(cl *admin.Client, addr string) (string, error) { return cl.SetReadAhead(c.ctx, addr, mode) },
		func(word string) string { return "commitLog set readAhead mode rstStr" + orNull(word) })
}

func runSwitchTimerEngine(c *call) error {
	name, ok := map[string]string{"R": "ROCKSDB_TIMELINE", "F": "FILE_TIME_WHEEL"}[c.value("e")]
	if !ok {
		c.say("switchTimerEngine engineType must be R or F\n")
		return usagef("option -e: %q is neither R nor F", c.value("e"))
	}
	return c.atEachToo(name, func(cl *admin.Client, addr string) error {
		return cl.SwitchTimerEngine(c.ctx, addr, c.value("e"))
	}, func(w *text, addr string) { w.f("switchTimerEngine to %s success, %s\n", name, addr) }, nil)
}
