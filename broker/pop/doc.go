// Package pop hands messages out one by one, without queues on the client: it makes them invisible for a time, takes
// their acknowledgements, and delivers again what was not acknowledged. It knows no wire.
//
// A lane is one queue of a topic for one group. A pop reads a lane from where the last one ended and notes a check
// point: the messages that it handed out. Acknowledgements set bits in it. The group's committed offset follows the
// check points of a lane in their order, behind each that is settled: all acknowledged, or stored. What is not
// acknowledged soon is stored in the revive topic, where Java's brokers find it too, and so are acknowledgements from
// then on; the revive service reads that topic and stores what was not acknowledged in time in the group's retry topic.
//
// Java: PopMessageProcessor, PopBufferMergeService, PopReviveService, PopLongPollingService, QueueLevelConsumerManager.
package pop
