package admin

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func runGetControllerMetaData(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	h, err := cl.ControllerMetadata(c.ctx, c.value("a"))
	if err != nil {
		return err
	}
	value := struct {
		Group         string   `json:"group"`
		LeaderID      string   `json:"controllerLeaderId"`
		LeaderAddress string   `json:"controllerLeaderAddress"`
		IsLeader      bool     `json:"isLeader"`
		Peers         []string `json:"peers"`
	}{h.Group, h.LeaderID, h.LeaderAddress, h.IsLeader, strings.FieldsFunc(h.Peers, func(r rune) bool { return r == ';' })}
	return c.emit(value, func(w *text) {
		w.f("\n#ControllerGroup\t%s\n#ControllerLeaderId\t%s\n#ControllerLeaderAddress\t%s", orNull(h.Group),
			orNull(h.LeaderID), orNull(h.LeaderAddress))
		for _, p := range value.Peers {
			w.f("\n#Peer:\t%s", p)
		}
		w.f("\n")
	})
}

func runElectMaster(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	id, err := c.number("b", 0)
	if err != nil {
		return err
	}
	e, err := cl.ElectMaster(c.ctx, c.value("a"), c.value("c"), c.value("bn"), id)
	if err != nil {
		return err
	}
	value := struct {
		Cluster           string           `json:"clusterName"`
		Broker            string           `json:"brokerName"`
		MasterID          int64            `json:"masterBrokerId"`
		MasterAddress     string           `json:"masterAddress"`
		MasterEpoch       int32            `json:"masterEpoch"`
		SyncStateSetEpoch int32            `json:"syncStateSetEpoch"`
		Members           map[int64]string `json:"brokerAddrs"`
	}{c.value("c"), c.value("bn"), e.MasterBrokerID, e.MasterAddress, e.MasterEpoch, e.SyncStateSetEpoch, e.Members}
	return c.emit(value, func(w *text) {
		w.f("\n#ClusterName\t%s\n#BrokerName\t%s\n#BrokerMasterAddr\t%s\n#MasterEpoch\t%d\n#SyncStateSetEpoch\t%d\n",
			value.Cluster, value.Broker, value.MasterAddress, value.MasterEpoch, value.SyncStateSetEpoch)
		for _, id := range slices.Sorted(maps.Keys(e.Members)) {
			w.f("\t#Broker\t%d\t%s\n", id, e.Members[id])
		}
	})
}

func runCleanBrokerMetadata(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	broker, ids, living := c.value("bn"), c.value("b"), c.has("l")
	for _, id := range strings.FieldsFunc(ids, func(r rune) bool { return r == ';' }) {
		if _, err := strconv.ParseInt(id, 10, 64); err != nil {
			return usagef("please set the option <brokerControllerIdsToClean> according to the format: %q is no number", id)
		}
	}
	if !living && c.value("c") == "" {
		return usagef("cleanLivingBroker option is false, clusterName option can not be empty.")
	}
	if c.own.dryRun {
		sets, err := cl.SyncStateSets(c.ctx, c.value("a"), []string{broker})
		if err != nil {
			return err
		}
		return c.emit(sets, func(w *text) {
			if ids == "" {
				ids = "all its brokers"
			}
			w.f("would clean %s of broker %s from the controllers; what they know now:\n", ids, broker)
			printReplicas(w, broker, sets[broker])
		})
	}
	if err := cl.CleanBrokerData(c.ctx, c.value("a"), c.value("c"), broker, ids, living); err != nil {
		return err
	}
	return c.emit(map[string]string{"brokerName": broker, "ids": ids}, func(w *text) {
		w.f("clear broker %s metadata from controller success! \n", broker)
	})
}
