package bench

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// sendfileMessages is how many messages of 1,000 bytes the server of sendfileAddr has.
const sendfileMessages = 2000

// sendfileAddr is a running `bench echo --sendfile`.
func sendfileAddr(t *testing.T) string {
	addr, ready, ended := freeAddr(t), make(chan struct{}), make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- serveSendfile(ctx, addr, 1000, sendfileMessages, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return addr
}

// TestSendfileAnswersInPieces: a peer that sends several pulls at once and reads late gets all of it, in order.
func TestSendfileAnswersInPieces(t *testing.T) {
	nc, err := net.Dial("tcp", sendfileAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	spec := pullSpec{topic: defaultTopic, group: "g", codec: "json", max: 1000}
	r, err := spec.reader(nil, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	const start = 100
	putDigits(r.frame[r.offset:r.offset+offsetDigits], start)
	const pulls = 60 // 15 MiB, more than sockets hold
	if _, err := nc.Write(bytes.Repeat(r.frame, pulls)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	for i := range pulls {
		frame := make([]byte, lengthWord)
		if _, err := io.ReadFull(nc, frame); err != nil {
			t.Fatal(err)
		}
		n, err := frameSize(frame)
		if err != nil {
			t.Fatal(err)
		}
		frame = append(frame, make([]byte, n-lengthWord)...)
		if _, err := io.ReadFull(nc, frame[lengthWord:]); err != nil {
			t.Fatal(err)
		}
		var p parser
		var a answer
		if _, err := p.parse(frame, &a); err != nil || a.code != 0 {
			t.Fatalf("answer %d: code %d, %v", i, a.code, err)
		}
		var f findings
		if n, _ := f.walkRecords(a.body, "sendfile", 0, start, nil); f.bad() != 0 || n < 200 {
			t.Fatalf("answer %d: %d messages, %s", i, n, f.first)
		}
	}
}
