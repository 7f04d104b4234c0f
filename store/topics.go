package store

import (
	"fmt"

	"gorocket/store/consumequeue"
)

// DeleteTopic removes the consume queues of a topic; its messages stay in the log until they expire, and its queues
// start at 0 again (Java DefaultMessageStore.deleteTopics). No error for an unknown topic, ErrTopicName for one that
// cannot be a folder.
func (s *Store) DeleteTopic(topic string) error {
	if !consumequeue.HasFolder(topic, 0) {
		return fmt.Errorf("%w: topic %.300q", ErrTopicName, topic)
	}
	return s.queues.DeleteTopic(topic)
}
