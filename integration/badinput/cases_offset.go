package badinput

func offsetCases() []Case {
	get := func(why string, over ext) Step {
		return Step{Why: why, Code: 14, Ext: with(ext{"consumerGroup": "CG_bad_off1", "topic": "bad_offset", "queueId": "0"},
			over)}
	}
	put := func(why string, over ext) Step {
		return Step{Why: why, Code: 15, Ext: with(ext{"consumerGroup": "CG_bad_off1", "topic": "bad_offset", "queueId": "0",
			"commitOffset": "3"}, over)}
	}
	return []Case{
		each("offset_query", append(fiveMessages("bad_offset"),
			get("never stored, new topic", nil),
			get("never stored, no zero wanted", ext{"setZeroIfNotFound": "false"}),
			get("unknown topic", ext{"topic": "no_such_topic"}),
			get("unknown topic, no zero wanted", ext{"topic": "no_such_topic", "setZeroIfNotFound": "false"}),
			get("queue 100", ext{"queueId": "100"}),
			get("queue -1", ext{"queueId": "-1"}),
			get("empty group", ext{"consumerGroup": ""}),
			get("empty queue", ext{"queueId": "2"}),
			get("no extFields", nil).noExt(),
		)...),
		each("offset_query_missing", missing(get("", nil), "consumerGroup", "topic", "queueId")...),
		each("offset_update", put("group not known yet", nil), get("after that", nil),
			Step{Why: "creates the group", Code: 352, Ext: ext{"group": "CG_bad_off1"}}.setup(),
			put("good", nil), get("stored", nil),
			put("beyond max", ext{"commitOffset": "500"}), get("stored beyond max", nil),
			put("backwards", ext{"commitOffset": "1"}), get("stored backwards", nil),
			put("negative", ext{"commitOffset": "-5"}), get("stored negative", nil),
			put("queue 100", ext{"queueId": "100"}), put("queue -1", ext{"queueId": "-1"}),
			put("unknown topic", ext{"topic": "no_such_topic"}), put("unknown group", ext{"consumerGroup": "CG_bad_nobody"}),
			put("no extFields", nil).noExt()),
		each("offset_update_missing", missing(put("", nil), "consumerGroup", "topic", "queueId", "commitOffset")...),
		offsetRange(), offsetByTime(),
	}
}

func offsetRange() Case {
	var steps []Step
	for _, c := range []int{30, 31, 32} {
		at := func(why, topic, queue string) Step {
			return Step{Why: why, Code: c, Ext: ext{"topic": topic, "queueId": queue}}
		}
		steps = append(steps, at("good", "bad_offset", "0"), at("empty queue", "bad_offset", "1"),
			at("unknown topic", "no_such_topic", "0"),
			at("queue 100", "bad_offset", "100"), at("queue -1", "bad_offset", "-1"),
			Step{Why: "without topic", Code: c, Ext: ext{"queueId": "0"}}, Step{Why: "without queueId", Code: c,
				Ext: ext{"topic": "bad_offset"}},
			Step{Why: "no extFields", Code: c, NoExt: true})
	}
	return each("offset_range", steps...)
}

func offsetByTime() Case {
	at := func(why string, over ext) Step {
		return Step{Why: why, Code: 29, Ext: with(ext{"topic": "bad_offset", "queueId": "0", "timestamp": "0"}, over)}
	}
	far := "9999999999999"
	return each("offset_by_time", at("before everything", nil), at("negative", ext{"timestamp": "-1"}),
		at("far future", ext{"timestamp": far}),
		at("upper, before everything", ext{"boundaryType": "upper"}), at("upper, far future",
			ext{"boundaryType": "upper", "timestamp": far}),
		at("upper in capitals", ext{"boundaryType": "UPPER", "timestamp": far}),
		at("unknown boundary", ext{"boundaryType": "middle"}), at("unknown topic", ext{"topic": "no_such_topic"}),
		at("queue 100", ext{"queueId": "100"}), at("queue -1", ext{"queueId": "-1"}),
		at("empty queue", ext{"queueId": "1", "timestamp": far}),
		at("without timestamp", ext{"timestamp": drop}), at("timestamp as word", ext{"timestamp": "abc"}))
}
