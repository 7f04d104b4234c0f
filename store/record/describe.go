package record

import (
	"fmt"
	"time"
)

// String tells people which record this is.
func (m *View) String() string {
	return fmt.Sprintf("message %d of queue %d of %s, stored %s, with CRC %08x", m.QueueOffset, m.QueueID, m.Topic,
		time.UnixMilli(m.StoreTimestamp).UTC().Format("2006-01-02T15:04:05.000Z"), m.BodyCRC)
}

// Describe is String of bytes that should be a record.
func Describe(rec []byte) string {
	m, err := Decode(rec)
	if err != nil {
		return fmt.Sprintf("what is no record (%v)", err)
	}
	return m.String()
}
