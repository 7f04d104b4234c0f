package config

// haKeys are those of replication. Java: MessageStoreConfig.
var haKeys = Table{
	number("haSendHeartbeatInterval", 5000, 1, maxInt, Millis, Restart,
		"without a block of the log, or a report of a slave, one is sent without content"),
	number("haHousekeepingInterval", 20000, 1, maxInt, Millis, Restart,
		"without a byte from the other side, then a replication connection is closed"),
	number("haTransferBatchSize", 32768, 1, 4194303, Bytes, Now,
		"most of the log that a master sends at once; a slave of Java takes less than 4 MiB"),
	flag("haFlowControlEnable", false, Now, "hold each slave to maxHaTransferByteInSecond"),
	number("maxHaTransferByteInSecond", 104857600, 1, maxLong, Bytes, Now, "see haFlowControlEnable"),
	number("haMaxGapNotInSync", 268435456, 0, maxLong, Bytes, Now, "a slave that lacks more is not in sync"),
	text("haMasterAddress", "", Start,
		"host:port of the master's haListenPort, for a slave; empty: as the NameServers say"),
	flag("syncFromLastFile", false, Now,
		"a new slave gets the master's last commit log file only, as from a Java master, and not the whole log"),
	number("maxHaConnections", 64, 1, 65535, Count, Start, "most replication connections of a master; ours"),
}
