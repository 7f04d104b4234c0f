// Command catchbound measures how fast a slave can catch up at the most on this machine: one process sends files of
// the page cache by sendfile over loopback, another one reads them and writes them by pwrite to new files whose blocks
// are reserved, as those of a commit log are; no record is looked at, and no queue written. docs/performance-notes.md
// compares gorocket with it.
//
//	cd integration && go run ./catchbound -mib 4096 -dir /var/tmp
//
// Each process is on a processor of its own; with -one both share the first one. With -sync a second thread of the
// receiver, on its processor, makes what came durable every 500 ms, as a broker does. With -rate so much is sent each
// millisecond as makes that rate, as a master sends to a slave that is not behind.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gorocket/integration/bare"
	"gorocket/integration/load"
)

const fileSize = 1 << 30 // of a commit log

var (
	folder = flag.String("dir", ".", "folder on the disk to measure")
	mib    = flag.Int("mib", 4096, "how much is sent, in MiB")
	block  = flag.Int("block", 1<<20, "bytes of one sendfile at most")
	room   = flag.Int("read", 256<<10, "bytes of one read and pwrite at most")
	one    = flag.Bool("one", false, "both processes on one processor")
	rate   = flag.Int("rate", 0, "MB to send each second; 0: all that goes")
	synced = flag.Bool("sync", false, "make what came durable every 500 ms")
	port   = flag.Int("receive", 0, "be the receiver, from the sender at this port")
)

func main() {
	flag.Parse()
	runtime.LockOSThread()
	var err error
	if *port != 0 {
		err = receive()
	} else {
		err = measure()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catchbound:", err)
		os.Exit(1)
	}
}

// pin keeps this thread on one processor.
func pin(cpu int) {
	if *one {
		cpu = 0
	}
	bare.Pin(cpu)
}

// total is how much is sent, in bytes.
func total() int64 { return int64(*mib) << 20 }

// files opens, or makes, the files of a commit log.
func files(dir string, open func(name string, size int64) (int, error)) (fds []int, err error) {
	for at := int64(0); at < total(); at += fileSize {
		fd, err := open(filepath.Join(dir, fmt.Sprintf("%020d", at)), min(fileSize, total()-at))
		if err != nil {
			return nil, err
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

// filled makes a file with bytes in it; they stay in the page cache.
func filled(name string, size int64) (int, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0o644)
	if err != nil {
		return 0, err
	}
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = byte(i * 31 >> 3)
	}
	for at := int64(0); at < size; at += int64(len(b)) {
		if _, err := unix.Pwrite(fd, b[:min(int64(len(b)), size-at)], at); err != nil {
			return 0, err
		}
	}
	return fd, unix.Fsync(fd)
}

// reserved makes a file whose blocks are all reserved, and no more.
func reserved(name string, size int64) (int, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0o644)
	if err == nil {
		err = unix.Fallocate(fd, 0, 0, size)
	}
	if err == nil {
		err = unix.Fsync(fd)
	}
	return fd, err
}

func measure() error {
	dir, err := os.MkdirTemp(*folder, "catchbound")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	from, err := files(dir, filled)
	if err != nil {
		return err
	}
	load.FillPageCache()
	l, at, err := bare.Listen(1)
	if err != nil {
		return err
	}
	to := exec.Command(os.Args[0], "-receive", fmt.Sprint(at), "-dir", dir, fmt.Sprint("-mib=", *mib),
		fmt.Sprint("-read=", *room), fmt.Sprint("-one=", *one), fmt.Sprint("-sync=", *synced))
	to.Stdout, to.Stderr = os.Stdout, os.Stderr
	if err := to.Start(); err != nil {
		return err
	}
	var ended atomic.Bool
	done := make(chan error, 1)
	go func() {
		err := to.Wait()
		ended.Store(true)
		_ = unix.Shutdown(l, unix.SHUT_RD) // nobody comes any more
		done <- err
	}()
	defer func() { <-done }()
	fd, _, err := unix.Accept(l)
	if ended.Load() {
		return errors.New("the receiver has ended")
	}
	if err != nil {
		return err
	}
	pin(0)
	fmt.Println("sending") // for who measures something beside it
	before, begin := cpu(), time.Now()
	if err := send(fd, from); err != nil {
		return err
	}
	report("sender", before, begin)
	return unix.Close(fd)
}

// send sends the files one after the other.
func send(to int, from []int) error {
	left, begin := total(), time.Now()
	for _, fd := range from {
		for at := int64(0); at < fileSize && left > 0; {
			n, err := unix.Sendfile(to, fd, &at, int(min(int64(*block), fileSize-at, left)))
			if err != nil && err != unix.EINTR {
				return err
			}
			left -= int64(max(n, 0))
			if *rate > 0 {
				rest(begin, total()-left)
			}
		}
	}
	return nil
}

// rest waits until so many bytes are due at the rate.
func rest(begin time.Time, sent int64) {
	due := begin.Add(time.Duration(float64(sent) / float64(*rate) * 1e3))
	if d := time.Until(due); d > 0 {
		time.Sleep(d)
	}
}

// receive is the other process: it makes new files in a folder of its own.
func receive() error {
	dir := filepath.Join(*folder, "copy")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	to, err := files(dir, reserved)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: *port})
	}
	if err != nil {
		return err
	}
	if *synced {
		go func() {
			runtime.LockOSThread()
			pin(1)
			flush(to)
		}()
	}
	pin(1)
	before, begin := cpu(), time.Now()
	if err := store(fd, to); err != nil {
		return err
	}
	report("receiver", before, begin)
	return nil
}

// store writes what comes.
func store(from int, to []int) error {
	buf := make([]byte, *room)
	for at := int64(0); at < total(); {
		n, err := unix.Read(from, buf[:min(int64(len(buf)), fileSize-at%fileSize)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("the sender has gone at %d: %w", at, err)
		}
		if _, err := unix.Pwrite(to[at/fileSize], buf[:n], at%fileSize); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// flush makes the files durable again and again.
func flush(fds []int) {
	for {
		time.Sleep(500 * time.Millisecond)
		for _, fd := range fds {
			_ = unix.Fdatasync(fd)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(who string, before time.Duration, begin time.Time) {
	used, took := cpu()-before, time.Since(begin)
	fmt.Printf("%s: %.0f MB/s, %.0f ms of CPU for each GB, %.0f %% of a processor\n", who,
		float64(total())/1e6/took.Seconds(), used.Seconds()*1e3/(float64(total())/1e9), 100*used.Seconds()/took.Seconds())
}
