package badinput

func sendCases() []Case {
	return []Case{
		each("send_good", send("auto-created", "bad_good", nil), sendV1("V1 header", "bad_good", nil),
			send("second queue", "bad_good", ext{"e": "3"})),
		sendTopicNames(),
		sendSystemTopics(),
		sendSizes(),
		sendQueueIDs(),
		each("send_missing_field_v2", missing(send("", "bad_good", nil), "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
			"k", "m")...),
		each("send_missing_field_v1", missing(sendV1("", "bad_good", nil), "producerGroup", "topic", "defaultTopic",
			"defaultTopicQueueNums", "queueId", "sysFlag", "bornTimestamp", "flag", "properties", "reconsumeTimes", "unitMode",
			"batch")...),
		sendWrongTypes(),
		sendProperties(),
		sendBatches(),
		sendRetryTopic(),
		sendReply(),
	}
}

func sendTopicNames() Case {
	return each("send_topic_name",
		send("empty", "", nil),
		send("blank", "   ", nil),
		send("space inside", "bad topic", nil),
		send("dollar", "bad$topic", nil),
		send("slash", "../bad", nil),
		send("not ASCII", "主题", nil),
		send("percent and bar are allowed", "bad%|-_ok", nil),
		send("127 characters", "${repeat t 127}", nil),
		send("128 characters", "${repeat t 128}", nil),
		send("255 characters", "${repeat t 255}", nil),
		send("300 characters", "${repeat t 300}", nil),
		send("no default topic", "bad_nodefault", ext{"c": "no_such_topic"}),
		send("default topic without the inherit bit", "bad_nodefault2", ext{"c": "bad_good"}),
		send("0 queues wanted", "bad_queues0", ext{"d": "0"}).loose("queueId"),
		send("-1 queues wanted", "bad_queues_1", ext{"d": "-1"}).loose("queueId"),
		send("100 queues wanted, 8 given", "bad_queues100", ext{"d": "100", "e": "8"}),
		send("100 queues wanted, last one", "bad_queues100", ext{"d": "100", "e": "7"}),
	)
}

func sendSystemTopics() Case {
	var steps []Step
	for _, t := range []string{"SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC",
		"TRANS_CHECK_MAX_TIME_TOPIC", "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT", "TBW102", "BenchmarkTest", "DefaultCluster",
		"RMQ_SYS_TRACE_TOPIC", "rmq_sys_wheel_timer", "rmq_sys_REVIVE_LOG_DefaultCluster", "DefaultCluster_REPLY_TOPIC",
		"%DLQ%bad_dlq"} {
		steps = append(steps, send(t, t, nil))
	}
	return each("send_system_topic", steps...)
}

func sendSizes() Case {
	return each("send_size",
		send("no body", "bad_size", nil).body(""),
		send("body of 4 MiB", "bad_size", nil).body("${repeat x 4194304}"),
		send("body of 4 MiB + 1", "bad_size", nil).body("${repeat x 4194305}"),
		send("properties of 32767 bytes", "bad_size", ext{"i": "k\u0001${repeat v 32764}\u0002"}),
		send("properties of 32768 bytes", "bad_size", ext{"i": "k\u0001${repeat v 32765}\u0002"}),
		send("properties of 40000 bytes", "bad_size", ext{"i": "k\u0001${repeat v 39997}\u0002"}),
		send("producer group of 300 characters", "bad_size", ext{"a": "${repeat g 300}"}),
		send("producer group with a space", "bad_size", ext{"a": "a group"}),
		send("empty producer group", "bad_size", ext{"a": ""}),
	)
}

func sendQueueIDs() Case {
	return each("send_queue_id",
		send("known topic", "bad_queue", nil).setup(),
		send("one too high", "bad_queue", ext{"e": "4"}),
		send("much too high", "bad_queue", ext{"e": "100"}),
		send("largest int", "bad_queue", ext{"e": "2147483647"}),
		send("beyond int", "bad_queue", ext{"e": "2147483648"}),
		send("-1 is any queue", "bad_queue", ext{"e": "-1"}).loose("queueId", "queueOffset"),
		send("-5 too", "bad_queue", ext{"e": "-5"}).loose("queueId", "queueOffset"),
		sendV1("V1, much too high", "bad_queue", ext{"queueId": "100"}),
	)
}

func sendWrongTypes() Case {
	return each("send_wrong_type",
		send("number as word", "bad_types", ext{"e": "abc"}),
		send("empty number", "bad_types", ext{"e": ""}),
		send("number with space", "bad_types", ext{"e": " 1"}),
		send("number with plus", "bad_types", ext{"e": "+1"}),
		send("JSON number", "bad_types", ext{"e": 1}),
		send("JSON boolean", "bad_types", ext{"k": true}),
		send("JSON null in a required field", "bad_types", ext{"e": nil}),
		send("boolean as word", "bad_types", ext{"k": "maybe"}),
		send("float", "bad_types", ext{"e": "1.5"}),
		send("nested object", "bad_types", ext{"e": map[string]any{"x": 1}}),
		send("list", "bad_types", ext{"b": []string{"x"}}),
		send("no extFields", "bad_types", nil).noExt(),
		sendV1("no extFields, V1", "bad_types", nil).noExt(),
		Step{Why: "extFields empty", Code: 310, Body: "hello"},
		send("V1 names under code 310", "x", ext{"a": drop, "b": drop, "topic": "bad_types", "producerGroup": "PG"}),
		send("unknown extra field", "bad_types", ext{"zzz": "1"}),
		send("one-letter names under code 10", "bad_types", nil).code(10),
		send("one-way, unknown topic name", "bad topic", nil).oneway(),
	)
}

func (s Step) oneway() Step { s.Flag, s.WaitMs = 2, 700; return s }

func sendProperties() Case {
	return each("send_properties",
		send("no separators", "bad_prop", ext{"i": "garbage"}),
		send("name without value", "bad_prop", ext{"i": "name\u0001\u0002"}),
		send("value without name", "bad_prop", ext{"i": "\u0001value\u0002"}),
		send("last separator missing", "bad_prop", ext{"i": "TAGS\u0001a"}),
		send("delay level above the last", "bad_prop", ext{"i": "DELAY\u000199\u0002"}),
		send("delay level as word", "bad_prop", ext{"i": "DELAY\u0001abc\u0002"}),
		send("negative delay level", "bad_prop", ext{"i": "DELAY\u0001-1\u0002"}),
		send("half message without a group", "bad_prop", ext{"i": "TRAN_MSG\u0001true\u0002"}),
		send("half message", "bad_prop",
			ext{"i": "TRAN_MSG\u0001true\u0002PGROUP\u0001PG_bad\u0002UNIQ_KEY\u00017F000001000018B4AAC20000000F0001\u0002"}),
		send("timer 4 days ahead", "bad_prop", ext{"i": "TIMER_DELAY_SEC\u0001345600\u0002"}),
		send("timer as word", "bad_prop", ext{"i": "TIMER_DELAY_SEC\u0001abc\u0002"}),
		send("timer in the past", "bad_timer_past", ext{"i": "TIMER_DELIVER_MS\u00011\u0002"}),
		send("timer beyond long", "bad_prop", ext{"i": "TIMER_DELIVER_MS\u000199999999999999999999\u0002"}),
		send("wait flag as word", "bad_prop", ext{"i": "WAIT\u0001maybe\u0002"}),
		send("unknown system flag bits", "bad_prop", ext{"f": "-1"}),
		send("compressed bit with plain body", "bad_prop", ext{"f": "1"}),
	)
}

func sendBatches() Case {
	// total 4, magic 4, crc 4, flag 4, body length 4, body, properties length 2
	one := "0000001b" + "00000000" + "00000000" + "00000000" + "00000005" + "68656c6c6f" + "0000"
	hexed := func(s Step, h string) Step { s.Body, s.BodyHex = "", h; return s }
	batch := func(why string, over ext) Step {
		return send(why, "bad_batch", with(ext{"m": "true"}, over)).code(320)
	}
	return each("send_batch",
		hexed(batch("two good messages", nil), one+one).loose("msgId"),
		batch("body is no batch", nil),
		batch("empty body", nil).body(""),
		hexed(batch("second one cut short", nil), one+one[:20]),
		hexed(batch("length of a message too large", ext{"b": "bad_batch_len1"}), "7fffffff"+one[8:]),
		hexed(batch("negative length", ext{"b": "bad_batch_len2"}), "ffffffff"+one[8:]),
		hexed(batch("length zero", ext{"b": "bad_batch_len3"}), "00000000"+one[8:]),
		hexed(batch("body length beyond the message", nil), one[:32]+"000000ff"+one[40:]),
		hexed(batch("delayed", ext{"i": "DELAY\u00013\u0002"}), one+one).loose("msgId"),
		hexed(batch("to a retry topic", ext{"b": "%RETRY%CG_bad_batch"}), one+one),
		hexed(batch("topic too long", ext{"b": "${repeat t 200}"}), one+one),
		hexed(batch("batch bit not set", ext{"m": "false"}), one),
	)
}

func sendRetryTopic() Case {
	return each("send_retry_topic",
		send("unknown group", "%RETRY%CG_bad_none", ext{"j": "1"}).loose("queueId"),
		Step{Why: "known group", Code: 352, Ext: ext{"group": "CG_bad_retry"}}.setup(),
		send("below the limit", "%RETRY%CG_bad_retry", ext{"j": "1", "l": "3"}),
		send("above the limit goes to the dead letters", "%RETRY%CG_bad_retry", ext{"j": "4", "l": "3"}),
		send("prefix only", "%RETRY%", ext{"j": "1"}),
		send("name of 255 characters", "%RETRY%${repeat g 248}", nil),
		send("name of 256 characters", "%RETRY%${repeat g 249}", nil),
	)
}

func sendReply() Case {
	return each("send_reply",
		send("no such client", "DefaultCluster_REPLY_TOPIC", ext{"i": "REPLY_TO_CLIENT\u0001nobody\u0002"}).code(325),
		send("no client named", "DefaultCluster_REPLY_TOPIC", nil).code(325),
		send("no extFields", "DefaultCluster_REPLY_TOPIC", nil).code(325).noExt(),
	)
}
