package admindiff

// test is a command line that both tools run, Java's first. CLUSTER, BROKER, NAMES and DIR stand for what there is.
type test struct {
	line   string
	before string   // what is run with our tool before each of the two, lines separated by |
	masks  []string // regular expressions of what may be different
	file   string   // what the command writes, below DIR: it is compared too
	after  string   // what is run with our tool afterwards
	errs   bool     // only one of the two tells of an error, which is right
	kind   string   // "java", "gorocket": only against that cluster
}

// Masks that several commands need.
const (
	values = `: .*`           // texts of runtime information
	rates  = `\d+\.\d+`       // rates, ages
	number = `\b\d+\b`        // any number
	queue  = `\s\d\s+SEND_OK` // the queue that a message went to
	path   = `/\S*/conf/\S*`  // where Java was started
	client = `\d+\.\d+\.\d+\.\d+@\S+|\d+\.\d+\.\d+\.\d+:\d{4,5}`
)

var tests = []test{
	{line: "updateTopic -b BROKER -t A -r 4 -w 4"},
	{line: "updateTopic -c CLUSTER -t A -r 4 -w 4 -p 6"},
	{line: "updateTopic -b BROKER -t AA -a +message.type=FIFO"},
	{line: "updateTopic -b BROKER -t Ordered -o true -r 2 -w 2", errs: true}, // Java shows that there was no value before
	{line: "updateTopic -c CLUSTER -t Ordered -o true -r 2 -w 2"},
	{line: "updateTopic -b BROKER -t Unit -u true -s true"},
	{line: "updateTopicList -b BROKER -f DIR/topics.json"},
	{line: "updateTopicPerm -b BROKER -t A -p 4", before: "updateTopic -b BROKER -t A -r 4 -w 4"},
	{line: "updateTopicPerm -c CLUSTER -t A -p 6", before: "updateTopicPerm -b BROKER -t A -p 4"},
	{line: "topicRoute -t A"},
	{line: "topicRoute -t A -l"},
	{line: "topicStatus -t A"},
	{line: "topicStatus -t A -c A"},
	{line: "topicClusterList -t A"},
	{line: "topicList"},
	{line: "topicList -c"},
	{line: "updateOrderConf -t Ordered -m get"},
	{line: "updateOrderConf -t Ordered -m put -v broker-a:3"},
	{line: "updateOrderConf -t Ordered -m delete", before: "updateOrderConf -t Ordered -m put -v broker-a:3"},
	// Java allocates queues in the order of a hash table; ours in that of their numbers, as consumers do
	{line: "allocateMQ -t A -i 10.0.0.1,10.0.0.2", masks: []string{`"queueId":\d`, `10\.0\.0\.\d`}},
	{line: "deleteTopic -c CLUSTER -t Gone", before: "updateTopic -b BROKER -t Gone"},

	{line: "updateSubGroup -b BROKER -g g1 -r 3 -q 2 -s true"},
	{line: `updateSubGroup -c CLUSTER -g g1 -p {"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2}}`},
	{line: `updateSubGroup -c CLUSTER -g g2 -p {"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1000,5000]}}`},
	{line: "updateSubGroupList -b BROKER -f DIR/groups.json"},
	{line: "setConsumeMode -b BROKER -t A -g g1 -m PULL"},
	{line: "setConsumeMode -c CLUSTER -t A -g g1 -m PULL -q 3"},
	{line: "getConsumerConfig -g g1"},
	{line: "deleteSubGroup -b BROKER -g gone -r true", before: "updateSubGroup -b BROKER -g gone"},
	{line: "deleteSubGroup -c CLUSTER -g gone", before: "updateSubGroup -b BROKER -g gone"},

	{line: "sendMessage -t A -p hello -k key1 -c tagA -b broker-a -i 0"},
	{line: "sendMessage -t A -p hello", masks: []string{queue}},
	{line: "checkMsgSendRT -t A -a 4 -s 10", masks: []string{number, rates}},
	{line: "sendMsgStatus -b broker-a -c 3", masks: []string{`\d+ms`, number}},
	{line: "printMsg -t A"},
	{line: "printMsg -t A -s tagA -d false"},
	{line: "printMsgByQueue -t A -a broker-a -i 0 -p true -d true"},
	{line: "printMsgByQueue -t A -a broker-a -i 0 -f true"},
	{line: "consumeMessage -t A"},
	{line: "consumeMessage -t A -b broker-a -i 0 -o 1"},
	{line: "consumeMessage -t A -b broker-a -i 0 -c 1"},
	{line: "queryMsgByKey -t A -k key1"},
	{line: "queryMsgByKey -t A -k key1 -m 1"},
	{line: "queryMsgByOffset -t A -b broker-a -i 0 -o 0"},
	{line: "queryMsgByOffset -t A -b broker-a -i 0 -o 0 -f UTF-8"},
	{line: "queryMsgById -t A -i OFFSETID"},
	{line: "queryMsgById -t A -i UNIQUEID"},
	{line: "queryMsgById -t A -i UNIQUEID -s true", masks: []string{number}},
	{line: "queryMsgByUniqueKey -t A -i UNIQUEID"},
	{line: "queryCq -t A -q 0 -i 0 -c 2 -b BROKER"},
	{line: "queryCq -t A -q 0 -i 0 -c 2"},

	{line: "producerConnection -g pg -t A"},
	{line: "consumerConnection -g cg"},
	{line: "consumerConnection -g cg -b BROKER"},
	{line: "consumerProgress -g cg", masks: []string{`TPS: .*`}},
	{line: "consumerProgress -g cg -t A -s true", masks: []string{`TPS: .*`}},
	{line: "consumerProgress"},
	{line: "consumerStatus -g cg", masks: []string{`\d{13}/`}},
	{line: "producer -b BROKER"},
	{line: "brokerConsumeStats -b BROKER"},
	{line: "statsAll -t A", masks: []string{rates}, kind: "java"},
	{line: "cloneGroupOffset -s cg -d clone -t A", before: "updateSubGroup -b BROKER -g clone"},
	{line: "resetOffsetByTime -g cg -t A -s 0"},
	{line: "resetOffsetByTime -g cg -t A -s 2020-01-02#03:04:05:006 -f false"},
	{line: "resetOffsetByTime -g cg -t A -s now -b BROKER -q 0 -o 1"},
	{line: "skipAccumulatedMessage -g cg -t A"},
	{line: "queryMsgTraceById -i TRACED", masks: []string{`\d+ms *`}},

	{line: "clusterList", masks: []string{rates, number, `\s+`}},
	{line: "clusterList -m", masks: []string{number, `\s+`}},
	{line: "clusterList -c CLUSTER", masks: []string{rates, number, `\s+`}},
	{line: "brokerStatus -b BROKER", masks: []string{values}},
	{line: "brokerStatus -c CLUSTER", masks: []string{values + `$`}},
	{line: "getBrokerConfig -b BROKER", masks: []string{path}},
	{line: "getBrokerConfig -c CLUSTER", masks: []string{path}},
	{line: "updateBrokerConfig -b BROKER -k fileReservedTime -v 71"},
	{line: "updateBrokerConfig -c CLUSTER -k fileReservedTime -v 72"},
	{line: "updateBrokerConfig -c CLUSTER -a true -k fileReservedTime -v 72"},
	{line: "cleanExpiredCQ -b BROKER"},
	{line: "cleanExpiredCQ -c CLUSTER"},
	{line: "cleanExpiredCQ"},
	{line: "cleanUnusedTopic -c CLUSTER"},
	{line: "deleteExpiredCommitLog -b BROKER"},
	{line: "haStatus -b BROKER", masks: []string{`Offset\t\d+`}},
	{line: "haStatus -c CLUSTER", masks: []string{`Offset\t\d+`}},
	{line: "resetMasterFlushOffset -b BROKER -o 1000"},
	{line: "getColdDataFlowCtrInfo -b BROKER"},
	{line: "updateColdDataFlowCtrGroupConfig -b BROKER -g g1 -v 1024"},
	{line: "getColdDataFlowCtrInfo -c CLUSTER"},
	{line: "removeColdDataFlowCtrGroupConfig -c CLUSTER -g g1"},
	{line: "setCommitLogReadAheadMode -b BROKER -m 1", kind: "java"},
	{line: "setCommitLogReadAheadMode -c CLUSTER -m 0", kind: "java"}, // 2004 is not served
	{line: "switchTimerEngine -b BROKER -e F"},
	{line: "checkRocksdbCqWriteProgress -c CLUSTER -n NAMES -t A", kind: "java"},

	{line: "updateKvConfig -s N -k a -v b"},
	{line: "deleteKvConfig -s N -k a", before: "updateKvConfig -s N -k a -v b"},
	{line: "wipeWritePerm -b broker-a"},
	{line: "addWritePerm -b broker-a"},
	{line: "getNamesrvConfig", masks: []string{path}},
	{line: "updateNamesrvConfig -k orderMessageEnable -v true"},

	{line: "exportMetadata -b BROKER -t -f DIR", file: "topic.json"},
	{line: "exportMetadata -b BROKER -g -f DIR", file: "subscriptionGroup.json"},
	{line: "exportMetadata -c CLUSTER -f DIR", file: "metadata.json"},
	{line: "exportConfigs -c CLUSTER -f DIR", file: "configs.json"},
	{line: "exportMetrics -c CLUSTER -f DIR", file: "metrics.json", masks: []string{rates, number, `"runtimeEnv":\{[^}]*\}`}},
	{line: "rocksDBConfigToJson -b BROKER -t topics", kind: "java"},
	{line: "updateStaticTopic -b broker-a -t Static -qn 3", masks: []string{number},
		before: "deleteTopic -c CLUSTER -t Static"},
	{line: "topicStatus -t Static"},

	{line: "createUser -b BROKER -u alice -p secret12 -t Normal", before: "deleteUser -b BROKER -u alice"},
	{line: "updateUser -c CLUSTER -u alice -s disable"},
	{line: "getUser -b BROKER -u alice", masks: []string{`secret12`}},
	{line: "listUser -c CLUSTER"},
	{line: "copyUser -f BROKER -t BROKER -u alice"},
	{line: "createAcl -b BROKER -s User:alice -r Topic:A,Group:g1 -a Pub,Sub -d Allow -i 10.0.0.1",
		before: "deleteAcl -b BROKER -s User:alice"},
	{line: "updateAcl -c CLUSTER -s User:alice -r Topic:A -a Pub -d Deny"},
	{line: "getAcl -b BROKER -s User:alice"},
	{line: "listAcl -c CLUSTER"},
	{line: "copyAcl -f BROKER -t BROKER -s User:alice"},
	{line: "deleteAcl -b BROKER -s User:alice -r Topic:A"},
	{line: "deleteUser -b BROKER -u alice", before: "createUser -b BROKER -u alice -p secret12"},

	{line: "getBrokerLiteInfo -b BROKER", kind: "java"},
	{line: "getParentTopicInfo -p A", kind: "java", errs: true},
	{line: "getLiteTopicInfo -p A -l x", kind: "java", errs: true},
	{line: "getLiteClientInfo -p A -g g1 -c none", kind: "java", errs: true},
	{line: "getLiteGroupInfo -p A -g g1", kind: "java", errs: true, masks: []string{`\(\d+ s ago\)`}},
	{line: "triggerLiteDispatch -p A -g g1", kind: "java", errs: true},
	{line: "exportPopRecord -b BROKER -d false"},
}

// controllerTests are those that need controllers; SET is the name of two brokers under them, CONTROLLER the leader.
var controllerTests = []test{
	{line: "getControllerMetaData -a CONTROLLER"},
	{line: "getSyncStateSet -a CONTROLLER -b SET"},
	{line: "getSyncStateSet -a CONTROLLER -c CLUSTER"},
	{line: "getBrokerEpoch -b SET"},
	{line: "getBrokerEpoch -c CLUSTER"},
	{line: "getControllerConfig -a CONTROLLER"},
	{line: "updateControllerConfig -a CONTROLLER -k enableElectUncleanMaster -v false"},
	{line: "haStatus -c CLUSTER", masks: []string{rates, client}},
	{line: "electMaster -a CONTROLLER -b 9 -bn SET -c CLUSTER"},
	{line: "cleanBrokerMetadata -a CONTROLLER -b 1 -bn SET -c CLUSTER"},
}

// notCompared are commands without a case, and why.
var notCompared = map[string]string{
	"remappingStaticTopic":    "needs two brokers: TestStaticTopicMQAdmin of the module above does it with Java's tool",
	"addBroker":               "needs a broker container",
	"removeBroker":            "needs a broker container",
	"startMonitoring":         "never ends, and Java's writes into a log file only",
	"clusterRT":               "never ends",
	"dumpCompactionLog":       "needs a compaction log, which there is no command to make",
	"exportMetadataInRocksDB": "ours does not read RocksDB files and says so",
}
