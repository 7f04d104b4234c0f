package admin

import (
	"fmt"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// haStatus is the answer of one broker.
type haStatus struct {
	Addr string `json:"addr"`
	*protocol.HARuntimeInfo
}

func runHaStatus(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.every("i", func() error {
		addrs, err := c.targets(cl)
		if err != nil {
			return err
		}
		all := []haStatus{}
		for _, addr := range addrs {
			info, err := cl.HAStatus(c.ctx, addr)
			if err != nil {
				return err
			}
			all = append(all, haStatus{addr, info})
		}
		return c.emit(all, func(w *text) {
			for i := range all {
				all[i].print(w)
			}
		})
	})
}

func (s *haStatus) print(w *text) {
	if !s.Master {
		h := s.HAClientRuntimeInfo
		w.f("\n#MasterAddr\t%s\n#CommitLogMaxOffset\t%d\n#TransferSpeed(KB/s)\t%.2f\n", orNull(h.MasterAddr), h.MaxOffset,
			float64(h.TransferredByteInSecond)/1024)
		w.f("#LastReadTime\t%s\n#LastWriteTime\t%s\n#MasterFlushOffset\t%d\n", stampMillis(h.LastReadTimestamp),
			stampMillis(h.LastWriteTimestamp), h.MasterFlushOffset)
		return
	}
	w.f("\n#MasterAddr\t%s\n#MasterCommitLogMaxOffset\t%d\n#SlaveNum\t%d\n#InSyncSlaveNum\t%d\n", s.Addr,
		s.MasterCommitLogMaxOffset, len(s.HAConnectionInfo), s.InSyncSlaveNums)
	w.f("%-32s  %-16s %16s %16s %16s %16s\n", "#SlaveAddr", "#SlaveAckOffset", "#Diff", "#TransferSpeed(KB/s)", "#Status",
		"#TransferFromWhere")
	for _, x := range s.HAConnectionInfo {
		state := "Fall Behind"
		if x.InSync {
			state = "OK"
		}
		w.f("%-32s  %-16d %16d %16.2f %16s %16d\n", x.Addr, x.SlaveAckOffset, x.Diff,
			float64(x.TransferredByteInSecond)/1024, state, x.TransferFromWhere)
	}
}

func runGetSyncStateSet(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	controllers := admin.SplitAddrs(c.value("a"))
	if len(controllers) == 0 {
		return usagef("option -a: no address")
	}
	return c.every("i", func() error {
		brokers := []string{c.value("b")}
		if !c.has("b") {
			if !c.has("c") {
				return errUsage
			}
			if brokers, err = cl.BrokerNames(c.ctx, c.value("c")); err != nil {
				return err
			}
		}
		sets, err := cl.SyncStateSets(c.ctx, controllers[0], brokers)
		if err != nil {
			return err
		}
		return c.emit(sets, func(w *text) {
			for _, name := range hashOrder(keysOf(sets), 0) {
				printReplicas(w, name, sets[name])
			}
		})
	})
}

func printReplicas(w *text, name string, r protocol.ReplicasInfo) {
	id := "null"
	if r.MasterBrokerID != nil {
		id = fmt.Sprint(*r.MasterBrokerID)
	}
	w.f("\n#brokerName\t%s\n#MasterBrokerId\t%s\n#MasterAddr\t%s\n#MasterEpoch\t%d\n#SyncStateSetEpoch\t%d\n"+
		"#SyncStateSetNums\t%d\n", name, id, orNull(r.MasterAddress), r.MasterEpoch, r.SyncStateSetEpoch,
		len(r.InSyncReplicas))
	for _, m := range r.InSyncReplicas {
		w.f("\nInSyncReplica:\t%s\n", replicaText(m))
	}
	for _, m := range r.NotInSyncReplicas {
		w.f("\nNotInSyncReplica:\t%s\n", replicaText(m))
	}
}

// replicaText is a replica in a line. Java: BrokerReplicasInfo.ReplicaIdentity.toString.
func replicaText(m protocol.ReplicaIdentity) string {
	return fmt.Sprintf("ReplicaIdentity{brokerName='%s', brokerId=%d, brokerAddress='%s', alive=%t}", m.BrokerName,
		m.BrokerID, m.BrokerAddress, m.Alive)
}

// epochs is the answer of one broker.
type epochs struct {
	Addr string `json:"brokerAddr"`
	*protocol.EpochEntryCache
}

func runGetBrokerEpoch(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.every("i", func() error {
		nodes, err := cl.Nodes(c.ctx, c.value("c"))
		if err != nil {
			return err
		}
		all := []epochs{}
		for _, n := range nodes {
			if c.has("b") && n.Broker != c.value("b") {
				continue
			}
			cache, err := cl.EpochCache(c.ctx, n.Addr)
			if err != nil {
				return err
			}
			if last := len(cache.EpochList) - 1; last >= 0 { // open in the broker's own list
				cache.EpochList[last].EndOffset = cache.MaxOffset
			}
			all = append(all, epochs{n.Addr, cache})
		}
		return c.emit(all, func(w *text) {
			for _, e := range all {
				w.f("\n#clusterName\t%s\n#brokerName\t%s\n#brokerAddr\t%s\n#brokerId\t%d", e.ClusterName, e.BrokerName, e.Addr,
					e.BrokerID)
				for _, x := range e.EpochList {
					w.f("\n#Epoch: EpochEntry{epoch=%d, startOffset=%d, endOffset=%d}", x.Epoch, x.StartOffset, x.EndOffset)
				}
				w.f("\n")
			}
		})
	})
}
