package config

// NameServer are the keys of the NameServer. Java: NamesrvConfig, NettyServerConfig.
var NameServer = join(Table{
	text("bindAddress", "0.0.0.0", Start, "address to listen on").local(),
	number("listenPort", 9876, 0, 65535, Count, Start, "port; 0 = any free one").local(),
	text("rocketmqHome", "", Now, "from ROCKETMQ_HOME; shown only").local(),
	text("kvConfigPath", "", Now, "file of the KV configuration; default: namesrv/kvConfig.json in the home directory").
		local(),
	text("configStorePath", "", Now,
		"file that UPDATE_NAMESRV_CONFIG writes; default: the file given with -c, else "+
			"namesrv/namesrv.properties in the home directory").local(),
	text("productEnvName", "center", Now, "shown only"),
	flag("clusterTest", false, Now, "shown only"),
	flag("orderMessageEnable", false, Now, "send the order configuration with routes"),
	flag("returnOrderTopicConfigToBroker", true, Now, "answer registrations with the order configuration"),
	number("clientRequestThreadPoolNums", 8, 1, 1024, Count, Restart,
		"no effect: route queries run on the event loops"),
	number("defaultThreadPoolNums", 16, 1, 1024, Count, Restart, "workers for all other requests"),
	number("clientRequestThreadPoolQueueCapacity", 50000, 1, 1000000, Count, Restart, "no effect"),
	number("defaultThreadPoolQueueCapacity", 10000, 1, 1000000, Count, Restart, "requests that may wait for a worker"),
	number("scanNotActiveBrokerInterval", 5000, 10, maxInt, Millis, Now, "between looks for silent brokers"),
	number("unRegisterBrokerQueueCapacity", 3000, 1, 1000000, Count, Restart, "unregistrations that may wait"),
	flag("supportActingMaster", false, Now, "routes show the smallest slave as an acting master"),
	flag("enableAllTopicList", true, Now, "serve GET_ALL_TOPIC_LIST_FROM_NAMESERVER"),
	flag("enableTopicList", true, Now, "serve the other topic lists"),
	flag("notifyMinBrokerIdChanged", false, Now, "tell brokers when the smallest broker id of their group changes"),
	flag("enableControllerInNamesrv", false, Restart,
		"run a controller in this process, too; its keys stand in the same file").local(),
	flag("needWaitForService", false, Now, "answer route queries only after waitSecondsForService"),
	number("waitSecondsForService", 45, 0, maxInt, Seconds, Now, "see needWaitForService"),
	flag("deleteTopicWithBrokerRegistration", false, Now,
		"a registration removes the topics that it no longer lists; not with brokers that split theirs"),
	text("configBlackList", "configBlackList;configStorePath;kvConfigPath", Now,
		"keys that UPDATE_NAMESRV_CONFIG refuses").local(),
	number("serverChannelMaxIdleTimeSeconds", 120, 1, maxInt, Seconds, Restart,
		"without traffic, then a connection is closed"),

	choice("metricsExporterType", "PROM", Restart, []string{"DISABLE", "PROM", "OTLP_GRPC"},
		"PROM: /metrics and /health on metricsPromExporterPort; OTLP_GRPC: and sent to "+
			"metricsGrpcExporterTarget").local().ours(),
	number("metricsPromExporterPort", 5577, 0, 65535, Count, Restart,
		"0 = none; when it is taken, the next free one of ten; the start says which").local().ours(),
	text("metricsPromExporterHost", "", Restart, "address to listen on; default: bindAddress").
		suggested("127.0.0.1").local().ours(),

	number("maxKvConfigBytes", 16777216, 1024, 1073741824, Bytes, Now,
		"all KV namespaces, keys and values").ours(),
	flag("namesrvAuthenticationEnabled", false, Start, "everything but routes has to be signed by "+
		"initAuthenticationUser or the user of innerClientAuthenticationCredentials").secured("true").local().ours(),
}, push, logs, Signing, network, TLS, Doors)
