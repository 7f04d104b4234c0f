package auth

import "gorocket/remoting/wire"

// The rows as Java's hand-written rules (DefaultAuthorizationContextBuilder) and the annotations of its header classes
// have them, in the order in which Java asks; what is marked ours or closed is what Java leaves open.

// messageRows send and read messages.
func messageRows() []Row {
	pull := []Need{topic("topic", RetrySkip, Sub), topic("topic", RetryAlone, Sub).asked().ours(),
		group("consumerGroup", Sub)}
	return []Row{
		{Code: wire.ReqSendMessage, Needs: sends("topic")},
		{Code: wire.ReqSendMessageV2, Needs: sends("b")},
		{Code: wire.ReqSendBatchMessage, Needs: sends("b")},
		{Code: wire.ReqSendReplyMessage, Needs: closed(sends("topic")...)},
		{Code: wire.ReqSendReplyMessageV2, Needs: closed(sends("b")...)},
		{Code: wire.ReqPushReplyMessageToClient, Needs: []Need{group("producerGroup", Sub).asked(),
			topic("topic", RetryGroup, Sub).asked()}},
		{Code: wire.ReqRecallMessage, Needs: []Need{topic("topic", RetryTopic, Pub)}},
		{Code: wire.ReqEndTransaction, Needs: []Need{{Type: Topic, Field: "topic", Actions: Of(Pub), Absent: AbsentBlank}}},
		{Code: wire.ReqCheckTransactionState, Needs: []Need{topic("topic", RetryGroup, Pub).asked()}},
		{Code: wire.ReqResumeCheckHalfMessage, Needs: []Need{topic("topic", RetryGroup, Update).asked()}},
		{Code: wire.ReqConsumerSendMsgBack, Needs: []Need{group("group", Sub)}},
		{Code: wire.ReqPullMessage, Needs: pull},
		{Code: wire.ReqLitePullMessage, Needs: closed(pull...)},
		{Code: wire.ReqQueryMessage, Needs: []Need{topic("topic", RetryTopic, Sub, Get)}},
		{Code: wire.ReqViewMessageById, Needs: []Need{topic("topic", RetryGroup, Get).asked()}},
		{Code: wire.ReqConsumeMessageDirectly, Needs: both("consumerGroup", Sub)},
	}
}

// offsetRows read and move where groups stand and queues begin and end.
func offsetRows() []Row {
	ofTopic := []Need{topic("topic", RetryGroup, Get).asked()}
	byGroup := func(actions ...Action) []Need {
		return []Need{topic("topic", RetrySkip, actions...), group("consumerGroup", actions...)}
	}
	return []Row{
		{Code: wire.ReqQueryConsumerOffset, Needs: byGroup(Sub, Get)},
		{Code: wire.ReqUpdateConsumerOffset, Needs: byGroup(Sub, Update)},
		{Code: wire.ReqQueryBrokerOffset, Needs: closed(ofTopic...)},
		{Code: wire.ReqSearchOffsetByTimestamp, Needs: ofTopic}, {Code: wire.ReqGetMaxOffset, Needs: ofTopic},
		{Code: wire.ReqGetMinOffset, Needs: ofTopic}, {Code: wire.ReqGetEarliestMsgStoretime, Needs: ofTopic},
		{Code: wire.ReqGetTopicStatsInfo, Needs: ofTopic}, {Code: wire.ReqQueryTopicConsumeByWho, Needs: ofTopic},
		{Code: wire.ReqGetTopicConfig, Needs: ofTopic}, {Code: wire.ReqCheckRocksdbCqWriteProgress, Needs: ofTopic},
		{Code: wire.ReqGetConsumeStats, Needs: append(both("consumerGroup", Get),
			Need{Type: Topic, Field: "topicList", Split: ";", Actions: Of(Get), Retry: RetryGroup, Absent: AbsentNothing})},
		{Code: wire.ReqQueryConsumeTimeSpan, Needs: []Need{topic("topic", RetryGroup, Get).asked(),
			group("group", Get).asked()}},
		{Code: wire.ReqQueryConsumeQueue, Needs: []Need{topic("topic", RetryGroup, Get).asked(),
			group("consumerGroup", Get).asked()}},
		{Code: wire.ReqQuerySubscriptionByConsumer, Needs: both("group", Get)},
		{Code: wire.ReqQueryTopicsByConsumer, Needs: []Need{group("group", Get).asked()}},
		{Code: wire.ReqQueryCorrectionOffset, Needs: []Need{
			{Type: Group, Field: "filterGroups", Split: ",", Actions: Of(Get), Absent: AbsentNothing},
			group("compareGroup", Get).asked(), topic("topic", RetryGroup, Get).asked()}},
		{Code: wire.ReqInvokeBrokerToResetOffset, Needs: both("group", Update)},
		{Code: wire.ReqInvokeBrokerToGetConsumerStatus, Needs: []Need{topic("topic", RetryGroup, Get).asked(),
			group("group", Get).asked()}},
		{Code: wire.ReqCloneGroupOffset, Needs: append(both("destGroup", Update), group("srcGroup", Get).asked().ours())},
	}
}

// clientRows are about who is connected, and about topics and groups.
func clientRows() []Row {
	ofGroup := []Need{group("consumerGroup", Get).asked()}
	const ofLocks = "Sub on the Group, and on the Topic of each queue"
	return []Row{
		{Code: wire.ReqHeartBeat, Body: "Sub on each Group that consumes, and on each Topic that it subscribes to",
			Find: heartbeatNeeds},
		{Code: wire.ReqUnregisterClient, Needs: []Need{{Type: Group, Field: "consumerGroup", Actions: Of(Sub),
			Retry: RetryGroup, Absent: AbsentBlank}}},
		{Code: wire.ReqCheckClientConfig, Body: "Sub on the Group and the Topic",
			Find: clientConfigNeeds, BodyOurs: true},
		{Code: wire.ReqGetClientConfig, Needs: closed(cluster("", Get))},
		{Code: wire.ReqGetConsumerListByGroup, Needs: []Need{group("consumerGroup", Sub, Get)}},
		{Code: wire.ReqNotifyConsumerIdsChanged, Needs: []Need{group("consumerGroup", Sub).asked()}},
		{Code: wire.ReqLockBatchMq, Body: "Sub on the Group, and on the Topic of each queue",
			Find: lockNeeds}, {Code: wire.ReqUnlockBatchMq, Body: "Sub on the Group, and on the Topic of each queue",
			Find: lockNeeds},
		{Code: wire.ReqGetConsumerConnectionList, Needs: ofGroup}, {Code: wire.ReqGetConsumerRunningInfo, Needs: ofGroup},
		{Code: wire.ReqQueryAssignment, Body: "Sub on the Group and the Topic",
			Find: assignmentNeeds(Sub), BodyOurs: true},
		{Code: wire.ReqSetMessageRequestMode, Body: "Update on the Group and the Topic",
			Find: assignmentNeeds(Update), BodyOurs: true},
		{Code: wire.ReqUpdateAndCreateTopic, Needs: []Need{topic("topic", RetryGroup, Create).asked()}},
		{Code: wire.ReqUpdateAndCreateTopicList, Body: "Create on each Topic",
			Find: topicListNeeds, BodyOurs: true},
		{Code: wire.ReqUpdateAndCreateStaticTopic, Needs: closed(cluster("", Update))},
		{Code: wire.ReqDeleteTopicInBroker, Needs: []Need{topic("topic", RetryGroup, Delete).asked()}},
		{Code: wire.ReqUpdateAndCreateSubscriptiongroup, Body: "Create on the Group",
			Find: groupNeeds, BodyOurs: true},
		{Code: wire.ReqUpdateAndCreateSubscriptiongroupList, Body: "Create on each Group",
			Find: groupListNeeds, BodyOurs: true},
		{Code: wire.ReqDeleteSubscriptiongroup, Needs: []Need{group("groupName", Delete).asked()}},
		{Code: wire.ReqGetSubscriptiongroupConfig, Needs: []Need{group("group", Get).asked()}},
		{Code: wire.ReqUpdateAndGetGroupForbidden, Needs: both("group", Update)},
		{Code: wire.ReqGetRouteinfoByTopic, Needs: []Need{topic("topic", RetryRead, Pub, Sub, Get)}},
	}
}

// popRows are about POP and lite topics.
func popRows() []Row {
	sub, get, update := both("consumerGroup", Sub), closed(cluster("", Get)), closed(cluster("", Update))
	return []Row{
		{Code: wire.ReqPopMessage, Needs: sub}, {Code: wire.ReqAckMessage, Needs: sub},
		{Code: wire.ReqChangeMessageInvisibletime, Needs: sub},
		{Code: wire.ReqPeekMessage, Needs: []Need{topic("topic", RetryGroup, Sub).asked(),
			group("consumerGroup", Sub).asked()}},
		{Code: wire.ReqNotification, Needs: sub}, {Code: wire.ReqPollingInfo, Needs: both("consumerGroup", Get)},
		{Code: wire.ReqPopRollback, Needs: update}, {Code: wire.ReqPopLiteMessage, Needs: closed(sub...)},
		{Code: wire.ReqAckLiteMessage, Needs: closed(sub...)},
		{Code: wire.ReqBatchAckMessage, Body: "Sub on each Group and Topic",
			Find: batchAckNeeds, BodyOurs: true},
		{Code: wire.ReqLiteSubscriptionCtl, Body: "Sub on each Group and Topic",
			Find: liteSubscriptionNeeds, BodyOurs: true},
		{Code: wire.ReqNotifyUnsubscribeLite, Needs: []Need{group("consumerGroup", Sub).asked()}},
		{Code: wire.ReqGetBrokerLiteInfo, Needs: get}, {Code: wire.ReqGetParentTopicInfo, Needs: get},
		{Code: wire.ReqGetLiteTopicInfo, Needs: get}, {Code: wire.ReqGetLiteClientInfo, Needs: get},
		{Code: wire.ReqGetLiteGroupInfo, Needs: get}, {Code: wire.ReqTriggerLiteDispatch, Needs: update},
	}
}

// clusterRows are about brokers and NameServers as a whole: what they hold for everybody, their configuration, users.
func clusterRows() (all []Row) {
	add := func(needs []Need, codes ...int32) {
		for _, code := range codes {
			all = append(all, Row{Code: code, Needs: needs})
		}
	}
	get, update := cluster("", Get), cluster("", Update)
	add([]Need{get}, wire.ReqGetKvConfig, wire.ReqGetProducerConnectionList, wire.ReqGetKvlistByNamespace,
		wire.ReqViewBrokerStatsData, wire.ReqGetBrokerConsumeStats, wire.ReqGetAllProducerInfo,
		wire.ReqExportRocksdbConfigToJson, wire.ReqAuthGetUser, wire.ReqAuthListUser, wire.ReqAuthGetAcl,
		wire.ReqAuthListAcl)
	add([]Need{update}, wire.ReqPutKvConfig, wire.ReqDeleteKvConfig, wire.ReqWipeWritePermOfBroker,
		wire.ReqRegisterTopicInNamesrv, wire.ReqAddWritePermOfBroker, wire.ReqAuthCreateUser, wire.ReqAuthUpdateUser,
		wire.ReqAuthDeleteUser, wire.ReqAuthCreateAcl, wire.ReqAuthUpdateAcl, wire.ReqAuthDeleteAcl, wire.ReqAddBroker,
		wire.ReqNotifyMinBrokerIdChange, wire.ReqExchangeBrokerHaInfo, wire.ReqResetMasterFlushOffset)
	add([]Need{cluster("clusterName", Update)}, wire.ReqRegisterBroker, wire.ReqUnregisterBroker,
		wire.ReqDeleteTopicInNamesrv, wire.ReqBrokerHeartbeat)
	add([]Need{cluster("brokerClusterName", Update)}, wire.ReqRemoveBroker)
	add([]Need{cluster("clusterName", Get)}, wire.ReqQueryDataVersion)
	add([]Need{cluster("clusterName", Get).asked()}, wire.ReqGetBrokerMemberGroup)
	add(closed(get), wire.ReqGetAllTopicConfig, wire.ReqGetTopicConfigList, wire.ReqGetTopicNameList,
		wire.ReqGetBrokerConfig, wire.ReqGetBrokerRuntimeInfo, wire.ReqGetAllConsumerOffset, wire.ReqGetAllDelayOffset,
		wire.ReqGetTimerCheckPoint, wire.ReqGetTimerMetrics, wire.ReqGetBrokerClusterInfo,
		wire.ReqGetAllSubscriptiongroupConfig, wire.ReqGetAllTopicListFromNameserver, wire.ReqWhoConsumeTheMessage,
		wire.ReqGetConsumerStatusFromClient, wire.ReqGetTopicsByCluster, wire.ReqGetSystemTopicListFromNs,
		wire.ReqGetSystemTopicListFromBroker, wire.ReqGetUnitTopicList, wire.ReqGetHasUnitSubTopicList,
		wire.ReqGetHasUnitSubUnunitTopicList, wire.ReqGetNamesrvConfig, wire.ReqGetAllMessageRequestMode,
		wire.ReqGetBrokerHaStatus, wire.ReqGetBrokerEpochCache, wire.ReqGetColdDataFlowCtrInfo)
	add(closed(update), wire.ReqUpdateBrokerConfig, wire.ReqTriggerDeleteFiles, wire.ReqSuspendConsumer,
		wire.ReqResumeConsumer, wire.ReqResetConsumerOffsetInConsumer, wire.ReqResetConsumerOffsetInBroker,
		wire.ReqAdjustConsumerThreadPool, wire.ReqResetConsumerClientOffset, wire.ReqRegisterFilterServer,
		wire.ReqRegisterMessageFilterClass, wire.ReqCleanExpiredConsumequeue, wire.ReqCleanUnusedTopic,
		wire.ReqUpdateNamesrvConfig, wire.ReqDeleteExpiredCommitlog, wire.ReqUpdateColdDataFlowCtrConfig,
		wire.ReqRemoveColdDataFlowCtrConfig, wire.ReqSetCommitlogReadMode, wire.ReqSwitchTimerEngine, wire.ReqHandOver,
		wire.ReqGetUsers, wire.ReqUpdateAndCreateAclConfig, wire.ReqDeleteAclConfig, wire.ReqGetBrokerClusterAclInfo,
		wire.ReqUpdateGlobalWhiteAddrsConfig, wire.ReqGetBrokerClusterAclConfig)
	return all
}

// controllerRows are about who of a broker set is master.
func controllerRows() []Row {
	own, named := []Need{cluster("", Update)}, []Need{cluster("clusterName", Update)}
	return []Row{
		{Code: wire.ReqControllerAlterSyncStateSet, Needs: own}, {Code: wire.ReqControllerElectMaster, Needs: named},
		{Code: wire.ReqControllerRegisterBroker, Needs: named},
		{Code: wire.ReqControllerGetReplicaInfo, Needs: []Need{cluster("", Get)}},
		{Code: wire.ReqControllerGetMetadataInfo, Needs: closed(cluster("", Get))},
		{Code: wire.ReqControllerGetSyncStateData, Needs: closed(cluster("", Get))},
		{Code: wire.ReqNotifyBrokerRoleChanged, Needs: own},
		{Code: wire.ReqUpdateControllerConfig, Needs: closed(cluster("", Update))},
		{Code: wire.ReqGetControllerConfig, Needs: closed(cluster("", Get))},
		{Code: wire.ReqCleanBrokerData, Needs: named},
		{Code: wire.ReqControllerGetNextBrokerId, Needs: []Need{cluster("clusterName", Get)}},
		{Code: wire.ReqControllerApplyBrokerId, Needs: named},
	}
}
