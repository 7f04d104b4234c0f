package admin

// ownCommands are those that Java's tool does not have.
func ownCommands() []command {
	return []command{
		{name: "dlq", run: runDLQ,
			summary: "Dead letters: dlq list | show | resend.",
			options: []option{
				word("g", "groupName", "the group whose dead letters are meant"),
				word("i", "msgId", "one message"),
				word("k", "msgKey", "messages with this key"),
				word("b", "beginTimestamp", "from this time on[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"),
				word("e", "endTimestamp", "before this time[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"),
				flag("a", "all", "resend all of the group"),
				word("m", "maxNum", "show so many at most, default 64"),
				word("r", "rate", "resend so many per second, default 100"),
				word("o", "origin", "resend to the topic that the messages came from, for all its groups (true|false); "+
					"default false: to the group alone"),
				word("d", "printBody", "show bodies (true|false)"),
			}, deletes: true},
		{name: "doctor", run: runDoctor,
			summary: "Look for what is wrong with a cluster.",
			options: []option{
				word("c", "clusterName", "which cluster, default all"),
				word("w", "wait", "seconds between two looks at backlogs, default 5; 0: one look"),
			}},
		{name: "top", run: runTop,
			summary: "Brokers and the groups that lag most, again and again.",
			options: []option{
				word("c", "clusterName", "which cluster, default all"),
				word("i", "interval", "seconds between two looks, default 2"),
				word("m", "maxNum", "so many groups, default 20"),
				flag("o", "once", "look once"),
			}},
		{name: "completion", run: runCompletion,
			summary: "Script for the shell that completes commands, options and names: completion bash | zsh | fish."},
	}
}
