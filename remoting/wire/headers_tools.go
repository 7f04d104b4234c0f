package wire

// Headers of requests that only tools send.

// StatsDataHeader heads VIEW_BROKER_STATS_DATA (315): a counter and what it counts. Java:
// ViewBrokerStatsDataRequestHeader.
type StatsDataHeader struct {
	StatsName string `header:"statsName,required"`
	StatsKey  string `header:"statsKey,required"`
}

// ReadAheadHeader heads SET_COMMITLOG_READ_MODE (2004): 0 normal, 1 random. Java: a plain extField.
type ReadAheadHeader struct {
	Mode string `header:"READ_AHEAD_MODE"`
}

// TimerEngineHeader heads SWITCH_TIMER_ENGINE (5001): F file time wheel, R RocksDB. Java: a plain extField.
type TimerEngineHeader struct {
	Engine string `header:"E_T"`
}

// ExportRocksDBHeader heads EXPORT_ROCKSDB_CONFIG_TO_JSON (355): types of tables, separated by ;. Java:
// ExportRocksDBConfigToJsonRequestHeader.
type ExportRocksDBHeader struct {
	ConfigType string `header:"configType,required"`
}

// CheckRocksDBHeader heads CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354). Java: CheckRocksdbCqWriteProgressRequestHeader.
type CheckRocksDBHeader struct {
	Topic          string `header:"topic,required"`
	CheckStoreTime int64  `header:"checkStoreTime"` // ms
}

// AddBrokerHeader heads ADD_BROKER (902), which broker containers serve. Java: AddBrokerRequestHeader.
type AddBrokerHeader struct {
	ConfigPath string `header:"configPath"`
}

// RemoveBrokerHeader heads REMOVE_BROKER (903), which broker containers serve. Java: RemoveBrokerRequestHeader.
type RemoveBrokerHeader struct {
	Broker   string `header:"brokerName,required"`
	Cluster  string `header:"brokerClusterName,required"`
	BrokerID int64  `header:"brokerId,required"`
}

// Header types of the tools.
var (
	StatsDataRequest     = Define[StatsDataHeader]("ViewBrokerStatsDataRequestHeader")
	ReadAheadRequest     = Define[ReadAheadHeader]("SET_COMMITLOG_READ_MODE (plain extFields)")
	TimerEngineRequest   = Define[TimerEngineHeader]("SWITCH_TIMER_ENGINE (plain extFields)")
	ExportRocksDBRequest = Define[ExportRocksDBHeader]("ExportRocksDBConfigToJsonRequestHeader")
	CheckRocksDBRequest  = Define[CheckRocksDBHeader]("CheckRocksdbCqWriteProgressRequestHeader")
	AddBrokerRequest     = Define[AddBrokerHeader]("AddBrokerRequestHeader")
	RemoveBrokerRequest  = Define[RemoveBrokerHeader]("RemoveBrokerRequestHeader")
)

// LiteTopicHeader heads GET_LITE_TOPIC_INFO (200076). Java: GetLiteTopicInfoRequestHeader.
type LiteTopicHeader struct {
	ParentTopic string `header:"parentTopic"`
	LiteTopic   string `header:"liteTopic"`
}

// LiteClientHeader heads GET_LITE_CLIENT_INFO (200077). Java: GetLiteClientInfoRequestHeader.
type LiteClientHeader struct {
	ParentTopic string `header:"parentTopic"`
	Group       string `header:"group"`
	ClientID    string `header:"clientId"`
	MaxCount    int32  `header:"maxCount" default:"1000"`
}

// LiteGroupHeader heads GET_LITE_GROUP_INFO (200078). Java: GetLiteGroupInfoRequestHeader.
type LiteGroupHeader struct {
	Group     string `header:"group"`
	LiteTopic string `header:"liteTopic"`
	TopK      int32  `header:"topK"`
}

// LiteDispatchHeader heads TRIGGER_LITE_DISPATCH (200079). Java: TriggerLiteDispatchRequestHeader.
type LiteDispatchHeader struct {
	Group    string `header:"group"`
	ClientID string `header:"clientId"`
}

// ParentTopicHeader heads GET_PARENT_TOPIC_INFO (200075). Java: GetParentTopicInfoRequestHeader.
type ParentTopicHeader struct {
	Topic string `header:"topic"`
}

// Header types of the questions about lite topics.
var (
	ParentTopicRequest  = Define[ParentTopicHeader]("GetParentTopicInfoRequestHeader")
	LiteTopicRequest    = Define[LiteTopicHeader]("GetLiteTopicInfoRequestHeader")
	LiteClientRequest   = Define[LiteClientHeader]("GetLiteClientInfoRequestHeader")
	LiteGroupRequest    = Define[LiteGroupHeader]("GetLiteGroupInfoRequestHeader")
	LiteDispatchRequest = Define[LiteDispatchHeader]("TriggerLiteDispatchRequestHeader")
)
