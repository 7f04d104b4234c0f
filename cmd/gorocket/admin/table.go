package admin

// order is the order of Java's tool, for the list of commands.
var order = []string{
	"updateTopic", "updateTopicList", "deleteTopic", "updateSubGroup", "updateSubGroupList", "setConsumeMode",
	"deleteSubGroup", "updateBrokerConfig", "updateTopicPerm", "topicRoute", "topicStatus", "topicClusterList",
	"addBroker", "removeBroker", "resetMasterFlushOffset", "brokerStatus", "queryMsgById", "queryMsgByKey",
	"queryMsgByUniqueKey", "queryMsgByOffset", "queryMsgTraceById", "printMsg", "printMsgByQueue",
	"sendMsgStatus", "brokerConsumeStats", "producerConnection", "consumerConnection", "consumerProgress",
	"consumerStatus", "cloneGroupOffset", "producer", "clusterList", "topicList", "updateKvConfig",
	"deleteKvConfig", "wipeWritePerm", "addWritePerm", "resetOffsetByTime", "skipAccumulatedMessage",
	"updateOrderConf", "cleanExpiredCQ", "deleteExpiredCommitLog", "cleanUnusedTopic", "startMonitoring",
	"statsAll", "allocateMQ", "checkMsgSendRT", "clusterRT", "getNamesrvConfig", "updateNamesrvConfig",
	"getBrokerConfig", "getConsumerConfig", "queryCq", "sendMessage", "consumeMessage", "updateStaticTopic",
	"remappingStaticTopic", "exportMetadata", "exportConfigs", "exportMetrics", "exportMetadataInRocksDB",
	"exportPopRecord", "haStatus", "getSyncStateSet", "getBrokerEpoch", "getControllerMetaData",
	"getControllerConfig", "updateControllerConfig", "electMaster", "cleanBrokerMetadata", "dumpCompactionLog",
	"getColdDataFlowCtrInfo", "updateColdDataFlowCtrGroupConfig", "removeColdDataFlowCtrGroupConfig",
	"setCommitLogReadAheadMode", "createUser", "updateUser", "deleteUser", "getUser", "listUser", "copyUser",
	"createAcl", "updateAcl", "deleteAcl", "getAcl", "listAcl", "copyAcl", "rocksDBConfigToJson",
	"checkRocksdbCqWriteProgress", "switchTimerEngine", "getBrokerLiteInfo", "getParentTopicInfo",
	"getLiteTopicInfo", "getLiteClientInfo", "getLiteGroupInfo", "triggerLiteDispatch",
}

// javaCommands are the commands of Java's tool, in its order.
func javaCommands() []command {
	byName := map[string]command{}
	for _, list := range [][]command{topicCommands, groupCommands, brokerCommands, messageCommands, nameCommands,
		exportCommands, accessCommands, liteCommands} {
		for _, c := range list {
			byName[c.name] = c
		}
	}
	all := make([]command, 0, len(order))
	for _, name := range order {
		if c, has := byName[name]; has {
			all = append(all, c)
		}
	}
	return all
}
