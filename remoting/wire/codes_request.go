package wire

// Request codes of RocketMQ 5.5.0, by Java name. Java: org.apache.rocketmq.remoting.protocol.RequestCode.
const (
	ReqSendMessage                          int32 = 10
	ReqPullMessage                          int32 = 11
	ReqQueryMessage                         int32 = 12
	ReqQueryBrokerOffset                    int32 = 13
	ReqQueryConsumerOffset                  int32 = 14
	ReqUpdateConsumerOffset                 int32 = 15
	ReqUpdateAndCreateTopic                 int32 = 17
	ReqUpdateAndCreateTopicList             int32 = 18
	ReqGetAllTopicConfig                    int32 = 21
	ReqGetTopicConfigList                   int32 = 22
	ReqGetTopicNameList                     int32 = 23
	ReqUpdateBrokerConfig                   int32 = 25
	ReqGetBrokerConfig                      int32 = 26
	ReqTriggerDeleteFiles                   int32 = 27
	ReqGetBrokerRuntimeInfo                 int32 = 28
	ReqSearchOffsetByTimestamp              int32 = 29
	ReqGetMaxOffset                         int32 = 30
	ReqGetMinOffset                         int32 = 31
	ReqGetEarliestMsgStoretime              int32 = 32
	ReqViewMessageById                      int32 = 33
	ReqHeartBeat                            int32 = 34
	ReqUnregisterClient                     int32 = 35
	ReqConsumerSendMsgBack                  int32 = 36
	ReqEndTransaction                       int32 = 37
	ReqGetConsumerListByGroup               int32 = 38
	ReqCheckTransactionState                int32 = 39
	ReqNotifyConsumerIdsChanged             int32 = 40
	ReqLockBatchMq                          int32 = 41
	ReqUnlockBatchMq                        int32 = 42
	ReqGetAllConsumerOffset                 int32 = 43
	ReqGetAllDelayOffset                    int32 = 45
	ReqCheckClientConfig                    int32 = 46
	ReqGetClientConfig                      int32 = 47
	ReqGetTimerCheckPoint                   int32 = 60
	ReqGetTimerMetrics                      int32 = 61
	ReqPutKvConfig                          int32 = 100
	ReqGetKvConfig                          int32 = 101
	ReqDeleteKvConfig                       int32 = 102
	ReqRegisterBroker                       int32 = 103
	ReqUnregisterBroker                     int32 = 104
	ReqGetRouteinfoByTopic                  int32 = 105
	ReqGetBrokerClusterInfo                 int32 = 106
	ReqUpdateAndCreateSubscriptiongroup     int32 = 200
	ReqGetAllSubscriptiongroupConfig        int32 = 201
	ReqGetTopicStatsInfo                    int32 = 202
	ReqGetConsumerConnectionList            int32 = 203
	ReqGetProducerConnectionList            int32 = 204
	ReqWipeWritePermOfBroker                int32 = 205
	ReqGetAllTopicListFromNameserver        int32 = 206
	ReqDeleteSubscriptiongroup              int32 = 207
	ReqGetConsumeStats                      int32 = 208
	ReqSuspendConsumer                      int32 = 209
	ReqResumeConsumer                       int32 = 210
	ReqResetConsumerOffsetInConsumer        int32 = 211
	ReqResetConsumerOffsetInBroker          int32 = 212
	ReqAdjustConsumerThreadPool             int32 = 213
	ReqWhoConsumeTheMessage                 int32 = 214
	ReqDeleteTopicInBroker                  int32 = 215
	ReqDeleteTopicInNamesrv                 int32 = 216
	ReqRegisterTopicInNamesrv               int32 = 217
	ReqGetKvlistByNamespace                 int32 = 219
	ReqResetConsumerClientOffset            int32 = 220
	ReqGetConsumerStatusFromClient          int32 = 221
	ReqInvokeBrokerToResetOffset            int32 = 222
	ReqInvokeBrokerToGetConsumerStatus      int32 = 223
	ReqGetTopicsByCluster                   int32 = 224
	ReqUpdateAndCreateSubscriptiongroupList int32 = 225
	ReqQueryTopicConsumeByWho               int32 = 300
	ReqRegisterFilterServer                 int32 = 301
	ReqRegisterMessageFilterClass           int32 = 302
	ReqQueryConsumeTimeSpan                 int32 = 303
	ReqGetSystemTopicListFromNs             int32 = 304
	ReqGetSystemTopicListFromBroker         int32 = 305
	ReqCleanExpiredConsumequeue             int32 = 306
	ReqGetConsumerRunningInfo               int32 = 307
	ReqQueryCorrectionOffset                int32 = 308
	ReqConsumeMessageDirectly               int32 = 309
	ReqSendMessageV2                        int32 = 310
	ReqGetUnitTopicList                     int32 = 311
	ReqGetHasUnitSubTopicList               int32 = 312
	ReqGetHasUnitSubUnunitTopicList         int32 = 313
	ReqCloneGroupOffset                     int32 = 314
	ReqViewBrokerStatsData                  int32 = 315
	ReqCleanUnusedTopic                     int32 = 316
	ReqGetBrokerConsumeStats                int32 = 317
	ReqUpdateNamesrvConfig                  int32 = 318
	ReqGetNamesrvConfig                     int32 = 319
	ReqSendBatchMessage                     int32 = 320
	ReqQueryConsumeQueue                    int32 = 321
	ReqQueryDataVersion                     int32 = 322
	ReqResumeCheckHalfMessage               int32 = 323
	ReqSendReplyMessage                     int32 = 324
	ReqSendReplyMessageV2                   int32 = 325
	ReqPushReplyMessageToClient             int32 = 326
	ReqAddWritePermOfBroker                 int32 = 327
	ReqGetAllProducerInfo                   int32 = 328
	ReqDeleteExpiredCommitlog               int32 = 329
	ReqQueryTopicsByConsumer                int32 = 343
	ReqQuerySubscriptionByConsumer          int32 = 345
	ReqGetTopicConfig                       int32 = 351
	ReqGetSubscriptiongroupConfig           int32 = 352
	ReqUpdateAndGetGroupForbidden           int32 = 353
	ReqCheckRocksdbCqWriteProgress          int32 = 354
	ReqExportRocksdbConfigToJson            int32 = 355
	ReqLitePullMessage                      int32 = 361
	ReqRecallMessage                        int32 = 370
	ReqQueryAssignment                      int32 = 400
	ReqSetMessageRequestMode                int32 = 401
	ReqGetAllMessageRequestMode             int32 = 402
	ReqUpdateAndCreateStaticTopic           int32 = 513
	ReqGetBrokerMemberGroup                 int32 = 901
	ReqAddBroker                            int32 = 902
	ReqRemoveBroker                         int32 = 903
	ReqBrokerHeartbeat                      int32 = 904
	ReqNotifyMinBrokerIdChange              int32 = 905
	ReqExchangeBrokerHaInfo                 int32 = 906
	ReqGetBrokerHaStatus                    int32 = 907
	ReqResetMasterFlushOffset               int32 = 908
	ReqControllerAlterSyncStateSet          int32 = 1001
	ReqControllerElectMaster                int32 = 1002
	ReqControllerRegisterBroker             int32 = 1003
	ReqControllerGetReplicaInfo             int32 = 1004
	ReqControllerGetMetadataInfo            int32 = 1005
	ReqControllerGetSyncStateData           int32 = 1006
	ReqGetBrokerEpochCache                  int32 = 1007
	ReqNotifyBrokerRoleChanged              int32 = 1008
	ReqUpdateControllerConfig               int32 = 1009
	ReqGetControllerConfig                  int32 = 1010
	ReqCleanBrokerData                      int32 = 1011
	ReqControllerGetNextBrokerId            int32 = 1012
	ReqControllerApplyBrokerId              int32 = 1013
	ReqUpdateColdDataFlowCtrConfig          int32 = 2001
	ReqRemoveColdDataFlowCtrConfig          int32 = 2002
	ReqGetColdDataFlowCtrInfo               int32 = 2003
	ReqSetCommitlogReadMode                 int32 = 2004
	ReqAuthCreateUser                       int32 = 3001
	ReqAuthUpdateUser                       int32 = 3002
	ReqAuthDeleteUser                       int32 = 3003
	ReqAuthGetUser                          int32 = 3004
	ReqAuthListUser                         int32 = 3005
	ReqAuthCreateAcl                        int32 = 3006
	ReqAuthUpdateAcl                        int32 = 3007
	ReqAuthDeleteAcl                        int32 = 3008
	ReqAuthGetAcl                           int32 = 3009
	ReqAuthListAcl                          int32 = 3010
	ReqSwitchTimerEngine                    int32 = 5001
	ReqPopMessage                           int32 = 200050
	ReqAckMessage                           int32 = 200051
	ReqPeekMessage                          int32 = 200052
	ReqChangeMessageInvisibletime           int32 = 200053
	ReqNotification                         int32 = 200054
	ReqPollingInfo                          int32 = 200055
	ReqPopRollback                          int32 = 200056
	ReqPopLiteMessage                       int32 = 200070
	ReqLiteSubscriptionCtl                  int32 = 200071
	ReqAckLiteMessage                       int32 = 200072
	ReqNotifyUnsubscribeLite                int32 = 200073
	ReqGetBrokerLiteInfo                    int32 = 200074
	ReqGetParentTopicInfo                   int32 = 200075
	ReqGetLiteTopicInfo                     int32 = 200076
	ReqGetLiteClientInfo                    int32 = 200077
	ReqGetLiteGroupInfo                     int32 = 200078
	ReqTriggerLiteDispatch                  int32 = 200079
	ReqBatchAckMessage                      int32 = 200151
)

// RequestName is one request code with the name that Java gives it.
type RequestName struct {
	Code int32
	Name string
}

// RequestNames lists every request code of 5.5.0 in rising order. docs/support.md has one row for each.
func RequestNames() []RequestName {
	return []RequestName{
		{10, "SEND_MESSAGE"},
		{11, "PULL_MESSAGE"},
		{12, "QUERY_MESSAGE"},
		{13, "QUERY_BROKER_OFFSET"},
		{14, "QUERY_CONSUMER_OFFSET"},
		{15, "UPDATE_CONSUMER_OFFSET"},
		{17, "UPDATE_AND_CREATE_TOPIC"},
		{18, "UPDATE_AND_CREATE_TOPIC_LIST"},
		{21, "GET_ALL_TOPIC_CONFIG"},
		{22, "GET_TOPIC_CONFIG_LIST"},
		{23, "GET_TOPIC_NAME_LIST"},
		{25, "UPDATE_BROKER_CONFIG"},
		{26, "GET_BROKER_CONFIG"},
		{27, "TRIGGER_DELETE_FILES"},
		{28, "GET_BROKER_RUNTIME_INFO"},
		{29, "SEARCH_OFFSET_BY_TIMESTAMP"},
		{30, "GET_MAX_OFFSET"},
		{31, "GET_MIN_OFFSET"},
		{32, "GET_EARLIEST_MSG_STORETIME"},
		{33, "VIEW_MESSAGE_BY_ID"},
		{34, "HEART_BEAT"},
		{35, "UNREGISTER_CLIENT"},
		{36, "CONSUMER_SEND_MSG_BACK"},
		{37, "END_TRANSACTION"},
		{38, "GET_CONSUMER_LIST_BY_GROUP"},
		{39, "CHECK_TRANSACTION_STATE"},
		{40, "NOTIFY_CONSUMER_IDS_CHANGED"},
		{41, "LOCK_BATCH_MQ"},
		{42, "UNLOCK_BATCH_MQ"},
		{43, "GET_ALL_CONSUMER_OFFSET"},
		{45, "GET_ALL_DELAY_OFFSET"},
		{46, "CHECK_CLIENT_CONFIG"},
		{47, "GET_CLIENT_CONFIG"},
		{60, "GET_TIMER_CHECK_POINT"},
		{61, "GET_TIMER_METRICS"},
		{100, "PUT_KV_CONFIG"},
		{101, "GET_KV_CONFIG"},
		{102, "DELETE_KV_CONFIG"},
		{103, "REGISTER_BROKER"},
		{104, "UNREGISTER_BROKER"},
		{105, "GET_ROUTEINFO_BY_TOPIC"},
		{106, "GET_BROKER_CLUSTER_INFO"},
		{200, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP"},
		{201, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG"},
		{202, "GET_TOPIC_STATS_INFO"},
		{203, "GET_CONSUMER_CONNECTION_LIST"},
		{204, "GET_PRODUCER_CONNECTION_LIST"},
		{205, "WIPE_WRITE_PERM_OF_BROKER"},
		{206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
		{207, "DELETE_SUBSCRIPTIONGROUP"},
		{208, "GET_CONSUME_STATS"},
		{209, "SUSPEND_CONSUMER"},
		{210, "RESUME_CONSUMER"},
		{211, "RESET_CONSUMER_OFFSET_IN_CONSUMER"},
		{212, "RESET_CONSUMER_OFFSET_IN_BROKER"},
		{213, "ADJUST_CONSUMER_THREAD_POOL"},
		{214, "WHO_CONSUME_THE_MESSAGE"},
		{215, "DELETE_TOPIC_IN_BROKER"},
		{216, "DELETE_TOPIC_IN_NAMESRV"},
		{217, "REGISTER_TOPIC_IN_NAMESRV"},
		{219, "GET_KVLIST_BY_NAMESPACE"},
		{220, "RESET_CONSUMER_CLIENT_OFFSET"},
		{221, "GET_CONSUMER_STATUS_FROM_CLIENT"},
		{222, "INVOKE_BROKER_TO_RESET_OFFSET"},
		{223, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS"},
		{224, "GET_TOPICS_BY_CLUSTER"},
		{225, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST"},
		{300, "QUERY_TOPIC_CONSUME_BY_WHO"},
		{301, "REGISTER_FILTER_SERVER"},
		{302, "REGISTER_MESSAGE_FILTER_CLASS"},
		{303, "QUERY_CONSUME_TIME_SPAN"},
		{304, "GET_SYSTEM_TOPIC_LIST_FROM_NS"},
		{305, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER"},
		{306, "CLEAN_EXPIRED_CONSUMEQUEUE"},
		{307, "GET_CONSUMER_RUNNING_INFO"},
		{308, "QUERY_CORRECTION_OFFSET"},
		{309, "CONSUME_MESSAGE_DIRECTLY"},
		{310, "SEND_MESSAGE_V2"},
		{311, "GET_UNIT_TOPIC_LIST"},
		{312, "GET_HAS_UNIT_SUB_TOPIC_LIST"},
		{313, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST"},
		{314, "CLONE_GROUP_OFFSET"},
		{315, "VIEW_BROKER_STATS_DATA"},
		{316, "CLEAN_UNUSED_TOPIC"},
		{317, "GET_BROKER_CONSUME_STATS"},
		{318, "UPDATE_NAMESRV_CONFIG"},
		{319, "GET_NAMESRV_CONFIG"},
		{320, "SEND_BATCH_MESSAGE"},
		{321, "QUERY_CONSUME_QUEUE"},
		{322, "QUERY_DATA_VERSION"},
		{323, "RESUME_CHECK_HALF_MESSAGE"},
		{324, "SEND_REPLY_MESSAGE"},
		{325, "SEND_REPLY_MESSAGE_V2"},
		{326, "PUSH_REPLY_MESSAGE_TO_CLIENT"},
		{327, "ADD_WRITE_PERM_OF_BROKER"},
		{328, "GET_ALL_PRODUCER_INFO"},
		{329, "DELETE_EXPIRED_COMMITLOG"},
		{343, "QUERY_TOPICS_BY_CONSUMER"},
		{345, "QUERY_SUBSCRIPTION_BY_CONSUMER"},
		{351, "GET_TOPIC_CONFIG"},
		{352, "GET_SUBSCRIPTIONGROUP_CONFIG"},
		{353, "UPDATE_AND_GET_GROUP_FORBIDDEN"},
		{354, "CHECK_ROCKSDB_CQ_WRITE_PROGRESS"},
		{355, "EXPORT_ROCKSDB_CONFIG_TO_JSON"},
		{361, "LITE_PULL_MESSAGE"},
		{370, "RECALL_MESSAGE"},
		{400, "QUERY_ASSIGNMENT"},
		{401, "SET_MESSAGE_REQUEST_MODE"},
		{402, "GET_ALL_MESSAGE_REQUEST_MODE"},
		{513, "UPDATE_AND_CREATE_STATIC_TOPIC"},
		{901, "GET_BROKER_MEMBER_GROUP"},
		{902, "ADD_BROKER"},
		{903, "REMOVE_BROKER"},
		{904, "BROKER_HEARTBEAT"},
		{905, "NOTIFY_MIN_BROKER_ID_CHANGE"},
		{906, "EXCHANGE_BROKER_HA_INFO"},
		{907, "GET_BROKER_HA_STATUS"},
		{908, "RESET_MASTER_FLUSH_OFFSET"},
		{1001, "CONTROLLER_ALTER_SYNC_STATE_SET"},
		{1002, "CONTROLLER_ELECT_MASTER"},
		{1003, "CONTROLLER_REGISTER_BROKER"},
		{1004, "CONTROLLER_GET_REPLICA_INFO"},
		{1005, "CONTROLLER_GET_METADATA_INFO"},
		{1006, "CONTROLLER_GET_SYNC_STATE_DATA"},
		{1007, "GET_BROKER_EPOCH_CACHE"},
		{1008, "NOTIFY_BROKER_ROLE_CHANGED"},
		{1009, "UPDATE_CONTROLLER_CONFIG"},
		{1010, "GET_CONTROLLER_CONFIG"},
		{1011, "CLEAN_BROKER_DATA"},
		{1012, "CONTROLLER_GET_NEXT_BROKER_ID"},
		{1013, "CONTROLLER_APPLY_BROKER_ID"},
		{2001, "UPDATE_COLD_DATA_FLOW_CTR_CONFIG"},
		{2002, "REMOVE_COLD_DATA_FLOW_CTR_CONFIG"},
		{2003, "GET_COLD_DATA_FLOW_CTR_INFO"},
		{2004, "SET_COMMITLOG_READ_MODE"},
		{3001, "AUTH_CREATE_USER"},
		{3002, "AUTH_UPDATE_USER"},
		{3003, "AUTH_DELETE_USER"},
		{3004, "AUTH_GET_USER"},
		{3005, "AUTH_LIST_USER"},
		{3006, "AUTH_CREATE_ACL"},
		{3007, "AUTH_UPDATE_ACL"},
		{3008, "AUTH_DELETE_ACL"},
		{3009, "AUTH_GET_ACL"},
		{3010, "AUTH_LIST_ACL"},
		{5001, "SWITCH_TIMER_ENGINE"},
		{200050, "POP_MESSAGE"},
		{200051, "ACK_MESSAGE"},
		{200052, "PEEK_MESSAGE"},
		{200053, "CHANGE_MESSAGE_INVISIBLETIME"},
		{200054, "NOTIFICATION"},
		{200055, "POLLING_INFO"},
		{200056, "POP_ROLLBACK"},
		{200070, "POP_LITE_MESSAGE"},
		{200071, "LITE_SUBSCRIPTION_CTL"},
		{200072, "ACK_LITE_MESSAGE"},
		{200073, "NOTIFY_UNSUBSCRIBE_LITE"},
		{200074, "GET_BROKER_LITE_INFO"},
		{200075, "GET_PARENT_TOPIC_INFO"},
		{200076, "GET_LITE_TOPIC_INFO"},
		{200077, "GET_LITE_CLIENT_INFO"},
		{200078, "GET_LITE_GROUP_INFO"},
		{200079, "TRIGGER_LITE_DISPATCH"},
		{200151, "BATCH_ACK_MESSAGE"},
	}
}
