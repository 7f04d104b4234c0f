package badinput

func adminCases() []Case {
	return []Case{unknownCodes(), topicAdmin(), groupAdmin(), brokerConfig(), statistics()}
}

func unknownCodes() Case {
	return each("unknown_code", Step{Code: 9999}, Step{Code: 0}, Step{Code: -1}, Step{Code: 9999, NoExt: true},
		Step{Code: 105, Ext: ext{"topic": "bad_good"}, Why: "name server's code"},
		Step{Code: 9999}.toNamesrv(), Step{Code: 0}.toNamesrv(), Step{Code: 9999, NoExt: true}.toNamesrv(),
		Step{Code: 310, Why: "broker's code", Ext: ext{}}.toNamesrv(),
		Step{Code: 9999, Flag: 2, WaitMs: 700, Why: "one-way"})
}

func topicAdmin() Case {
	steps := []Step{
		topic("good", "bad_admin", nil), topic("again", "bad_admin", nil),
		topic("empty", "", nil), topic("space", "bad topic", nil), topic("127 characters", "${repeat a 127}", nil),
		topic("128 characters", "${repeat a 128}", nil),
		topic("system topic", "TBW102", nil), topic("schedule topic", "SCHEDULE_TOPIC_XXXX", nil),
		topic("cluster name", "DefaultCluster", nil), topic("broker name", "broker-a", nil),
		topic("retry topic", "%RETRY%CG_bad_admin", nil),
		topic("0 queues", "bad_admin2", ext{"readQueueNums": "0", "writeQueueNums": "0"}),
		topic("-1 queues", "bad_admin3", ext{"readQueueNums": "-1", "writeQueueNums": "-1"}),
		topic("perm 0", "bad_admin4", ext{"perm": "0"}), topic("perm 99", "bad_admin5", ext{"perm": "99"}),
		topic("unknown filter", "bad_admin6", ext{"topicFilterType": "FOO"}),
		topic("attributes without sign", "bad_admin7", ext{"attributes": "message.type=FIFO"}),
		topic("unknown attribute", "bad_admin8", ext{"attributes": "+no.such=1"}),
		topic("unknown attribute value", "bad_admin9", ext{"attributes": "+message.type=FOO"}),
		topic("attribute removed on creation", "bad_admin10", ext{"attributes": "-message.type"}),
		topic("good attribute", "bad_admin11", ext{"attributes": "+message.type=FIFO"}),
		topic("no extFields", "", nil).noExt(),
		{Why: "list of topics: garbage", Code: 18, Body: "garbage"}, {Why: "list of topics: no body", Code: 18},
		{Why: "list of topics: empty", Code: 18, Body: `{"topicConfigList":[]}`},
		{Why: "list of topics: one illegal", Code: 18,
			Body: `{"topicConfigList":[{"topicName":"a b","readQueueNums":1,"writeQueueNums":1,"perm":6}]}`},
		{Why: "delete unknown", Code: 215, Ext: ext{"topic": "no_such_topic"}},
		{Why: "delete empty", Code: 215, Ext: ext{"topic": ""}},
		{Why: "delete system topic", Code: 215, Ext: ext{"topic": "TBW102"}},
		{Why: "delete without topic", Code: 215, Ext: ext{}},
		{Why: "config of an unknown topic", Code: 351, Ext: ext{"topic": "no_such_topic"}},
		{Why: "config without topic", Code: 351, Ext: ext{}},
		{Why: "statistics of an unknown topic", Code: 202, Ext: ext{"topic": "no_such_topic"}},
		{Why: "statistics without topic", Code: 202, Ext: ext{}},
	}
	return each("topic_admin", append(steps, missing(topic("", "bad_admin12", nil), "topic", "defaultTopic",
		"readQueueNums", "writeQueueNums", "perm", "topicFilterType", "topicSysFlag", "order")...)...)
}

func groupAdmin() Case {
	group := func(why, body string) Step { return Step{Why: why, Code: 200, Body: body} }
	return each("group_admin",
		group("good", `{"groupName":"CG_bad_admin"}`), group("garbage", "garbage"), group("no body", ""),
		group("no name", `{}`), group("empty name", `{"groupName":""}`),
		group("space in the name", `{"groupName":"a group"}`), group("255 characters", `{"groupName":"${repeat g 255}"}`),
		group("256 characters", `{"groupName":"${repeat g 256}"}`),
		group("negative numbers", `{"groupName":"CG_bad_neg","retryQueueNums":-1,"retryMaxTimes":-1}`),
		group("unknown member", `{"groupName":"CG_bad_unk","noSuch":1}`),
		group("wrong type", `{"groupName":"CG_bad_typ","retryQueueNums":"abc"}`),
		Step{Why: "list: garbage", Code: 225, Body: "garbage"}, Step{Why: "list: no body", Code: 225},
		Step{Why: "list: empty", Code: 225, Body: `{"groupConfigList":[]}`},
		Step{Why: "delete unknown", Code: 207, Ext: ext{"groupName": "CG_none"}},
		Step{Why: "delete without name", Code: 207, Ext: ext{}},
		Step{Why: "config of an unknown group", Code: 352, Ext: ext{"group": "CG_bad_new352"}},
		Step{Why: "config of an illegal group", Code: 352, Ext: ext{"group": "a group"}},
		Step{Why: "config without group", Code: 352, Ext: ext{}}, Step{Why: "all groups", Code: 201}.loose("totalGroupNum"),
		Step{Why: "all topics", Code: 21}.loose("totalTopicNum"))
}

func brokerConfig() Case {
	update := func(why, body string) Step { return Step{Why: why, Code: 25, Body: body} }
	return each("broker_config",
		update("no body", ""), update("unknown key", "noSuchKey=1\n"), update("black list: brokerConfigPath",
			"brokerConfigPath=/tmp/x\n"),
		update("black list: rocketmqHome", "rocketmqHome=/tmp/x\n"), update("black list: configBlackList",
			"configBlackList=x\n"),
		update("black list among good ones", "longPollingEnable=true\nbrokerConfigPath=/tmp/x\n"),
		update("number as word", "shortPollingTimeMills=abc\n"),
		update("no equals sign", "garbage"), update("good", "shortPollingTimeMills=1000\n"),
		Step{Why: "read", Code: 26}.loose("version"), Step{Why: "runtime info", Code: 28})
}

func statistics() Case {
	return each("statistics",
		Step{Why: "consume stats of an unknown group", Code: 208, Ext: ext{"consumerGroup": "CG_none"}},
		Step{Why: "consume stats without group", Code: 208, Ext: ext{}},
		Step{Why: "consume stats of an unknown topic", Code: 208, Ext: ext{"consumerGroup": "CG_none",
			"topic": "no_such_topic"}},
		Step{Why: "who consumes an unknown topic", Code: 300, Ext: ext{"topic": "no_such_topic"}},
		Step{Why: "who consumes, without topic", Code: 300, Ext: ext{}},
		Step{Why: "topics of an unknown group", Code: 343, Ext: ext{"group": "CG_none"}},
		Step{Why: "time span of an unknown topic", Code: 303, Ext: ext{"topic": "no_such_topic", "group": "CG_none"}},
		Step{Why: "stats data unknown", Code: 315, Ext: ext{"statsName": "NO_SUCH", "statsKey": "x"}},
		Step{Why: "stats data without key", Code: 315, Ext: ext{"statsName": "TOPIC_PUT_NUMS"}},
		Step{Why: "reset of an unknown topic", Code: 222, Ext: ext{"topic": "no_such_topic", "group": "CG_none",
			"timestamp": "0", "isForce": "true"}},
		Step{Why: "reset of an unknown group", Code: 222, Ext: ext{"topic": "bad_good", "group": "CG_none", "timestamp": "0",
			"isForce": "true"}},
		Step{Why: "reset without topic", Code: 222, Ext: ext{"group": "CG_none", "timestamp": "0", "isForce": "true"}},
		Step{Why: "consume queue of an unknown topic", Code: 321, Ext: ext{"topic": "no_such_topic", "queueId": "0",
			"index": "0", "count": "10"}},
		Step{Why: "system topics", Code: 305})
}
