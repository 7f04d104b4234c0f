// Package timer keeps messages with an arbitrary delivery time: the timer wheel, the timer log and the timer check
// point of a store directory, byte for byte those of Java's TimerMessageStore, so that a Java broker goes on where this
// one stopped and the other way round.
//
// A timer message lies in queue 0 of rmq_sys_wheel_timer. One goroutine, the loop, reads that queue. For each message
// it appends a unit to the timer log and hangs it into the wheel slot of its time; units of one slot form a chain from
// the newest to the oldest. When the time of a slot is over the loop walks the chain and stores a copy of each message
// in its real queue. Messages beyond the roll window are parked at a nearer time and stored again.
//
// A second goroutine, the flusher, makes progress durable in an order in which a power cut can only lead to work done
// twice: the commit log (with what was delivered), the timer log, the wheel, the check point.
//
// Java: store/timer/TimerMessageStore.java, TimerWheel.java, TimerLog.java, Slot.java, TimerCheckpoint.java,
// TimerMetrics.java.
package timer
