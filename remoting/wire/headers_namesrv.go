package wire

// BrokerIdentityHeader is what UNREGISTER_BROKER (104) and QUERY_DATA_VERSION (322) carry.
// Java: UnRegisterBrokerRequestHeader, QueryDataVersionRequestHeader.
type BrokerIdentityHeader struct {
	BrokerName  string `header:"brokerName,required"`
	BrokerAddr  string `header:"brokerAddr,required"`
	ClusterName string `header:"clusterName,required"`
	BrokerID    int64  `header:"brokerId,required"`
}

// RegisterBrokerRequestHeader heads REGISTER_BROKER (103). Java: RegisterBrokerRequestHeader.
type RegisterBrokerRequestHeader struct {
	BrokerIdentityHeader
	HAServerAddr           string `header:"haServerAddr,required"`
	HeartbeatTimeoutMillis int64  `header:"heartbeatTimeoutMillis" default:"-1"` // -1: not given
	EnableActingMaster     bool   `header:"enableActingMaster"`
	Compressed             bool   `header:"compressed"`
	BodyCRC32              int32  `header:"bodyCrc32"` // 0: unchecked
	ZoneName               string `header:"__ZONE_NAME"`
}

// RegisterBrokerResponseHeader answers a registration. Java: RegisterBrokerResponseHeader.
type RegisterBrokerResponseHeader struct {
	HAServerAddr string `header:"haServerAddr"`
	MasterAddr   string `header:"masterAddr"`
}

// GetRouteInfoRequestHeader heads GET_ROUTEINFO_BY_TOPIC (105). Java: GetRouteInfoRequestHeader.
type GetRouteInfoRequestHeader struct {
	Topic                  string `header:"topic,required"`
	AcceptStandardJSONOnly bool   `header:"acceptStandardJsonOnly"`
	ZoneName               string `header:"__ZONE_NAME"`
	ZoneMode               string `header:"__ZONE_MODE"`
}

// KVHeader heads PUT_KV_CONFIG (100), GET_KV_CONFIG (101), DELETE_KV_CONFIG (102) and GET_KVLIST_BY_NAMESPACE (219).
// Java: PutKVConfigRequestHeader and its likes.
type KVHeader struct {
	Namespace string `header:"namespace,required"`
	Key       string `header:"key"`
	Value     string `header:"value"`
}

// KVResponseHeader answers GET_KV_CONFIG. Java: GetKVConfigResponseHeader.
type KVResponseHeader struct {
	Value string `header:"value"`
}

// ChangedResponseHeader answers QUERY_DATA_VERSION. Java: QueryDataVersionResponseHeader.
type ChangedResponseHeader struct {
	Changed bool `header:"changed,required"`
}

// BrokerNameHeader heads WIPE_WRITE_PERM_OF_BROKER (205) and ADD_WRITE_PERM_OF_BROKER (327). Java:
// WipeWritePermOfBrokerRequestHeader.
type BrokerNameHeader struct {
	BrokerName string `header:"brokerName,required"`
}

// WipeCountResponseHeader answers 205. Java: WipeWritePermOfBrokerResponseHeader.
type WipeCountResponseHeader struct {
	Count int32 `header:"wipeTopicCount,required"`
}

// AddCountResponseHeader answers 327. Java: AddWritePermOfBrokerResponseHeader.
type AddCountResponseHeader struct {
	Count int32 `header:"addTopicCount,required"`
}

// DeleteTopicFromNamesrvHeader heads DELETE_TOPIC_IN_NAMESRV (216). Java: DeleteTopicFromNamesrvRequestHeader.
type DeleteTopicFromNamesrvHeader struct {
	Topic       string `header:"topic,required"`
	ClusterName string `header:"clusterName"`
}

// ClusterHeader heads GET_TOPICS_BY_CLUSTER (224). Java: GetTopicsByClusterRequestHeader.
type ClusterHeader struct {
	Cluster string `header:"cluster,required"`
}

// BrokerHeartbeatHeader heads BROKER_HEARTBEAT (904). Java: BrokerHeartbeatRequestHeader.
type BrokerHeartbeatHeader struct {
	ClusterName           string `header:"clusterName,required"`
	BrokerAddr            string `header:"brokerAddr,required"`
	BrokerName            string `header:"brokerName,required"`
	BrokerID              int64  `header:"brokerId" default:"-1"`
	Epoch                 int32  `header:"epoch"`
	MaxOffset             int64  `header:"maxOffset"`
	ConfirmOffset         int64  `header:"confirmOffset"`
	HeartbeatTimeoutMills int64  `header:"heartbeatTimeoutMills" default:"-1"`
	ElectionPriority      int32  `header:"electionPriority"`
}

// BrokerMemberGroupHeader heads GET_BROKER_MEMBER_GROUP (901). Java: GetBrokerMemberGroupRequestHeader.
type BrokerMemberGroupHeader struct {
	ClusterName string `header:"clusterName,required"`
	BrokerName  string `header:"brokerName,required"`
}

// NotifyMinBrokerIDChangeHeader heads NOTIFY_MIN_BROKER_ID_CHANGE (905). Java: NotifyMinBrokerIdChangeRequestHeader.
type NotifyMinBrokerIDChangeHeader struct {
	MinBrokerID       int64  `header:"minBrokerId"`
	BrokerName        string `header:"brokerName"`
	MinBrokerAddr     string `header:"minBrokerAddr"`
	OfflineBrokerAddr string `header:"offlineBrokerAddr"`
	HABrokerAddr      string `header:"haBrokerAddr"`
}

// Header types of the NameServer codes.
var (
	RegisterBrokerRequest         = Define[RegisterBrokerRequestHeader]("RegisterBrokerRequestHeader")
	RegisterBrokerResponse        = Define[RegisterBrokerResponseHeader]("RegisterBrokerResponseHeader")
	UnregisterBrokerRequest       = Define[BrokerIdentityHeader]("UnRegisterBrokerRequestHeader")
	QueryDataVersionRequest       = Define[BrokerIdentityHeader]("QueryDataVersionRequestHeader")
	QueryDataVersionResponse      = Define[ChangedResponseHeader]("QueryDataVersionResponseHeader")
	GetRouteInfoRequest           = Define[GetRouteInfoRequestHeader]("GetRouteInfoRequestHeader")
	KVRequest                     = Define[KVHeader]("PutKVConfigRequestHeader")
	KVResponse                    = Define[KVResponseHeader]("GetKVConfigResponseHeader")
	BrokerNameRequest             = Define[BrokerNameHeader]("WipeWritePermOfBrokerRequestHeader")
	WipeCountResponse             = Define[WipeCountResponseHeader]("WipeWritePermOfBrokerResponseHeader")
	AddCountResponse              = Define[AddCountResponseHeader]("AddWritePermOfBrokerResponseHeader")
	DeleteTopicFromNamesrvRequest = Define[DeleteTopicFromNamesrvHeader]("DeleteTopicFromNamesrvRequestHeader")
	ClusterRequest                = Define[ClusterHeader]("GetTopicsByClusterRequestHeader")
	BrokerHeartbeatRequest        = Define[BrokerHeartbeatHeader]("BrokerHeartbeatRequestHeader")
	BrokerMemberGroupRequest      = Define[BrokerMemberGroupHeader]("GetBrokerMemberGroupRequestHeader")
	NotifyMinBrokerIDChange       = Define[NotifyMinBrokerIDChangeHeader]("NotifyMinBrokerIdChangeRequestHeader")
)
