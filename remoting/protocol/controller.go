package protocol

// SyncStateSet is the body of 1001, 1003, 1004 and 1008: the replicas that have all that was acknowledged. Java:
// SyncStateSet.
type SyncStateSet struct {
	SyncStateSet      []int64 `json:"syncStateSet"`
	SyncStateSetEpoch int32   `json:"syncStateSetEpoch"`
}

// ElectMasterResponseBody answers 1002. Java: ElectMasterResponseBody. Java's mqadmin reads it as a BrokerMemberGroup,
// and fails with its own controllers' answers: it finds one here, if keys are quoted.
type ElectMasterResponseBody struct {
	BrokerMemberGroup *BrokerMemberGroup `json:"brokerMemberGroup,omitempty"` // all replicas, living or not
	SyncStateSet      []int64            `json:"syncStateSet"`
	BrokerAddrs       map[int64]string   `json:"brokerAddrs,omitempty"` // those of BrokerMemberGroup, as are the next two
	BrokerName        string             `json:"brokerName,omitempty"`
	Cluster           string             `json:"cluster,omitempty"`
}

// BrokerReplicasInfo answers 1006. Java: BrokerReplicasInfo.
type BrokerReplicasInfo struct {
	ReplicasInfoTable map[string]ReplicasInfo `json:"replicasInfoTable"`
}

// ReplicasInfo is one broker set of it. Java: BrokerReplicasInfo.ReplicasInfo.
type ReplicasInfo struct {
	InSyncReplicas    []ReplicaIdentity `json:"inSyncReplicas"`
	MasterAddress     string            `json:"masterAddress,omitempty"`
	MasterBrokerID    *int64            `json:"masterBrokerId,omitempty"`
	MasterEpoch       int32             `json:"masterEpoch"`
	NotInSyncReplicas []ReplicaIdentity `json:"notInSyncReplicas"`
	SyncStateSetEpoch int32             `json:"syncStateSetEpoch"`
}

// EpochEntryCache answers 1007: who wrote which part of a log. Java: EpochEntryCache.
type EpochEntryCache struct {
	BrokerID    int64        `json:"brokerId"`
	BrokerName  string       `json:"brokerName"`
	ClusterName string       `json:"clusterName"`
	EpochList   []EpochEntry `json:"epochList"`
	MaxOffset   int64        `json:"maxOffset"`
}

// EpochEntry is one part of it; the last one ends at math.MaxInt64. Java: EpochEntry.
type EpochEntry struct {
	EndOffset   int64 `json:"endOffset"`
	Epoch       int32 `json:"epoch"`
	StartOffset int64 `json:"startOffset"`
}

// ReplicaIdentity is one replica of it. Java: BrokerReplicasInfo.ReplicaIdentity.
type ReplicaIdentity struct {
	Alive         bool   `json:"alive"`
	BrokerAddress string `json:"brokerAddress"`
	BrokerID      int64  `json:"brokerId"`
	BrokerName    string `json:"brokerName"`
}
