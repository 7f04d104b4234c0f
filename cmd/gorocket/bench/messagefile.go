package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
)

// messageFile is stored messages of one queue, all of one size, in a file without a name that ends with the process.
// Immutable but for close.
type messageFile struct {
	file   *os.File
	record int   // bytes of each
	count  int64 // queue offsets 0 to count-1
}

// maxMessageFile bounds the file, in bytes.
const maxMessageFile = 8 << 30

// newMessageFile writes count messages with bodies of size bytes into the system's temporary folder. They stay in the
// page cache.
func newMessageFile(size int, count int64) (*messageFile, error) {
	f, err := os.CreateTemp("", "gorocket-bench-")
	if err != nil {
		return nil, err
	}
	m := &messageFile{file: f, count: count}
	if err = os.Remove(f.Name()); err == nil {
		err = m.write(size)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("file of messages: %w", err)
	}
	return m, nil
}

func (m *messageFile) close() { _ = m.file.Close() }

func (m *messageFile) write(size int) error {
	spec := messageFlags{size: size, batch: 1}
	body, props := spec.body(""), spec.text(newKeyPrefix())
	w := bufio.NewWriterSize(m.file, 1<<20)
	var b []byte
	for i := range m.count {
		b = appendRecord(b[:0], i, body, props)
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	m.record = len(b)
	return w.Flush()
}

// answerBytes is how much a broker gives in one answer from memory (maxTransferBytesOnMessageInMemory).
const answerBytes = 256 << 10

// span is where the answer to a pull of most messages at offset stands in the file: as many as a broker would give, one
// at least.
func (m *messageFile) span(offset, most int64) (at, size int64) {
	n := max(1, min(most, m.count-offset, int64(answerBytes/m.record)))
	return offset * int64(m.record), n * int64(m.record)
}

// appendRecord appends one stored message of queue 0: its sizes and sums are right, its times and addresses are 0.
// Java: MessageExtEncoder.encode.
func appendRecord(dst []byte, offset int64, body []byte, props string) []byte {
	be, begin := binary.BigEndian, len(dst)
	dst = append(dst, make([]byte, recHosts+2*hostV4+recAfterHosts)...)
	head := dst[begin:]
	be.PutUint32(head[recMagic:], magicV1)
	be.PutUint32(head[recCRC:], crc32.ChecksumIEEE(body)&crcMask)
	be.PutUint64(head[recOffset:], uint64(offset))
	be.PutUint32(head[len(head)-4:], uint32(len(body)))
	dst = append(dst, body...)
	dst = append(append(dst, byte(len(defaultTopic))), defaultTopic...)
	dst = append(be.AppendUint16(dst, uint16(len(props))), props...)
	be.PutUint32(dst[begin:], uint32(len(dst)-begin))
	return dst
}
