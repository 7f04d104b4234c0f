package timer

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"

	"gorocket/compat"
	"gorocket/store/vfs"
)

// checkpointSize is the size of config/timercheck; checkpointBody the bytes that mean something and that code 60
// answers.
const (
	checkpointSize = 4096
	checkpointBody = 56
)

// checkpoint is the content of config/timercheck: seven int64. Java: TimerCheckpoint.
type checkpoint struct {
	readTime     int64 // ms; every slot before it has been delivered
	logPos       int64 // the timer log is durable up to here
	queueOffset  int64 // next offset of rmq_sys_wheel_timer; what is below is in the timer log or delivered
	masterOffset int64 // the same of the master; on a master equal to queueOffset
	version      compat.DataVersion
}

func decodeCheckpoint(b []byte) (c checkpoint, ok bool) {
	if len(b) < checkpointBody {
		return c, false
	}
	v := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[i*8:])) }
	c = checkpoint{readTime: v(0), logPos: v(1), queueOffset: v(2), masterOffset: v(3),
		version: compat.DataVersion{StateVersion: v(4), Timestamp: v(5), Counter: v(6)}}
	return c, c.readTime >= 0 && c.logPos >= 0 && c.queueOffset >= 0 && c.masterOffset >= 0
}

// encode is the body of code 60, checkpointBody bytes.
func (c checkpoint) encode() []byte {
	b := make([]byte, 0, checkpointBody)
	for _, v := range []int64{c.readTime, c.logPos, c.queueOffset, c.masterOffset, c.version.StateVersion,
		c.version.Timestamp, c.version.Counter} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// resumeAt is the queue offset that enqueuing goes on from.
func (c checkpoint) resumeAt() int64 { return min(c.queueOffset, c.masterOffset) }

// checkpointFile is the open config/timercheck. It is overwritten in place, as Java does: its 56 bytes share a sector.
type checkpointFile struct{ f vfs.File }

// openCheckpoint opens or makes the file. found is false when it says nothing.
func openCheckpoint(fsys vfs.FS, name string) (cf checkpointFile, c checkpoint, found bool, err error) {
	if err = vfs.MkdirDurable(fsys, path.Dir(name)); err != nil {
		return cf, c, false, err
	}
	f, err := fsys.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = fsys.Create(name); err == nil {
			err = fsys.SyncDir(path.Dir(name))
		}
	}
	if err != nil {
		return cf, c, false, err
	}
	b := make([]byte, checkpointSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return cf, c, false, err
	}
	c, ok := decodeCheckpoint(b[:n])
	if !ok {
		c = checkpoint{}
	}
	return checkpointFile{f}, c, c != checkpoint{}, nil
}

func (cf checkpointFile) write(c checkpoint) error {
	b := make([]byte, checkpointSize)
	copy(b, c.encode())
	if _, err := cf.f.WriteAt(b, 0); err != nil {
		return err
	}
	return cf.f.Sync()
}
