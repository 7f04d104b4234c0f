package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// encrypted dials and shakes hands: a full handshake, as nothing is remembered of earlier ones.
func encrypted(addr string) (net.Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	_ = nc.SetDeadline(time.Now().Add(15 * time.Second))
	if err := tls.Client(nc, &tls.Config{InsecureSkipVerify: true}).Handshake(); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return nc, nc.SetDeadline(time.Time{})
}

// connect makes n encrypted connections, 32 at a time.
func connect(addr string, n int) (all []net.Conn, err error) {
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 32 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				c, err := encrypted(addr)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
					mu.Unlock()
					return
				}
				all = append(all, c)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(errs) > 0 {
		return all, fmt.Errorf("%d of %d connections (raise the limit of open files?): %w", len(all), n, errors.Join(errs...))
	}
	return all, nil
}

func closeAll(all []net.Conn) {
	for _, c := range all {
		_ = c.Close()
	}
}

// flood shakes hands so often a second and hangs up.
func flood(addr string, rate int, span time.Duration) {
	var done, failed atomic.Int64
	slots := make(chan struct{}, 256)
	begin := time.Now()
	for i := 0; time.Since(begin) < span; i++ {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		select {
		case slots <- struct{}{}:
		default: // the server is behind: the flood does not wait
			failed.Add(1)
			continue
		}
		go func() {
			defer func() { <-slots }()
			c, err := encrypted(addr)
			if err != nil {
				failed.Add(1)
				return
			}
			done.Add(1)
			_ = c.(*net.TCPConn).SetLinger(0) // no port is kept
			_ = c.Close()
		}()
	}
	fmt.Printf("%d handshakes, %d not made\n", done.Load(), failed.Load())
}
