package badinput

func namesrvCases() []Case {
	cases := []Case{nsRoutes(), nsKV(), nsRegister(), nsConfig(), nsWrong()}
	for c := range cases {
		for s := range cases[c].Steps {
			cases[c].Steps[s].To = "namesrv"
		}
	}
	return cases
}

func nsRoutes() Case {
	route := func(why string, f ext) Step { return Step{Why: why, Code: 105, Ext: f} }
	return each("ns_route",
		route("unknown topic", ext{"topic": "no_such_topic"}), route("empty topic", ext{"topic": ""}),
		route("space", ext{"topic": "bad topic"}),
		route("300 characters", ext{"topic": "${repeat t 300}"}), route("without topic", ext{}),
		route("JSON number", ext{"topic": 5}), route("no extFields", nil).noExt(),
		route("known topic", ext{"topic": "TBW102"}), route("known topic, standard JSON",
			ext{"topic": "TBW102", "acceptStandardJsonOnly": "true"}),
		route("flag as word", ext{"topic": "TBW102", "acceptStandardJsonOnly": "perhaps"}),
		Step{Why: "cluster info", Code: 106}, Step{Why: "all topics", Code: 206},
		Step{Why: "topics of an unknown cluster", Code: 224, Ext: ext{"cluster": "no_such"}},
		Step{Why: "topics without cluster", Code: 224, Ext: ext{}},
		Step{Why: "system topics", Code: 304}, Step{Why: "unit topics", Code: 311},
		Step{Why: "delete unknown topic", Code: 216, Ext: ext{"topic": "no_such_topic"}},
		Step{Why: "delete without topic", Code: 216, Ext: ext{}},
		Step{Why: "delete in an unknown cluster", Code: 216, Ext: ext{"topic": "TBW102", "clusterName": "no_such"}},
		Step{Why: "wipe write of an unknown broker", Code: 205, Ext: ext{"brokerName": "no_such"}},
		Step{Why: "wipe write without name", Code: 205, Ext: ext{}},
		Step{Why: "add write of an unknown broker", Code: 327, Ext: ext{"brokerName": "no_such"}},
		Step{Why: "add write without name", Code: 327, Ext: ext{}},
		Step{Why: "topic route register: garbage", Code: 217, Ext: ext{"topic": "bad_ns217"}, Body: "garbage"},
		Step{Why: "topic route register: no body", Code: 217, Ext: ext{"topic": "bad_ns217"}})
}

func nsKV() Case {
	kv := func(why string, code int, f ext) Step { return Step{Why: why, Code: code, Ext: f} }
	return each("ns_kv",
		kv("unknown", 101, ext{"namespace": "no", "key": "no"}), kv("without namespace", 101, ext{"key": "no"}),
		kv("without key", 101, ext{"namespace": "no"}),
		kv("put without value", 100, ext{"namespace": "bad_ns", "key": "k"}),
		kv("put without namespace", 100, ext{"key": "k", "value": "v"}),
		kv("put", 100, ext{"namespace": "bad_ns", "key": "k", "value": "v"}),
		kv("get", 101, ext{"namespace": "bad_ns", "key": "k"}),
		kv("unknown key of a known namespace", 101, ext{"namespace": "bad_ns", "key": "k2"}),
		kv("delete", 102, ext{"namespace": "bad_ns", "key": "k"}), kv("delete again", 102,
			ext{"namespace": "bad_ns", "key": "k"}), kv("delete unknown namespace", 102, ext{"namespace": "no", "key": "k"}),
		kv("delete without key", 102, ext{"namespace": "no"}),
		kv("list of a namespace emptied", 219, ext{"namespace": "bad_ns"}),
		kv("list of an unknown namespace", 219, ext{"namespace": "no"}), kv("list without namespace", 219, ext{}),
		kv("no extFields", 100, nil).noExt())
}

func nsRegister() Case {
	reg := func(why, body string, over ext) Step {
		return Step{Why: why, Code: 103, Body: body, Ext: with(ext{"brokerName": "bad-broker", "brokerAddr": "127.9.9.9:1",
			"clusterName": "BadCluster", "haServerAddr": "127.9.9.9:2",
			"brokerId": "0", "compressed": "false", "bodyCrc32": "0"}, over)}
	}
	body := `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{}}}`
	out := func(why string, over ext) Step {
		return Step{Why: why, Code: 104, Ext: with(ext{"brokerName": "nobody", "brokerAddr": "127.9.9.9:9",
			"clusterName": "BadCluster", "brokerId": "0"}, over)}
	}
	steps := []Step{
		reg("crc mismatch", body, ext{"bodyCrc32": "12345"}), reg("no body", "", nil), reg("garbage", "garbage", nil),
		reg("compressed garbage", "garbage", ext{"compressed": "true"}),
		reg("empty object", "{}", nil), reg("negative id", body, ext{"brokerId": "-1"}),
		reg("id as word", body, ext{"brokerId": "abc"}),
		reg("compressed as word", body, ext{"compressed": "maybe"}), reg("no extFields", body, nil).noExt(),
		reg("good", body, nil), reg("old sender", body, ext{"compressed": drop, "bodyCrc32": drop}),
		out("unregister unknown", nil), out("unregister without name", ext{"brokerName": drop}),
		out("unregister without address", ext{"brokerAddr": drop}), out("unregister without extFields", nil).noExt(),
		{Why: "data version of an unknown broker", Code: 322, Ext: ext{"brokerName": "nobody", "brokerAddr": "127.9.9.9:9",
			"clusterName": "BadCluster", "brokerId": "0"}, Body: `{"counter":1,"timestamp":1}`},
		{Why: "data version: garbage", Code: 322, Ext: ext{"brokerName": "nobody", "brokerAddr": "127.9.9.9:9",
			"clusterName": "BadCluster", "brokerId": "0"}, Body: `garbage`},
		{Why: "data version: no body", Code: 322, Ext: ext{"brokerName": "nobody", "brokerAddr": "127.9.9.9:9",
			"clusterName": "BadCluster", "brokerId": "0"}},
		{Why: "broker heartbeat of an unknown broker", Code: 904, Ext: ext{"brokerAddr": "127.9.9.9:9",
			"clusterName": "BadCluster", "brokerName": "nobody"}},
		{Why: "broker heartbeat without address", Code: 904, Ext: ext{"clusterName": "BadCluster", "brokerName": "nobody"}},
		{Why: "member group of an unknown broker", Code: 901, Ext: ext{"clusterName": "BadCluster", "brokerName": "nobody"}},
		{Why: "member group without name", Code: 901, Ext: ext{}},
		{Why: "clean up", Code: 104, Setup: true, Ext: ext{"brokerName": "bad-broker", "brokerAddr": "127.9.9.9:1",
			"clusterName": "BadCluster", "brokerId": "0"}},
	}
	return each("ns_register", append(steps, missing(reg("", body, nil), "brokerName", "brokerAddr", "clusterName",
		"haServerAddr", "brokerId")...)...)
}

func nsConfig() Case {
	update := func(why, body string) Step { return Step{Why: why, Code: 318, Body: body} }
	return each("ns_config",
		update("no body", ""), update("unknown key", "noSuchKey=1\n"), update("black list: kvConfigPath",
			"kvConfigPath=/tmp/x\n"), update("black list: configStorePath", "configStorePath=/tmp/x\n"),
		update("black list: configBlackList", "configBlackList=x\n"), update("black list: rocketmqHome",
			"rocketmqHome=/tmp/x\n"), update("no equals sign", "garbage"), update("good", "orderMessageEnable=false\n"),
		Step{Why: "read", Code: 319})
}

func nsWrong() Case {
	return each("ns_one_way", Step{Why: "one-way route", Code: 105, Flag: 2, WaitMs: 700,
		Ext: ext{"topic": "no_such_topic"}},
		Step{Why: "an answer to nothing", Code: 0, Flag: 1, WaitMs: 700})
}
