package replication

import (
	"time"

	"gorocket/store"
	"gorocket/store/ha"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// asyncPace is what a slave may be behind by at the least where no acknowledgement waits for it: what its master sends
// meanwhile goes together, which costs both a fraction.
const asyncPace = time.Millisecond

// masterSettings are the settings of a master's listener; in a group whose master may change the confirm offset waits
// for slaves, in any role.
func masterSettings(c *store.Config, switches bool) ha.MasterSettings {
	pace := asyncPace
	if c.BrokerRole == "SYNC_MASTER" || switches {
		pace = 0
	}
	return ha.MasterSettings{Pace: pace, HeartbeatInterval: ms(c.HASendHeartbeatInterval),
		HousekeepingInterval: ms(c.HAHousekeepingInterval), BatchSize: c.HATransferBatchSize,
		FlowControl: c.HAFlowControlEnable, MaxBytesPerSecond: c.MaxHATransferByteInSecond,
		FromLastFile: c.SyncFromLastFile}
}
