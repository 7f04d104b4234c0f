package config

// Controller are the keys of the controller. Java: ControllerConfig, NettyServerConfig.
var Controller = join(Table{
	text("bindAddress", "0.0.0.0", Start, "address to listen on; the port is that of this one in controllerDLegerPeers").
		local(),
	choice("controllerType", "DLedger", Start, []string{"DLedger"},
		"Java has jRaft, too; here both kinds of keys would lead to the same thing, so only those of DLedger count").
		local(),
	text("controllerDLegerGroup", "", Start, "name of the group of controllers").local(),
	text("controllerDLegerPeers", "", Start,
		"its members at their first start, id-host:port, by semicolons: n0-10.0.0.1:9877;n1-10.0.0.2:9877").local(),
	text("controllerDLegerSelfId", "", Start, "which of them this one is: n0").local(),
	text("controllerStorePath", "", Start,
		"folder of this member's log and snapshots; default: DLedgerController in the home directory").local(),
	number("mappedFileSize", 1073741824, 0, maxLong, Bytes, Start, "no effect"),
	number("scanNotActiveBrokerInterval", 5000, 10, maxInt, Millis, Now, "between looks for silent brokers"),
	number("scanInactiveMasterInterval", 5000, 10, maxInt, Millis, Now,
		"between looks for broker sets whose master is not alive"),
	number("controllerThreadPoolNums", 16, 1, 1024, Count, Start, "workers for requests"),
	number("controllerRequestThreadPoolQueueCapacity", 50000, 1, 1000000, Count, Start,
		"requests that may wait for a worker"),
	flag("enableElectUncleanMaster", false, Now,
		"a replica that was not in sync may become master when no other is left: acknowledged messages may be lost"),
	number("electMasterMaxRetryCount", 3, 1, 100, Count, Now, "tries to elect when a master is gone, until the next look"),
	flag("notifyBrokerRoleChanged", true, Now, "tell brokers about a new master at once; else they find out by asking"),
	flag("isProcessReadEvent", false, Now, "no effect: answers come from what is committed"),
	text("rocketmqHome", "", Now, "from ROCKETMQ_HOME; shown only").local(),
	text("configStorePath", "", Now,
		"file that UPDATE_CONTROLLER_CONFIG writes; default: the file given with -c, else "+
			"controller/controller.properties in the home directory").local(),
	text("configBlackList", "configBlackList;configStorePath", Now, "keys that UPDATE_CONTROLLER_CONFIG refuses").
		local(),
	choice("metricsExporterType", "DISABLE", Start, []string{"DISABLE", "PROM", "OTLP_GRPC"},
		"PROM: /metrics and /health on metricsPromExporterPort; OTLP_GRPC: and sent to metricsGrpcExporterTarget").local(),
	number("metricsPromExporterPort", 5557, 0, 65535, Count, Start,
		"0 = none; when it is taken, the next free one of ten; the start says which").local(),
	text("metricsPromExporterHost", "", Start, "address to listen on; default: bindAddress").
		suggested("127.0.0.1").local(),

	number("controllerElectionTimeoutMillis", 1000, 50, 60000, Millis, Start,
		"a member that hears nothing from the leader for so long wants to be elected; the same for all").ours(),
	flag("controllerJoin", false, Start,
		"the group is there already and adds this one (gorocket controller add): it does not found a group").
		local().ours(),
	flag("controllerAuthenticationEnabled", false, Start, "everything has to be signed by initAuthenticationUser or the "+
		"user of innerClientAuthenticationCredentials, which is the same for all controllers and brokers").secured("true").
		local().ours(),
}, push, logs, Signing, network, TLS, Doors)
