package protocol

// HARuntimeInfo answers GET_BROKER_HA_STATUS (907). Java: HARuntimeInfo.
type HARuntimeInfo struct {
	HAClientRuntimeInfo      HAClientRuntimeInfo       `json:"haClientRuntimeInfo"` // of a slave
	HAConnectionInfo         []HAConnectionRuntimeInfo `json:"haConnectionInfo"`    // of a master
	InSyncSlaveNums          int                       `json:"inSyncSlaveNums"`
	Master                   bool                      `json:"master"`
	MasterCommitLogMaxOffset int64                     `json:"masterCommitLogMaxOffset"`
}

// HAConnectionRuntimeInfo is a slave, as its master sees it. Java: HARuntimeInfo.HAConnectionRuntimeInfo.
type HAConnectionRuntimeInfo struct {
	Addr                    string `json:"addr"`
	Diff                    int64  `json:"diff"` // bytes that it does not have yet
	InSync                  bool   `json:"inSync"`
	SlaveAckOffset          int64  `json:"slaveAckOffset"`
	TransferFromWhere       int64  `json:"transferFromWhere"`
	TransferredByteInSecond int64  `json:"transferredByteInSecond"`
}

// HAClientRuntimeInfo is a slave, as it sees itself. Java: HARuntimeInfo.HAClientRuntimeInfo.
type HAClientRuntimeInfo struct {
	Activated               bool   `json:"activated"` // false in Java, always
	LastReadTimestamp       int64  `json:"lastReadTimestamp"`
	LastWriteTimestamp      int64  `json:"lastWriteTimestamp"`
	MasterAddr              string `json:"masterAddr"`
	MasterFlushOffset       int64  `json:"masterFlushOffset"`
	MaxOffset               int64  `json:"maxOffset"`
	TransferredByteInSecond int64  `json:"transferredByteInSecond"`
}
