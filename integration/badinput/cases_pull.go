package badinput

func pullCases() []Case {
	return []Case{pullOffsets(), pullNames(), pullFlags(),
		each("pull_missing_field", missing(pull("", "CG_bad_pull", "bad_pull", nil), "consumerGroup", "topic", "queueId",
			"queueOffset",
			"maxMsgNums", "sysFlag", "commitOffset", "suspendTimeoutMillis", "subVersion", "subscription", "expressionType")...),
		pullWrongTypes(),
	}
}

// fiveMessages fills queue 0 of a topic.
func fiveMessages(name string) []Step {
	steps := []Step{topic("", name, nil).setup()}
	for range 5 {
		steps = append(steps, send("", name, nil).setup())
	}
	return steps
}

func pullOffsets() Case {
	p := func(why, queue, offset string) Step {
		return pull(why, "CG_bad_pull", "bad_pull", ext{"queueId": queue, "queueOffset": offset})
	}
	return each("pull_offset", append(fiveMessages("bad_pull"),
		p("first", "0", "0"),
		p("last", "0", "4"),
		p("max", "0", "5"),
		p("max+1", "0", "6"),
		p("far beyond", "0", "1000000"),
		p("largest long", "0", "9223372036854775807"),
		p("min-1", "0", "-1"),
		p("-100", "0", "-100"),
		p("empty queue, 0", "1", "0"),
		p("empty queue, 5", "1", "5"),
		p("queue one too high", "4", "0"),
		p("queue 100", "100", "0"),
		p("queue -1", "-1", "0"),
		pull("0 messages", "CG_bad_pull", "bad_pull", ext{"maxMsgNums": "0"}),
		pull("-1 messages", "CG_bad_pull", "bad_pull", ext{"maxMsgNums": "-1"}),
		pull("100000 messages", "CG_bad_pull", "bad_pull", ext{"maxMsgNums": "100000"}),
		pull("1 byte at most", "CG_bad_pull", "bad_pull", ext{"maxMsgBytes": "1"}),
		pull("lite pull", "CG_bad_pull", "bad_pull", ext{"sysFlag": "12"}).code(361),
	)...)
}

func pullNames() Case {
	return each("pull_name",
		pull("unknown topic", "CG_bad_pull", "no_such_topic", nil),
		pull("empty topic", "CG_bad_pull", "", nil),
		pull("topic with a space", "CG_bad_pull", "bad topic", nil),
		pull("unknown group is created", "CG_bad_fresh", "bad_pull", nil),
		pull("empty group", "", "bad_pull", nil),
		pull("group with a space", "a group", "bad_pull", nil),
		pull("group of 256 characters", "${repeat g 256}", "bad_pull", nil),
		topic("", "bad_writeonly", ext{"perm": "2"}).setup(),
		pull("topic without read permission", "CG_bad_pull", "bad_writeonly", nil),
		send("topic without write permission", "bad_readonly", nil).because("creates").setup(),
		topic("", "bad_readonly", ext{"perm": "4"}).setup(),
		send("send without write permission", "bad_readonly", nil),
		Step{Code: 200, Body: `{"groupName":"CG_bad_off","consumeEnable":false}`}.setup(),
		pull("group switched off", "CG_bad_off", "bad_pull", nil),
		pull("schedule topic", "CG_bad_pull", "SCHEDULE_TOPIC_XXXX", nil),
		pull("half topic", "CG_bad_pull", "RMQ_SYS_TRANS_HALF_TOPIC", nil),
	)
}

func pullFlags() Case {
	return each("pull_flag",
		pull("no subscription anywhere", "CG_bad_sub", "bad_pull", ext{"sysFlag": "0"}),
		pull("subscription empty", "CG_bad_pull", "bad_pull", ext{"subscription": ""}),
		pull("two tags", "CG_bad_pull", "bad_pull", ext{"subscription": "a || b"}),
		pull("only bars", "CG_bad_pull", "bad_pull", ext{"subscription": "||"}),
		pull("SQL92 while switched off", "CG_bad_pull", "bad_pull", ext{"subscription": "a > 1", "expressionType": "SQL92"}),
		pull("unknown expression type", "CG_bad_pull", "bad_pull", ext{"expressionType": "FOO"}),
		pull("all flag bits", "CG_bad_pull", "bad_pull", ext{"sysFlag": "-1"}),
		pull("waits 300 ms at the end", "CG_bad_pull", "bad_pull", ext{"sysFlag": "6", "queueOffset": "5",
			"suspendTimeoutMillis": "300"}).wait(12000),
		pull("waits -1 ms at the end", "CG_bad_pull", "bad_pull", ext{"sysFlag": "6", "queueOffset": "5",
			"suspendTimeoutMillis": "-1"}).wait(12000),
		pull("wait bit, offset too far", "CG_bad_pull", "bad_pull", ext{"sysFlag": "6", "queueOffset": "9"}),
	)
}

func (s Step) wait(ms int) Step { s.WaitMs = ms; return s }

func pullWrongTypes() Case {
	return each("pull_wrong_type",
		pull("queue as word", "CG_bad_pull", "bad_pull", ext{"queueId": "abc"}),
		pull("offset as word", "CG_bad_pull", "bad_pull", ext{"queueOffset": "abc"}),
		pull("offset beyond long", "CG_bad_pull", "bad_pull", ext{"queueOffset": "99999999999999999999"}),
		pull("JSON numbers", "CG_bad_pull", "bad_pull", ext{"queueId": 0, "queueOffset": 0}),
		pull("no extFields", "", "", nil).noExt(),
		pull("no extFields, lite", "", "", nil).code(361).noExt(),
	)
}
