package wire

// AlterSyncStateSetHeader heads CONTROLLER_ALTER_SYNC_STATE_SET (1001). Java: AlterSyncStateSetRequestHeader.
type AlterSyncStateSetHeader struct {
	BrokerName     string `header:"brokerName,must"`
	MasterBrokerID int64  `header:"masterBrokerId" default:"-1"`
	MasterEpoch    int32  `header:"masterEpoch,must"`
	InvokeTime     int64  `header:"invokeTime"`
}

// AlterSyncStateSetResponseHeader answers it. Java: AlterSyncStateSetResponseHeader.
type AlterSyncStateSetResponseHeader struct {
	NewSyncStateSetEpoch int32 `header:"newSyncStateSetEpoch"`
}

// ElectMasterHeader heads CONTROLLER_ELECT_MASTER (1002); brokerId -1 means that nobody asks for himself. Java:
// ElectMasterRequestHeader.
type ElectMasterHeader struct {
	ClusterName    string `header:"clusterName,required"`
	BrokerName     string `header:"brokerName,required"`
	BrokerID       int64  `header:"brokerId,required" default:"-1"`
	DesignateElect bool   `header:"designateElect,required"`
	InvokeTime     int64  `header:"invokeTime"`
}

// ElectMasterResponseHeader answers it. Java: ElectMasterResponseHeader.
type ElectMasterResponseHeader struct {
	MasterBrokerID    int64  `header:"masterBrokerId" default:"-1"` // left out when there is no master
	MasterAddress     string `header:"masterAddress"`
	MasterEpoch       int32  `header:"masterEpoch" default:"-1"`
	SyncStateSetEpoch int32  `header:"syncStateSetEpoch" default:"-1"`
}

// RegisterToControllerHeader heads CONTROLLER_REGISTER_BROKER (1003). Java: RegisterBrokerToControllerRequestHeader.
type RegisterToControllerHeader struct {
	ClusterName   string `header:"clusterName"`
	BrokerName    string `header:"brokerName,must"`
	BrokerID      int64  `header:"brokerId,must" default:"-1"`
	BrokerAddress string `header:"brokerAddress,must"`
	InvokeTime    int64  `header:"invokeTime"`
}

// RegisterToControllerResponseHeader answers it; the last four are left out without a living master. Java:
// RegisterBrokerToControllerResponseHeader.
type RegisterToControllerResponseHeader struct {
	ClusterName string `header:"clusterName"`
	BrokerName  string `header:"brokerName"`
	ElectMasterResponseHeader
}

// ReplicaInfoHeader heads CONTROLLER_GET_REPLICA_INFO (1004). Java: GetReplicaInfoRequestHeader.
type ReplicaInfoHeader struct {
	BrokerName string `header:"brokerName,must"`
}

// ReplicaInfoResponseHeader answers it. Java: GetReplicaInfoResponseHeader.
type ReplicaInfoResponseHeader struct {
	MasterBrokerID int64  `header:"masterBrokerId" default:"-1"` // left out when there is no master
	MasterAddress  string `header:"masterAddress"`
	MasterEpoch    int32  `header:"masterEpoch" default:"-1"`
}

// ControllerMetadataHeader answers CONTROLLER_GET_METADATA_INFO (1005). Java: GetMetaDataResponseHeader.
type ControllerMetadataHeader struct {
	Group         string `header:"group"`
	LeaderID      string `header:"controllerLeaderId"`
	LeaderAddress string `header:"controllerLeaderAddress"`
	IsLeader      bool   `header:"isLeader"`
	Peers         string `header:"peers"` // "n0:host:port;n1:host:port;", ended by a semicolon
}

// CleanBrokerDataHeader heads CLEAN_BROKER_DATA (1011). Java: CleanControllerBrokerDataRequestHeader.
type CleanBrokerDataHeader struct {
	ClusterName string `header:"clusterName"`
	BrokerName  string `header:"brokerName,must"`
	IDsToClean  string `header:"brokerControllerIdsToClean"` // "1;2"; empty: all
	CleanLiving bool   `header:"isCleanLivingBroker"`
	InvokeTime  int64  `header:"invokeTime"`
}

// NextBrokerIDHeader heads CONTROLLER_GET_NEXT_BROKER_ID (1012). Java: GetNextBrokerIdRequestHeader.
type NextBrokerIDHeader struct {
	ClusterName string `header:"clusterName"`
	BrokerName  string `header:"brokerName,must"`
}

// NextBrokerIDResponseHeader answers it. Java: GetNextBrokerIdResponseHeader.
type NextBrokerIDResponseHeader struct {
	ClusterName  string `header:"clusterName"`
	BrokerName   string `header:"brokerName"`
	NextBrokerID int64  `header:"nextBrokerId"`
}

// ApplyBrokerIDHeader heads CONTROLLER_APPLY_BROKER_ID (1013). Java: ApplyBrokerIdRequestHeader.
type ApplyBrokerIDHeader struct {
	ClusterName string `header:"clusterName"`
	BrokerName  string `header:"brokerName,must"`
	BrokerID    int64  `header:"appliedBrokerId,must" default:"-1"`
	CheckCode   string `header:"registerCheckCode,must"` // "host:port;ms since 1970"
}

// ApplyBrokerIDResponseHeader answers it. Java: ApplyBrokerIdResponseHeader.
type ApplyBrokerIDResponseHeader struct {
	ClusterName string `header:"clusterName"`
	BrokerName  string `header:"brokerName"`
}

// BrokerRoleChangedHeader heads NOTIFY_BROKER_ROLE_CHANGED (1008). Java: NotifyBrokerRoleChangedRequestHeader.
type BrokerRoleChangedHeader struct {
	MasterAddress     string `header:"masterAddress"`
	MasterEpoch       int32  `header:"masterEpoch" default:"-1"`
	SyncStateSetEpoch int32  `header:"syncStateSetEpoch" default:"-1"`
	MasterBrokerID    int64  `header:"masterBrokerId" default:"-1"`
}

// Header types of the controller.
var (
	AlterSyncStateSetRequest     = Define[AlterSyncStateSetHeader]("AlterSyncStateSetRequestHeader")
	AlterSyncStateSetResponse    = Define[AlterSyncStateSetResponseHeader]("AlterSyncStateSetResponseHeader")
	ElectMasterRequest           = Define[ElectMasterHeader]("ElectMasterRequestHeader")
	ElectMasterResponse          = Define[ElectMasterResponseHeader]("ElectMasterResponseHeader")
	RegisterToControllerRequest  = Define[RegisterToControllerHeader]("RegisterBrokerToControllerRequestHeader")
	RegisterToControllerResponse = Define[RegisterToControllerResponseHeader]("RegisterBrokerToControllerResponseHeader")
	ReplicaInfoRequest           = Define[ReplicaInfoHeader]("GetReplicaInfoRequestHeader")
	ReplicaInfoResponse          = Define[ReplicaInfoResponseHeader]("GetReplicaInfoResponseHeader")
	ControllerMetadataResponse   = Define[ControllerMetadataHeader]("GetMetaDataResponseHeader")
	CleanBrokerDataRequest       = Define[CleanBrokerDataHeader]("CleanControllerBrokerDataRequestHeader")
	NextBrokerIDRequest          = Define[NextBrokerIDHeader]("GetNextBrokerIdRequestHeader")
	NextBrokerIDResponse         = Define[NextBrokerIDResponseHeader]("GetNextBrokerIdResponseHeader")
	ApplyBrokerIDRequest         = Define[ApplyBrokerIDHeader]("ApplyBrokerIdRequestHeader")
	ApplyBrokerIDResponse        = Define[ApplyBrokerIDResponseHeader]("ApplyBrokerIdResponseHeader")
	BrokerRoleChanged            = Define[BrokerRoleChangedHeader]("NotifyBrokerRoleChangedRequestHeader")
)
