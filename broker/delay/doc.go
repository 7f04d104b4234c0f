// Package delay delivers the messages of delay levels: they wait in SCHEDULE_TOPIC_XXXX, queue level-1, whose consume
// queue entries carry the delivery time. One goroutine for each level sleeps until the next delivery or the next
// message; idle levels cost nothing. Order within a level is kept: a delivery that fails is tried again before the
// next one. Java: ScheduleMessageService.
package delay
