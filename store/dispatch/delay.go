package dispatch

// ScheduleTopic holds messages of the 18 delay levels; its queue id is level-1 (Java
// TopicValidator.RMQ_SYS_SCHEDULE_TOPIC).
const ScheduleTopic = "SCHEDULE_TOPIC_XXXX"

// deliverTime is the tags code of a schedule entry: level above the last counts as the last, an unknown level waits one
// second (Java ScheduleMessageService.computeDeliverTimestamp).
func deliverTime(levels []int64, level int32, storeTime int64) int64 {
	if int(level) > len(levels) {
		level = int32(len(levels))
	}
	if level < 1 {
		return storeTime + 1000
	}
	return storeTime + levels[level-1]
}
