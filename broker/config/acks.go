package config

// Acks is how many brokers, this one counted, have to have a message before it is acknowledged, and whether so many
// can: if not, it is refused. inSync is asked only where that counts: how many brokers of the group, this one counted,
// are alive and lack less than haMaxGapNotInSync; with controllers, how many are of the sync state set. Java:
// CommitLog.asyncPutMessage, calcNeedAckNums.
func (c *Config) Acks(inSync func() int) (need int, enough bool) {
	if c.BrokerRole != "SYNC_MASTER" {
		return 1, true
	}
	need = c.InSyncReplicas
	if c.EnableControllerMode {
		in := inSync()
		if c.AllAckInSyncStateSet {
			need = in
		}
		return need, in >= c.MinInSyncReplicas
	}
	if !c.EnableSlaveActingMaster {
		return need, true
	}
	in := inSync()
	if c.EnableAutoInSyncReplicas {
		need = max(min(need, in), c.MinInSyncReplicas)
	}
	return need, need <= in
}
