package admin

// exportCommands are those for export of tables and figures.
var exportCommands = []command{
	{name: "exportMetadata", run: runExportMetadata,
		summary: "Export metadata.",
		options: []option{
			word("c", "clusterName", "choose a cluster to export"),
			word("b", "brokerAddr", "choose a broker to export"),
			word("f", "filePath", "export metadata.json path | default /tmp/rocketmq/export"),
			flag("t", "topic", "only export topic metadata"),
			flag("g", "subscriptionGroup", "only export subscriptionGroup metadata"),
			flag("s", "specialTopic", "need retryTopic and dlqTopic"),
		}},
	{name: "exportConfigs", run: runExportConfigs,
		summary: "Export configs.",
		options: []option{
			need("c", "clusterName", "choose a cluster to export"),
			word("f", "filePath", "export configs.json path | default /tmp/rocketmq/export"),
		}},
	{name: "exportMetrics", run: runExportMetrics,
		summary: "Export metrics.",
		options: []option{
			need("c", "clusterName", "choose a cluster to export"),
			word("f", "filePath", "export metrics.json path | default /tmp/rocketmq/export"),
		}},
	{name: "exportMetadataInRocksDB", run: runExportMetadataInRocksDB,
		summary: "export RocksDB kv config (topics/subscriptionGroups). Recommend to use [mqadmin rocksDBConfigToJson]",
		options: []option{
			need("p", "path", "Absolute path for the metadata directory"),
			need("t", "configType", "Name of kv config, e.g. topics/subscriptionGroups"),
			word("j", "jsonEnable", "Json format enable, Default: false"),
		}},
	{name: "exportPopRecord", deletes: true, run: runExportPopRecord,
		summary: "Export pop consumer record",
		options: []option{
			word("c", "clusterName", "choose one cluster to export"),
			word("b", "brokerAddr", "choose one broker to export"),
			word("d", "dryRun", "no actual changes will be made"),
		}},
	{name: "rocksDBConfigToJson", run: runRocksDBConfigToJson,
		summary: "Convert RocksDB kv config (topics/subscriptionGroups/consumerOffsets) to json. [rpc mode] Use [-n, -c, " +
			"-b, -t] to send Request to broker ( version >= 5.3.2 ) or [local mode] use [-p, -t, -j, -e] to load RocksDB. " +
			"If -e is provided, tools will export json file instead of std print",
		options: []option{
			word("t", "configType", "Name of kv config, e.g. topics/subscriptionGroups/consumerOffsets. Required in local "+
				"mode and default all in rpc mode."),
			word("p", "configPath", "[local mode] Absolute path to the metadata config directory"),
			word("e", "exportFile", "[local mode] Absolute file path for exporting, auto backup existing file, not "+
				"directory. If exportFile is provided, will export Json file and ignore [-j]."),
			word("j", "jsonEnable", "[local mode] Json format enable, Default: true. If exportFile is provided, will export "+
				"Json file and ignore [-j]."),
			word("n", "nameserverAddr", "[rpc mode] nameserverAddr. If nameserverAddr and clusterName are provided, will "+
				"ignore [-p, -e, -j, -b] args"),
			word("c", "cluster", "[rpc mode] Cluster name. If nameserverAddr and clusterName are provided, will ignore [-p, "+
				"-e, -j, -b] args"),
			word("b", "brokerAddr", "[rpc mode] Broker address. If brokerAddr is provided, will ignore [-p, -e, -j] args"),
		}},
}
