package replication

import (
	"time"

	"gorocket/store"
	"gorocket/store/ha"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// master are the settings of a master's listener.
func masterSettings(c *store.Config) ha.MasterSettings {
	return ha.MasterSettings{HeartbeatInterval: ms(c.HASendHeartbeatInterval),
		HousekeepingInterval: ms(c.HAHousekeepingInterval), BatchSize: c.HATransferBatchSize,
		FlowControl: c.HAFlowControlEnable, MaxBytesPerSecond: c.MaxHATransferByteInSecond,
		FromLastFile: c.SyncFromLastFile}
}
