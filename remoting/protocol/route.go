package protocol

// MasterID is the broker id of a master (MixAll.MASTER_ID).
const MasterID = 0

// TopicRouteData answers GET_ROUTEINFO_BY_TOPIC (protocol/route/TopicRouteData.java).
type TopicRouteData struct {
	BrokerDatas []BrokerData `json:"brokerDatas"`
	// broker address → filter servers, {} today
	FilterServerTable map[string][]string `json:"filterServerTable"`
	OrderTopicConf    *string             `json:"orderTopicConf"` // "brokerA:8;brokerB:8"
	QueueDatas        []QueueData         `json:"queueDatas"`
	// by broker name, static topics only
	TopicQueueMappingByBroker map[string]*TopicQueueMappingInfo `json:"topicQueueMappingByBroker"`
}

// QueueData is a topic's share on one broker name (protocol/route/QueueData.java).
type QueueData struct {
	BrokerName     string `json:"brokerName"`
	Perm           int    `json:"perm"`
	ReadQueueNums  int    `json:"readQueueNums"`
	TopicSysFlag   int    `json:"topicSysFlag"`
	WriteQueueNums int    `json:"writeQueueNums"`
}

// BrokerData is one broker name with its members (protocol/route/BrokerData.java).
type BrokerData struct {
	BrokerAddrs        map[int64]string `json:"brokerAddrs"` // broker id → "host:port"
	BrokerName         string           `json:"brokerName"`
	Cluster            string           `json:"cluster"`
	EnableActingMaster bool             `json:"enableActingMaster"`
	ZoneName           *string          `json:"zoneName"`
}

// ClusterInfo answers GET_BROKER_CLUSTER_INFO (protocol/body/ClusterInfo.java).
type ClusterInfo struct {
	BrokerAddrTable  map[string]*BrokerData `json:"brokerAddrTable"`  // by broker name
	ClusterAddrTable map[string][]string    `json:"clusterAddrTable"` // cluster → broker names
}

// KVTable is a flat table of texts (protocol/body/KVTable.java): KV configuration, runtime info.
type KVTable struct {
	Table map[string]string `json:"table"`
}

// BrokerMemberGroup lists the members of a broker name (protocol/body/BrokerMemberGroup.java).
type BrokerMemberGroup struct {
	BrokerAddrs map[int64]string `json:"brokerAddrs"`
	BrokerName  string           `json:"brokerName"`
	Cluster     string           `json:"cluster"`
}

// GetBrokerMemberGroupResponseBody answers GET_BROKER_MEMBER_GROUP.
type GetBrokerMemberGroupResponseBody struct {
	BrokerMemberGroup *BrokerMemberGroup `json:"brokerMemberGroup"`
}
