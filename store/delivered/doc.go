// Package delivered tells which of the delayed messages that are due have been delivered already.
//
// What was delivered is noted in files, or on a slave heard from the master, a moment after the copy was stored in its
// real queue. After a kill, and when a slave becomes master, the deliveries of that moment would come again. But the
// copies are in the log: whoever goes on with the deliveries reads the log from that moment on first, and leaves out
// what it finds there. Java does not; it delivers again.
//
// A copy belongs to a parked message when all of these are the same: target topic and queue, the client's message id
// (UNIQ_KEY), time of birth, flag, times consumed, delivery time, length and CRC of the body. Java's copies keep all of
// them too. A message without a client's id, which no client of RocketMQ sends, is delivered again rather than left out
// by mistake.
package delivered
