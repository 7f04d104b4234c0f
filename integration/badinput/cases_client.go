package badinput

func clientCases() []Case {
	return []Case{heartbeats(), consumerLists(), locks(), sendBacks(), transactions()}
}

func heartbeats() Case {
	beat := func(why, body string) Step { return Step{Why: why, Code: 34, Body: body} }
	good := `{"clientID":"1.2.3.4@bad","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY",` +
		`"groupName":"CG_bad_beat","messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[],"expressionType":"TAG",` +
		`"subString":"*","subVersion":1,"tagsSet":[],"topic":"bad_beat"}],"unitMode":false}],"producerDataSet":[{"groupName":"PG_bad_beat"}]}`
	return each("heartbeat",
		beat("good", good),
		beat("garbage", "garbage"), beat("no body", ""), beat("cut short", good[:60]),
		beat("empty object", "{}"), beat("a list", "[]"), beat("null", "null"), beat("a number", "5"),
		beat("no client id", `{"producerDataSet":[{"groupName":"PG"}]}`),
		beat("no groups", `{"clientID":"1.2.3.4@bad"}`),
		beat("wrong types", `{"clientID":5,"consumerDataSet":"x"}`),
		beat("group without a name", `{"clientID":"1.2.3.4@bad","consumerDataSet":[{"consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","subscriptionDataSet":[]}]}`),
		beat("illegal group name", `{"clientID":"1.2.3.4@bad","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"a group","messageModel":"CLUSTERING","subscriptionDataSet":[]}]}`),
		beat("unknown enum", `{"clientID":"1.2.3.4@bad","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_SIDEWAYS","groupName":"CG_bad_enum","messageModel":"CLUSTERING","subscriptionDataSet":[]}]}`),
		beat("nesting of 2000", "${repeat [ 2000}"),
		Step{Why: "unregister: nobody", Code: 35, Ext: ext{"clientID": "nobody", "consumerGroup": "CG_none",
			"producerGroup": "PG_none"}},
		Step{Why: "unregister: no client id", Code: 35, Ext: ext{"consumerGroup": "CG_bad_beat"}},
		Step{Why: "unregister: no groups", Code: 35, Ext: ext{"clientID": "1.2.3.4@bad"}},
		Step{Why: "unregister: no extFields", Code: 35, NoExt: true},
		Step{Why: "check config: garbage", Code: 46, Body: "garbage"},
		Step{Why: "check config: no body", Code: 46},
		Step{Why: "check config: bad SQL", Code: 46,
			Body: `{"clientId":"1.2.3.4@bad","group":"CG_bad_beat","subscriptionData":{"expressionType":"SQL92","subString":"a >","topic":"bad_beat"}}`},
	)
}

func consumerLists() Case {
	var steps []Step
	for _, c := range []int{38, 203} {
		steps = append(steps, Step{Why: "unknown group", Code: c, Ext: ext{"consumerGroup": "CG_none"}},
			Step{Why: "empty group", Code: c, Ext: ext{"consumerGroup": ""}}, Step{Why: "without group", Code: c, Ext: ext{}},
			Step{Why: "no extFields", Code: c, NoExt: true})
	}
	return each("consumer_list", append(steps,
		Step{Why: "unknown producer group", Code: 204, Ext: ext{"producerGroup": "PG_none"}},
		Step{Why: "without producer group", Code: 204, Ext: ext{}},
		Step{Why: "running info of nobody", Code: 307, Ext: ext{"consumerGroup": "CG_none", "clientId": "nobody",
			"jstackEnable": "false"}},
		Step{Why: "running info without a group", Code: 307, Ext: ext{"clientId": "nobody", "jstackEnable": "false"}},
		Step{Why: "consume directly: nobody", Code: 309, Ext: ext{"consumerGroup": "CG_none", "clientId": "nobody",
			"msgId": "7F00000100002A9F0000000000000000", "brokerName": "broker-a"}},
		Step{Why: "consume directly: no group", Code: 309, Ext: ext{}},
	)...)
}

func locks() Case {
	mq := `{"brokerName":"broker-a","queueId":0,"topic":"bad_lock"}`
	lock := func(why string, code int, body string) Step { return Step{Why: why, Code: code, Body: body} }
	return each("lock",
		lock("good", 41, `{"clientId":"c1","consumerGroup":"CG_bad_lock","mqSet":[`+mq+`]}`),
		lock("held by another", 41, `{"clientId":"c2","consumerGroup":"CG_bad_lock","mqSet":[`+mq+`]}`),
		lock("unlock of another's", 42, `{"clientId":"c2","consumerGroup":"CG_bad_lock","mqSet":[`+mq+`]}`),
		lock("still held", 41, `{"clientId":"c2","consumerGroup":"CG_bad_lock","mqSet":[`+mq+`]}`),
		lock("unlock", 42, `{"clientId":"c1","consumerGroup":"CG_bad_lock","mqSet":[`+mq+`]}`),
		lock("unlock of an unknown group", 42, `{"clientId":"c1","consumerGroup":"CG_none","mqSet":[`+mq+`]}`),
		lock("no queues", 41, `{"clientId":"c1","consumerGroup":"CG_bad_lock","mqSet":[]}`),
		lock("no members", 41, `{}`), lock("no members", 42, `{}`),
		lock("garbage", 41, "garbage"), lock("garbage", 42, "garbage"),
		lock("no body", 41, ""), lock("no body", 42, ""),
	)
}

func sendBacks() Case {
	steps := append(fiveMessages("bad_back"), Step{Code: 352, Ext: ext{"group": "CG_bad_back"}}.setup(),
		sendBack("offset in the middle of a record", "CG_bad_back", ext{"offset": "7"}),
		sendBack("negative offset", "CG_bad_back", ext{"offset": "-1"}),
		sendBack("offset far beyond", "CG_bad_back", ext{"offset": "999999999999"}),
		sendBack("unknown group is created", "CG_bad_back_new", ext{"offset": "-1"}),
		sendBack("empty group", "", nil),
		sendBack("group with a space", "a group", nil),
		Step{Code: 200, Body: `{"groupName":"CG_bad_noretry","retryQueueNums":0}`}.setup(),
		sendBack("group without retry queues", "CG_bad_noretry", nil),
		sendBack("no extFields", "", nil).noExt(),
	)
	return each("send_back", append(steps, missing(sendBack("", "CG_bad_back", ext{"offset": "-1"}),
		"offset", "group", "delayLevel", "originMsgId", "originTopic", "unitMode", "maxReconsumeTimes")...)...)
}

func transactions() Case {
	end := func(why string, over ext) Step {
		return Step{Why: why, Code: 37, Ext: with(ext{"producerGroup": "PG_bad", "tranStateTableOffset": "0",
			"commitLogOffset": "0", "commitOrRollback": "8",
			"fromTransactionCheck": "false", "msgId": "7F000001000018B4AAC20000000F0002"}, over)}
	}
	return each("end_transaction",
		end("not a half message", nil), end("rollback of no half message", ext{"commitOrRollback": "12"}),
		end("offset far beyond", ext{"commitLogOffset": "999999999999"}),
		end("negative offset", ext{"commitLogOffset": "-1"}),
		end("type 0 has no answer", ext{"commitOrRollback": "0"}).wait(700),
		end("unknown type", ext{"commitOrRollback": "5"}).wait(700),
		end("without group", ext{"producerGroup": drop}), end("without offset", ext{"commitLogOffset": drop}),
		end("no extFields", nil).noExt())
}
