package badinput

func queryCases() []Case {
	key := func(why string, over ext) Step {
		return Step{Why: why, Code: 12, Ext: with(ext{"topic": "bad_query", "key": "k1", "maxNum": "32",
			"beginTimestamp": "0", "endTimestamp": "9999999999999"}, over)}
	}
	view := func(why, offset string) Step { return Step{Why: why, Code: 33, Ext: ext{"offset": offset}} }
	return []Case{
		each("query_by_key", append(fiveMessages("bad_query"),
			key("unknown key", nil), key("unknown topic", ext{"topic": "no_such_topic"}), key("empty key", ext{"key": ""}),
			key("maxNum 0", ext{"maxNum": "0"}), key("maxNum -1", ext{"maxNum": "-1"}),
			key("end before begin", ext{"beginTimestamp": "5", "endTimestamp": "1"}),
			key("unknown unique key", ext{"_UNIQUE_KEY_QUERY": "true"}), key("no extFields", nil).noExt())...),
		each("query_by_key_missing", missing(key("", nil), "topic", "key", "maxNum", "beginTimestamp", "endTimestamp")...),
		each("view_by_id", view("middle of a record", "7"), view("negative", "-1"), view("far beyond", "999999999999"),
			view("word", "abc"), view("largest long", "9223372036854775807"), Step{Why: "without offset", Code: 33, Ext: ext{}},
			Step{Why: "no extFields", Code: 33, NoExt: true}),
	}
}
