package badinput

// strictCases run with auto-creation of topics and groups switched off.
func strictCases() []Case {
	steps := append(fiveMessages("bad_known"), Step{Code: 200, Body: `{"groupName":"CG_known"}`}.setup())
	return []Case{
		each("strict_send", append(steps,
			send("known topic", "bad_known", nil),
			send("unknown topic", "bad_unknown", nil), sendV1("unknown topic, V1", "bad_unknown", nil),
			send("unknown topic, one-way", "bad_unknown", nil).oneway(),
			send("retry topic of an unknown group", "%RETRY%CG_none", ext{"j": "1"}),
			send("retry topic of a known group", "%RETRY%CG_known", ext{"j": "1"}).loose("queueId"),
			send("dead letters of an unknown group", "%DLQ%CG_none", nil), send("TBW102 itself", "TBW102", nil),
			send("queue too high", "bad_known", ext{"e": "4"}))...),
		each("strict_group",
			pull("unknown group", "CG_none", "bad_known", nil), pull("known group", "CG_known", "bad_known", nil),
			pull("unknown topic", "CG_known", "bad_unknown", nil),
			pull("system group", "TOOLS_CONSUMER", "bad_known", nil), pull("known group, no subscription", "CG_known",
				"bad_known", ext{"sysFlag": "0"}),
			sendBack("unknown group", "CG_none", ext{"offset": "-1"}), sendBack("known group, bad offset", "CG_known",
				ext{"offset": "-1"}),
			Step{Why: "config of an unknown group", Code: 352, Ext: ext{"group": "CG_none"}},
			Step{Why: "offset of an unknown group", Code: 14, Ext: ext{"consumerGroup": "CG_none", "topic": "bad_known",
				"queueId": "0"}},
			Step{Why: "commit of an unknown group", Code: 15, Ext: ext{"consumerGroup": "CG_none", "topic": "bad_known",
				"queueId": "0", "commitOffset": "1"}},
			Step{Why: "heartbeat of an unknown group", Code: 34,
				Body: `{"clientID":"1.2.3.4@strict","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"CG_none","messageModel":"CLUSTERING","subscriptionDataSet":[{"expressionType":"TAG","subString":"*","subVersion":1,"topic":"bad_known"}]}]}`},
			Step{Why: "members after that", Code: 38, Ext: ext{"consumerGroup": "CG_none"}}),
		each("strict_route", Step{Why: "unknown topic", To: "namesrv", Code: 105, Ext: ext{"topic": "bad_unknown"}},
			Step{Why: "TBW102", To: "namesrv", Code: 105, Ext: ext{"topic": "TBW102"}}),
	}
}
