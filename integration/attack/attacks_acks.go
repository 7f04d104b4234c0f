package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// What attacks answers that wait, and the port of the slaves.
var ackAttacks = []*attack{
	{name: "acksunread", about: "SYNC_FLUSH: 40 connections with 20,000 sends each that nobody reads the answers of",
		conf: harness.Conf{"flushDiskType": "SYNC_FLUSH"}, run: acksUnread},
	{name: "acksbroken", about: "SYNC_FLUSH: connections that end while their answers wait",
		conf: harness.Conf{"flushDiskType": "SYNC_FLUSH"}, kill: true, run: acksBroken},
	{name: "acksheld", about: "SYNC_MASTER: 300,000 answers that wait for a slave that acknowledges 1 KiB at a time",
		conf: syncMaster, impatient: true, run: acksHeld},
	{name: "ackslies", about: "SYNC_MASTER: slaves that acknowledge what they do not have, or go back, or fall silent",
		conf: syncMaster, impatient: true, run: acksLies},
}

var syncMaster = harness.Conf{"brokerRole": "SYNC_MASTER", "inSyncReplicas": "2", "slaveTimeout": "3000",
	"waitTimeMillsInSendQueue": "100000"}

// sends are so many frames of the victim's topic.
func sends(n int) (all []byte) {
	for i := range n {
		ext := map[string]any{"a": "rude", "b": victimTopic, "c": "none", "d": "8", "e": fmt.Sprint(i % victimQueues), "f": "0",
			"g": "1", "h": "0", "i": "", "j": "0", "k": "false", "m": "false"}
		all = append(all, frame(310, i, i%10 == 9, ext, []byte("rude"))...)
	}
	return all
}

func acksUnread(a *arena) error {
	all := sends(20_000)
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 40)
	h.write(10*time.Second, func(int) []byte { return all })
	time.Sleep(2 * time.Second)
	return nil
}

func acksBroken(a *arena) error {
	all := sends(500)
	for round := range 20 {
		var h herd
		h.grow(a.broker.Addr(), 40)
		h.write(time.Second, func(i int) []byte { return all[:len(all)-i*round] })
		for i, c := range h.conns {
			switch t := c.(*net.TCPConn); i % 4 {
			case 0:
				_ = t.SetLinger(0)
			case 1:
				_ = t.CloseWrite()
			case 2:
				time.Sleep(time.Millisecond)
			}
		}
		h.close()
	}
	return nil
}

// falseSlave asks for the log of a broker from its end on.
func falseSlave(a *arena) (c net.Conn, end int64, err error) {
	addr := fmt.Sprintf("127.0.0.1:%d", a.broker.Port+1)
	if c, err = net.Dial("tcp", addr); err != nil {
		return nil, 0, err
	}
	defer c.Close()
	var head [12]byte
	if err = haReport(c, 0); err != nil {
		return nil, 0, err
	}
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	buf := make([]byte, 1<<20)
	left := 0
	for at := 0; ; {
		n, err := c.Read(buf)
		for p := 0; p < n; {
			if left > 0 {
				m := min(left, n-p)
				left, p, end = left-m, p+m, end+int64(m)
				continue
			}
			m := copy(head[at:], buf[p:n])
			if at, p = at+m, p+m; at == len(head) {
				end, left, at = int64(binary.BigEndian.Uint64(head[:])), int(binary.BigEndian.Uint32(head[8:])), 0
			}
		}
		if err != nil || left == 0 && n < 64 {
			break
		}
	}
	if c, err = net.Dial("tcp", addr); err == nil {
		err = haReport(c, end)
	}
	return c, end, err
}

func haReport(c net.Conn, offset int64) error {
	_, err := c.Write(binary.BigEndian.AppendUint64(nil, uint64(offset)))
	return err
}

func acksHeld(a *arena) error {
	slave, end, err := falseSlave(a)
	if err != nil {
		return err
	}
	defer slave.Close()
	go func() { // takes what comes
		buf := make([]byte, 1<<20)
		for {
			if _, err := slave.Read(buf); err != nil {
				return
			}
		}
	}()
	before := load.RssAnon(a.broker.Process().PID())
	all := sends(50_000)
	var h herd
	defer h.close()
	h.grow(a.broker.Addr(), 2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3 {
			h.write(10*time.Second, func(int) []byte { return all })
		}
	}()
	for until := time.Now().Add(8 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		end += 1024
		if err := haReport(slave, end); err != nil {
			return fmt.Errorf("the slave: %w", err)
		}
	}
	<-done
	fmt.Fprintf(os.Stderr, "acksheld: RssAnon %d KiB before\n", before)
	return nil
}

func acksLies(a *arena) error {
	addr := fmt.Sprintf("127.0.0.1:%d", a.broker.Port+1)
	for round := range 20 {
		var h herd
		h.grow(addr, 50)
		h.write(time.Second, func(i int) []byte {
			first := []int64{0, -1, 1 << 50, -1 << 63, 5, 1<<63 - 1}[i%6]
			b := binary.BigEndian.AppendUint64(nil, uint64(first))
			b = binary.BigEndian.AppendUint64(b, uint64(1<<40-int64(i)))
			return b[:len(b)-i%16]
		})
		c, end, err := falseSlave(a)
		if err == nil {
			_ = haReport(c, end-1000)
			_ = haReport(c, 0)
			_ = haReport(c, end)
			if round%2 == 0 {
				_ = haReport(c, -5)
			}
			h.conns = append(h.conns, c)
		}
		time.Sleep(200 * time.Millisecond)
		h.close()
	}
	return nil
}
