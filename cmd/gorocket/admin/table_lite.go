package admin

// liteCommands are those for lite topics.
var liteCommands = []command{
	{name: "getBrokerLiteInfo", run: runGetBrokerLiteInfo,
		summary: "Get broker lite info.",
		options: []option{
			either("b", "brokerAddr", "Broker address"),
			either("c", "cluster", "Cluster name"),
			flag("d", "showDetail", "Show topic and group detail info"),
		}},
	{name: "getParentTopicInfo", run: runGetParentTopicInfo,
		summary: "Get parent topic info.",
		options: []option{
			need("p", "parentTopic", "Parent topic name"),
		}},
	{name: "getLiteTopicInfo", run: runGetLiteTopicInfo,
		summary: "Get lite topic info.",
		options: []option{
			need("p", "parentTopic", "Parent topic name"),
			need("l", "liteTopic", "Lite topic name"),
			flag("s", "showClientId", "Show all clientId"),
		}},
	{name: "getLiteClientInfo", run: runGetLiteClientInfo,
		summary: "Get lite client info.",
		options: []option{
			need("p", "parentTopic", "Parent topic name"),
			need("g", "group", "Consumer group"),
			need("c", "clientId", "Client id"),
			flag("s", "showDetail", "Show details"),
		}},
	{name: "getLiteGroupInfo", run: runGetLiteGroupInfo,
		summary: "Get lite group info.",
		options: []option{
			need("p", "parentTopic", "Parent topic name"),
			need("g", "group", "Consumer group"),
			word("l", "liteTopic", "query lite topic detail"),
			word("k", "topK", "topK value of each broker"),
		}},
	{name: "triggerLiteDispatch", run: runTriggerLiteDispatch,
		summary: "Trigger Lite Dispatch.",
		options: []option{
			need("p", "parentTopic", "Parent topic name"),
			need("g", "group", "Consumer group"),
			word("c", "clientId", "clientId (optional)"),
			word("b", "brokerName", "brokerName (optional)"),
		}},
}
