package wire

// Headers lists every header definition: for docs/support.md and for tests that go over all of them.
func Headers() []*HeaderInfo {
	return []*HeaderInfo{
		SendMessageRequestV1.Info(), SendMessageRequestV2.Info(), SendMessageResponse.Info(),
		ConsumerSendMsgBackRequest.Info(),
		ReplyMessageRequest.Info(), RecallMessageRequest.Info(), RecallMessageResponse.Info(),
		PullMessageRequest.Info(), PullMessageResponse.Info(), QueryMessageRequest.Info(),
		QueryMessageResponse.Info(), ViewMessageRequest.Info(),
		QueryConsumerOffsetRequest.Info(), UpdateConsumerOffsetRequest.Info(), GetMinOffsetRequest.Info(),
		GetEarliestStoretimeRequest.Info(),
		GetMaxOffsetRequest.Info(), SearchOffsetRequest.Info(), OffsetResponse.Info(),
		TimestampResponse.Info(),
		HeartbeatRequest.Info(), HeartbeatResponse.Info(), UnregisterClientRequest.Info(),
		GetConsumerListRequest.Info(), NotifyConsumerIDsChanged.Info(),
		GetConsumerConnectionRequest.Info(), GetProducerConnectionRequest.Info(), MustTopicRequest.Info(),
		CreateTopicRequest.Info(), TopicRequest.Info(), GroupRequest.Info(),
		DeleteSubscriptionGroupRequest.Info(), GetConsumeStatsRequest.Info(), VersionResponse.Info(),
		ResetOffsetRequest.Info(), ConsumerStatusRequest.Info(), ConsumeTimeSpanRequest.Info(),
		QuerySubscriptionRequest.Info(), CorrectionOffsetRequest.Info(),
		GroupForbiddenRequest.Info(), RunningInfoRequest.Info(), ConsumeDirectlyRequest.Info(),
		CloneGroupOffsetRequest.Info(), BrokerConsumeStatsRequest.Info(),
		QueryConsumeQueueRequest.Info(),
		EndTransactionRequest.Info(), CheckTransactionStateRequest.Info(),
		ResumeCheckHalfMessageRequest.Info(),
		RegisterBrokerRequest.Info(), RegisterBrokerResponse.Info(), UnregisterBrokerRequest.Info(),
		QueryDataVersionRequest.Info(),
		QueryDataVersionResponse.Info(), GetRouteInfoRequest.Info(), KVRequest.Info(), KVResponse.Info(),
		BrokerNameRequest.Info(), WipeCountResponse.Info(),
		AddCountResponse.Info(), DeleteTopicFromNamesrvRequest.Info(), ClusterRequest.Info(),
		BrokerHeartbeatRequest.Info(), BrokerMemberGroupRequest.Info(),
		NotifyMinBrokerIDChange.Info(), GetAllTopicConfigRequest.Info(), GetAllTopicConfigResponse.Info(),
		GetAllGroupsRequest.Info(), GetAllGroupsResponse.Info(), HAInfoRequest.Info(), HAInfoResponse.Info(),
		ResetMasterFlushOffset.Info(),
	}
}
