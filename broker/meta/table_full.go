package meta

import "fmt"

// Limits of what administrators and clients may put into the tables; those with a key of their own are settings.
const (
	MaxQueueNumber  = 1<<16 - 1 // of any queue: above what a topic may have (maxTopicQueueNums)
	MaxRequestModes = 100_000   // entries that SET_MESSAGE_REQUEST_MODE made
	MaxForbidden    = 100_000   // entries that UPDATE_AND_GET_GROUP_FORBIDDEN made
)

// TableFullError says that a table takes no more entries. It is answered with code 1.
type TableFullError struct {
	What  string
	Key   string // of the configuration, or "" for a fixed limit
	Limit int64
}

func (e *TableFullError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("the broker keeps no more than %d %s", e.Limit, e.What)
	}
	return fmt.Sprintf("the broker keeps no more than %d %s (%s)", e.Limit, e.What, e.Key)
}
