package consumequeue

import (
	"errors"
	"fmt"

	"gorocket/store/record"
)

// ErrTopicName says that a topic's name, or a queue's number, cannot be a folder (MESSAGE_ILLEGAL).
var ErrTopicName = fmt.Errorf("%w: the topic's name, or the queue's number, cannot be a folder", record.ErrIllegal)

// ErrClosed says that the table is closed.
var ErrClosed = errors.New("store: not readable")
