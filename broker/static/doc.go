// Package static answers for static topics, whose queues are logic ones: lists of pieces, each a physical queue on some
// broker with the logic offset at which it begins. The broker of the newest piece leads the queue and answers for it.
// See Service. Java: TopicQueueMappingManager, TopicQueueMappingUtils, the rewrite methods of the processors.
package static
