package admin

// nameCommands are those for NameServers and controllers.
var nameCommands = []command{
	{name: "updateKvConfig", run: runUpdateKvConfig,
		summary: "Create or update KV config.",
		options: []option{
			need("s", "namespace", "set the namespace"),
			need("k", "key", "set the key name"),
			need("v", "value", "set the key value"),
		}},
	{name: "deleteKvConfig", deletes: true, run: runDeleteKvConfig,
		summary: "Delete KV config.",
		options: []option{
			need("s", "namespace", "set the namespace"),
			need("k", "key", "set the key name"),
		}},
	{name: "wipeWritePerm", run: runWipeWritePerm,
		summary: "Wipe write perm of broker in all name server you defined in the -n param.",
		options: []option{
			need("b", "brokerName", "broker name"),
		}},
	{name: "addWritePerm", run: runAddWritePerm,
		summary: "Add write perm of broker in all name server you defined in the -n param.",
		options: []option{
			need("b", "brokerName", "broker name"),
		}},
	{name: "getNamesrvConfig", run: runGetNamesrvConfig,
		summary: "Get configs of name server."},
	{name: "updateNamesrvConfig", run: runUpdateNamesrvConfig,
		summary: "Update configs of name server.",
		options: []option{
			need("k", "key", "config key"),
			need("v", "value", "config value"),
		}},
	{name: "getControllerMetaData", run: runGetControllerMetaData,
		summary: "Get controller cluster's metadata.",
		options: []option{
			need("a", "controllerAddress", "the address of controller"),
		}},
	{name: "getControllerConfig", run: runGetControllerConfig,
		summary: "Get controller config.",
		options: []option{
			need("a", "controllerAddress", "Controller address list, eg: 192.168.0.1:9878;192.168.0.2:9878"),
		}},
	{name: "updateControllerConfig", run: runUpdateControllerConfig,
		summary: "Update controller config.",
		options: []option{
			need("a", "controllerAddress", "Controller address list, eg: 192.168.0.1:9878;192.168.0.2:9878"),
			need("k", "key", "config key"),
			need("v", "value", "config value"),
		}},
	{name: "electMaster", run: runElectMaster,
		summary: "Re-elect the specified broker as master.",
		options: []option{
			need("a", "controllerAddress", "The address of controller"),
			need("b", "brokerId", "The id of the broker which requires to become master"),
			need("bn", "brokerName", "The broker name of the replicas that require to be manipulated"),
			need("c", "clusterName", "the clusterName of broker"),
		}},
	{name: "cleanBrokerMetadata", deletes: true, run: runCleanBrokerMetadata,
		summary: "Clean metadata of broker on controller.",
		options: []option{
			need("a", "controllerAddress", "The address of controller"),
			word("b", "brokerControllerIdsToClean", "The brokerController id list which requires to clean metadata. eg: "+
				"1;2;3, means that clean broker-1, broker-2 and broker-3"),
			need("bn", "brokerName", "The broker name of the replicas that require to be manipulated"),
			word("c", "clusterName", "The clusterName of broker"),
			flag("l", "cleanLivingBroker", "Whether clean up living brokers,default value is false"),
		}},
}
