package ha

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	// readSize is how much is read at once, in bytes: what comes together is stored and reported together. With a
	// quarter of it catching up takes a sixth more CPU.
	readSize = 1 << 20
	// reportLeast is how much a report is about at least, in bytes, while more has come already: a report costs both
	// ends a wake-up, and nobody waits for what is far behind.
	reportLeast = 4 << 20
)

// follower is one connection to a master. The slave's goroutine only.
type follower struct {
	s      *Slave
	ctx    context.Context // ends the connection
	raw    net.Conn        // what sock is spoken over
	sock   net.Conn
	addr   string
	served bool // something that fits came
	begun  bool // a piece of the log came, and it may be stored

	in       blocks
	small    [ackSize]byte // for a report
	size     int64         // bytes of a file of the log
	reported int64         // the last report
	wroteAt  time.Time     // its time
	readAt   time.Time     // of the last bytes from the master
}

// run asks for the log and stores it until the connection ends.
func (f *follower) run() error {
	f.size = f.s.store.SegmentSize()
	f.readAt = time.Now()
	if err := f.agree(); err != nil {
		return f.explain(err)
	}
	if err := f.report(); err != nil {
		return err
	}
	f.s.mu.Lock()
	f.s.status.connected, f.s.status.since = true, f.readAt
	f.s.mu.Unlock()
	if f.s.ev.Connected != nil {
		f.s.ev.Connected(f.addr, f.reported)
	}
	buf := make([]byte, readSize)
	for {
		n, err := f.read(buf)
		if err == nil && n > 0 {
			err = f.store(buf[:n])
		}
		if err == nil && f.due(n) {
			err = f.report()
		}
		if err != nil {
			return f.explain(err)
		}
	}
}

// due tells whether it is time for a report, after a read of n bytes.
func (f *follower) due(n int) bool {
	end := f.s.store.MaxPhyOffset()
	whole := n == readSize || f.sock != f.raw // what shields it gives small pieces
	if end == f.reported || whole && end-f.reported < reportLeast && f.more() {
		return time.Since(f.wroteAt) >= f.s.opt.HeartbeatInterval
	}
	return true
}

// explain says more about a connection that the master ended before it had sent anything.
func (f *follower) explain(err error) error {
	if f.served || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	if f.reported == 0 { // which every master takes
		return fmt.Errorf("ha: the connection ended without a byte: is this the haListenPort of a master, and has it room "+
			"for one more slave (maxHaConnections)? %w", err)
	}
	return fmt.Errorf("ha: the master ended the connection without a byte: the log of this broker ends at %d, which may "+
		"be behind the end of the master's log, or in front of its start: %w", f.reported, err)
}

// read waits for bytes, at most until the next report is due: then it returns 0.
func (f *follower) read(buf []byte) (int, error) {
	silent := f.readAt.Add(f.s.opt.HousekeepingInterval)
	wake := f.wroteAt.Add(f.s.opt.HeartbeatInterval)
	if silent.Before(wake) {
		wake = silent
	}
	if err := f.sock.SetReadDeadline(wake); err != nil {
		return 0, err
	}
	n, err := f.sock.Read(buf)
	now := time.Now()
	var timeout net.Error
	if n == 0 && errors.As(err, &timeout) && timeout.Timeout() {
		if now.Before(silent) {
			return 0, nil
		}
		return 0, errSilent
	}
	if n > 0 {
		f.readAt = now
		f.s.lastRead.Store(now.UnixMilli())
		f.s.received.add(int64(n))
	}
	return n, err
}

// store stores what a read brought.
func (f *follower) store(b []byte) error {
	if err := f.in.take(b, f.size, f.append); err != nil {
		return err
	}
	if sw := f.s.opt.Switch; sw != nil {
		sw.Confirmed(min(f.in.confirm, f.s.store.MaxPhyOffset()))
	}
	if !f.served {
		f.served = true
		f.s.mu.Lock()
		f.s.status.err = nil
		f.s.mu.Unlock()
	}
	return nil
}

// append stores a piece of the log.
func (f *follower) append(at int64, b []byte) error {
	if !f.begun && len(b) > 0 {
		if err := f.begin(at); err != nil {
			return err
		}
		f.begun = true
	}
	return f.s.store.AppendRaw(at, b)
}

// begin looks whether the log may go on, or begin, at an offset: where it begins a file is made.
func (f *follower) begin(at int64) error {
	if f.reported > 0 || at == 0 || f.s.opt.End == nil {
		return nil // the store knows where it goes on
	}
	end, err := f.s.opt.End(f.ctx, f.addr)
	if err != nil {
		return fmt.Errorf("ha: the log is to begin at %d, and where the master's ends cannot be asked: %w", at, err)
	}
	if at > end {
		return fmt.Errorf("ha: the log is to begin at %d, but the master says that its ends at %d: what answers at %s "+
			"is not its haListenPort", at, end, f.addr)
	}
	return nil
}

// report tells the master where the log ends: what it has whole, which is what a start would find.
func (f *follower) report() error {
	end := f.s.store.MaxPhyOffset()
	if f.s.opt.Durable != nil && end != f.reported {
		if err := f.s.opt.Durable(f.ctx, end); err != nil {
			return fmt.Errorf("ha: this slave's log is not durable up to %d, and is not reported so: %w", end, err)
		}
	}
	b := binary.BigEndian.AppendUint64(f.small[:0], uint64(end))
	if f.s.opt.Switch != nil {
		b = appendAck(f.small[:0], end)
	}
	if err := f.write(b); err != nil {
		return err
	}
	f.reported = end
	return nil
}

// write sends b to the master.
func (f *follower) write(b []byte) error {
	f.wroteAt = time.Now()
	if err := f.sock.SetWriteDeadline(f.wroteAt.Add(f.s.opt.HousekeepingInterval)); err != nil {
		return err
	}
	if _, err := f.sock.Write(b); err != nil {
		return err
	}
	f.s.lastWrite.Store(f.wroteAt.UnixMilli())
	return nil
}
