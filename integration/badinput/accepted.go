package badinput

// required are the broker's request codes of the first slice (issue 3). Any other code may be answered as Java answers
// an unknown one, which is right as long as nobody claims to support it: docs/support.md says what is supported.
var required = map[int]bool{10: true, 310: true, 320: true, 11: true, 361: true, 12: true, 14: true, 15: true, 43: true,
	17: true, 21: true,
	29: true, 30: true, 31: true, 32: true, 33: true, 34: true, 35: true, 36: true, 38: true, 41: true, 42: true,
	200: true, 201: true}

// answeredAsUnknown tells whether the step's code is outside the first slice and was refused as an unknown code.
func (s Step) answeredAsUnknown(got *Answer) bool {
	return s.To == "" && !required[s.Code] && s.RawHex == "" && got.Code == 3
}

// Accepted is a deviation from Java that is meant.
type Accepted struct {
	Case, Why string // the step; an empty Why means every step of the case
	Reason    string
}

// Deviations is the whole list; the test fails for an entry that no longer deviates.
func Deviations() []Accepted {
	return []Accepted{
		{"broker_config", "number as word", "a value that does not parse is refused with its key; Java answers SUCCESS and " +
			"ignores it"},
		{"frame_header_list", "", "a header that is no object closes the connection, as any other unreadable header; Java " +
			"drops the frame silently"},
		{"send_system_topic", "rmq_sys_wheel_timer", "clients may not write what the timers obey; Java stores it"},
		{"send_system_topic", "rmq_sys_REVIVE_LOG_DefaultCluster", "nor what acknowledges POP messages; Java stores it"},
		{"topic_admin", "-1 queues", "a topic has 0 to maxTopicQueueNums queues; Java stores any number"},
		{"offset_update", "queue 100", "an offset of a queue that the topic does not have is refused; Java keeps it for " +
			"ever"},
		{"offset_update", "queue -1", "the same"},
		{"broker_config", "unknown key", "an unknown key is refused with a hint; Java answers SUCCESS and ignores it"},
		{"broker_config", "no equals sign", "the same"},
		{"ns_config", "unknown key", "the same, at the NameServer"},
		{"ns_config", "no equals sign", "the same"},
		{"frame_header_utf8", "", "a string of the header that nobody reads may hold any bytes"},
	}
}

// Reason returns why a deviation of a step is accepted, or "".
func Reason(caseName, why string) string {
	for _, a := range Deviations() {
		if a.Case == caseName && (a.Why == "" || a.Why == why) {
			return a.Reason
		}
	}
	return ""
}
