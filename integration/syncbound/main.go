// Command syncbound measures what SYNC_FLUSH with 64 messages in flight on 8 connections costs at the least on this
// machine: one thread that reads requests of the broker's size, writes 64 records with one pwrite, waits for one
// fdatasync and answers; no protocol, no queues, no second thread. docs/performance-notes.md compares the broker with
// it.
//
//	cd integration && go run ./syncbound -time 5s
//
// With -flusher a second thread waits for the disk, as a server's has to that takes requests meanwhile: the two wake
// each other once for each group. The first processor serves, the second one sends, if there are two.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gorocket/integration/bare"
)

const (
	conns, perConn = 8, 8
	inFlight       = conns * perConn
	requestSize    = 460 // bytes of a send of 128 bytes by `gorocket bench`, of its answer, and of its record
	answerSize     = 260
	recordSize     = 330
	fileSize       = 256 << 20
)

func main() {
	folder := flag.String("dir", ".", "folder on the disk to measure")
	d := flag.Duration("time", 5*time.Second, "length of the measurement")
	flusher := flag.Bool("flusher", false, "a thread of its own waits for the disk")
	port := flag.Int("client", 0, "be the sender, for the server on this port")
	flag.Parse()
	runtime.LockOSThread()
	err := error(nil)
	if *port != 0 {
		err = send(*port)
	} else {
		err = measure(*folder, *d, *flusher)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "syncbound:", err)
		os.Exit(1)
	}
}

func measure(folder string, d time.Duration, flusher bool) error {
	bare.Pin(0)
	log, err := prepared(folder)
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	s := &server{log: int(log.Fd()), until: time.Now().Add(d)}
	l, port, err := bare.Listen(conns)
	if err != nil {
		return err
	}
	sender := exec.Command(os.Args[0], "-client", fmt.Sprint(port))
	sender.Stderr = os.Stderr
	if err := sender.Start(); err != nil {
		return err
	}
	defer func() { _ = sender.Process.Kill(); _ = sender.Wait() }()
	if err := s.accept(l); err != nil {
		return err
	}
	if flusher {
		if err := s.startFlusher(); err != nil {
			return err
		}
	}
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	began := time.Now()
	if err := s.run(); err != nil {
		return err
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	fmt.Printf("%.0f messages/s, %.2f µs of CPU each, %.0f µs for each 64\n", float64(s.total)/time.Since(began).Seconds(),
		float64(cpu)/1e3/float64(s.total), float64(time.Since(began).Microseconds())*inFlight/float64(s.total))
	return nil
}

// prepared makes a file whose blocks are all there, as those of the commit log are.
func prepared(folder string) (*os.File, error) {
	f, err := os.CreateTemp(folder, "syncbound")
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for range fileSize / len(zeros) {
		if _, err := f.Write(zeros); err != nil {
			return nil, err
		}
	}
	return f, f.Sync()
}

// server is one thread with its connections.
type server struct {
	log, poll int
	until     time.Time
	came      map[int32]int // bytes of a request that is not whole, by descriptor
	waiting   map[int32]int // requests that wait for the disk
	total     int
	// With a flusher: descriptors for events, by which it is told to flush, and tells that it has; else 0.
	flush, flushed int
}

// startFlusher starts the thread that waits for the disk.
func (s *server) startFlusher() (err error) {
	if s.flush, err = unix.Eventfd(0, 0); err != nil {
		return err
	}
	if s.flushed, err = unix.Eventfd(0, 0); err != nil {
		return err
	}
	in := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.flushed)}
	if err := unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, s.flushed, &in); err != nil {
		return err
	}
	go func() {
		runtime.LockOSThread()
		bare.Pin(0)
		for count := make([]byte, 8); ; {
			if _, err := unix.Read(s.flush, count); err != nil {
				return
			}
			if unix.Fdatasync(s.log) != nil {
				return // the measurement stops moving, and says so
			}
			if _, err := unix.Write(s.flushed, one); err != nil {
				return
			}
		}
	}()
	return nil
}

// one is what is written to a descriptor for events.
var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

func (s *server) accept(l int) (err error) {
	s.came, s.waiting = map[int32]int{}, map[int32]int{}
	if s.poll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	for range conns {
		fd, _, err := unix.Accept(l)
		if err != nil {
			return err
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		in := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err := unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, fd, &in); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) run() error {
	buf, record, answers := make([]byte, 64<<10), make([]byte, inFlight*recordSize), make([]byte, perConn*answerSize)
	events := make([]unix.EpollEvent, conns)
	at, pending := int64(0), 0
	for time.Now().Before(s.until) {
		n, err := unix.EpollWait(s.poll, events, 100)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			got, err := unix.Read(int(e.Fd), buf)
			if err != nil || got == 0 {
				return fmt.Errorf("the sender has gone: %w", err)
			}
			if int(e.Fd) == s.flushed {
				if err := s.answer(answers); err != nil {
					return err
				}
				continue
			}
			s.came[e.Fd] += got
			whole := s.came[e.Fd] / requestSize
			s.came[e.Fd] -= whole * requestSize
			s.waiting[e.Fd] += whole
			pending += whole
		}
		if pending < inFlight {
			continue
		}
		pending = 0
		if at+int64(len(record)) > fileSize {
			at = 0
		}
		if err := s.store(record, at); err != nil {
			return err
		}
		at += int64(len(record))
		if s.flush != 0 {
			continue // the flusher says when
		}
		if err := s.answer(answers); err != nil {
			return err
		}
	}
	return nil
}

// answer answers all that wait.
func (s *server) answer(answers []byte) error {
	for fd, k := range s.waiting {
		if _, err := unix.Write(int(fd), answers[:k*answerSize]); err != nil {
			return err
		}
		s.waiting[fd], s.total = 0, s.total+k
	}
	return nil
}

func (s *server) store(records []byte, at int64) error {
	if _, err := unix.Pwrite(s.log, records, at); err != nil {
		return err
	}
	if s.flush != 0 {
		_, err := unix.Write(s.flush, one)
		return err
	}
	return unix.Fdatasync(s.log)
}

// send keeps perConn requests in flight on each connection, until the server ends.
func send(port int) error {
	bare.Pin(1)
	poll, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	requests, buf, came := make([]byte, perConn*requestSize), make([]byte, 64<<10), map[int32]int{}
	for range conns {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}); err != nil {
			return err
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		in := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err := unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &in); err != nil {
			return err
		}
		if _, err := unix.Write(fd, requests); err != nil {
			return err
		}
	}
	events := make([]unix.EpollEvent, conns)
	for {
		n, err := unix.EpollWait(poll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			got, err := unix.Read(int(e.Fd), buf)
			if err != nil || got == 0 {
				return nil // the measurement is over
			}
			came[e.Fd] += got
			whole := came[e.Fd] / answerSize
			came[e.Fd] -= whole * answerSize
			if whole == 0 {
				continue
			}
			if _, err := unix.Write(int(e.Fd), requests[:whole*requestSize]); err != nil {
				return nil
			}
		}
	}
}
