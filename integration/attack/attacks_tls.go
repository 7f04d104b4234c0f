package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"gorocket/integration/load"
	"gorocket/integration/load/client"
)

// What attacks encrypted connections; the victim's is a plain one.
var tlsAttacks = []*attack{
	{name: "tlsflood", about: "full handshakes, as many as it takes, and nothing behind them", run: tlsFlood},
	{name: "tlscut", about: "handshakes that end at every byte, and 500 that bring a byte a second", run: tlsCut},
	{name: "tlsidle", about: "2000 encrypted connections that say nothing", run: tlsIdle},
	{name: "tlspart", about: "2000 encrypted connections with a record that never ends", run: tlsPart},
	{name: "tlsunread", about: "100 encrypted connections that pull and do not read", run: tlsUnread},
}

// encrypted dials and shakes hands.
func encrypted(addr string) (*tls.Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	_ = nc.SetDeadline(time.Now().Add(15 * time.Second))
	if err := c.Handshake(); err != nil {
		_ = nc.Close()
		return nil, err
	}
	_ = nc.SetDeadline(time.Time{})
	return c, nil
}

func tlsFlood(a *arena) error {
	end := time.Now().Add(8 * time.Second)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done, failed := 0, 0
	for range 64 {
		wg.Go(func() {
			for time.Now().Before(end) {
				c, err := encrypted(a.broker.Addr())
				mu.Lock()
				if err == nil {
					done++
				} else {
					failed++
				}
				mu.Unlock()
				if err == nil {
					_ = c.NetConn().Close()
				}
			}
		})
	}
	wg.Wait()
	fmt.Fprintf(os.Stderr, "tlsflood: %d handshakes, %d failed\n", done, failed)
	return nil
}

// clientHello is what a client says first.
func clientHello() []byte {
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = tls.Client(a, &tls.Config{InsecureSkipVerify: true}).Handshake()
		_ = a.Close()
	}()
	buf := make([]byte, 16<<10)
	n, _ := b.Read(buf)
	return buf[:n]
}

func tlsCut(a *arena) error {
	hello := clientHello()
	err := crowd(len(hello), func(i int) error {
		c, err := net.DialTimeout("tcp", a.broker.Addr(), 5*time.Second)
		if err != nil {
			return err
		}
		_, _ = c.Write(hello[:i])
		if i%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		return c.Close()
	})
	if err != nil {
		return err
	}
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 500)
	for i := range 12 {
		h.write(time.Second, func(int) []byte { return hello[i : i+1] })
		time.Sleep(time.Second)
	}
	return nil
}

// crowdOf makes n encrypted connections.
func crowdOf(a *arena, n int) (all []*tls.Conn, err error) {
	var mu sync.Mutex
	err = crowd(n, func(int) error {
		c, err := encrypted(a.broker.Addr())
		if err == nil {
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
		}
		return err
	})
	return all, err
}

func tlsIdle(a *arena) error { return tlsMany(a, "tlsidle", nil) }

func tlsPart(a *arena) error {
	return tlsMany(a, "tlspart", append([]byte{23, 3, 3, 0x40, 0x11}, make([]byte, 16<<10)...))
}

// tlsMany makes many encrypted connections, sends the same on each, and tells what one costs.
func tlsMany(a *arena, name string, say []byte) error {
	before := load.RssAnon(a.broker.Process().PID())
	all, err := crowdOf(a, 2000)
	defer func() {
		for _, c := range all {
			_ = c.NetConn().Close()
		}
	}()
	if err != nil {
		return err
	}
	if say != nil {
		_ = crowd(len(all), func(i int) error {
			_, err := all[i].NetConn().Write(say)
			return err
		})
	}
	time.Sleep(5 * time.Second)
	after := load.RssAnon(a.broker.Process().PID())
	fmt.Fprintf(os.Stderr, "%s: RssAnon %d -> %d KiB, %.1f KiB for each of %d\n", name, before, after,
		float64(after-before)/float64(len(all)), len(all))
	return nil
}

func tlsUnread(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CreateTopic("big", 1, 6, ""); err != nil {
		return err
	}
	for range 512 { // 32 MiB
		if _, err := c.Send(&client.Message{Topic: "big", Body: make([]byte, 64<<10)}); err != nil {
			return err
		}
	}
	all, err := crowdOf(a, 100)
	if err != nil {
		return err
	}
	err = crowd(len(all), func(n int) error {
		_ = all[n].SetWriteDeadline(time.Now().Add(5 * time.Second))
		for i := range 400 {
			_, _ = all[n].Write(frame(11, i, false, map[string]any{"consumerGroup": "reader", "topic": "big", "queueId": "0",
				"queueOffset": fmt.Sprint(i), "maxMsgNums": "32", "sysFlag": "4", "commitOffset": "0",
				"suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "0", "expressionType": "TAG"}, nil))
		}
		return nil
	})
	time.Sleep(5 * time.Second)
	for _, c := range all {
		_ = c.NetConn().Close()
	}
	return err
}
