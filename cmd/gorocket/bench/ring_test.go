package bench

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gorocket/remoting/wire"
)

// pipeConn is a connection whose other end the test reads.
func pipeConn(t testing.TB, slots int) (*conn, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{addr: "pipe", fd: fds[0], in: make([]byte, 64<<10), slots: make([]int64, slots)}
	for i := slots - 1; i >= 0; i-- {
		c.free = append(c.free, int32(i))
	}
	w := &worker{poll: p, rec: newRecorder()}
	if err := w.add(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.close(); _ = unix.Close(fds[1]) })
	return c, fds[1]
}

// requests reads what was sent so far.
func requests(t testing.TB, fd int) (all []wire.Command) {
	t.Helper()
	buf := make([]byte, 1<<20)
	n, err := unix.Read(fd, buf)
	if err != nil {
		t.Fatal(err)
	}
	for b := buf[:n]; len(b) > 0; {
		n, err := frameSize(b)
		if err != nil || n == 0 || n > len(b) {
			t.Fatalf("frame of %d bytes in %d: %v", n, len(b), err)
		}
		var cmd wire.Command
		if err := wire.Decode(b[:n], &cmd); err != nil {
			t.Fatal(err)
		}
		all = append(all, *cmd.Clone())
		b = b[n:]
	}
	return all
}

// TestRingRequests decodes what leaves: opaques are those of the slots, keys are never the same, queues take turns, in
// both header forms and in batches.
func TestRingRequests(t *testing.T) {
	for _, m := range []messageFlags{
		{size: 100, batch: 1, codec: "json", uniqueKey: true, properties: []string{"TAGS=TagA"}},
		{size: 100, batch: 1, codec: "rocketmq", uniqueKey: true},
		{size: 10, batch: 3, codec: "json", uniqueKey: true},
		{size: 0, batch: 1, codec: "json"},
	} {
		c, peer := pipeConn(t, 8)
		var err error
		if c.ring, err = m.ringFor(0, &target{queues: []queueRange{{id: 5}, {id: 6}, {id: 7}}}, "T", 8,
			ringSpec{}); err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for round := range 2 {
			for range 8 {
				if _, err := c.ring.stage(c, 1, 0); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.ring.flush(c); err != nil {
				t.Fatal(err)
			}
			for i, cmd := range requests(t, peer) {
				var h wire.SendMessageRequestHeader
				if err := wire.SendMessageRequestV2.Decode(&cmd, nil, &h); err != nil {
					t.Fatal(err)
				}
				if cmd.Opaque != opaqueBase+int32(i) || cmd.Code != m.code() || h.Topic != "T" ||
					h.QueueID != int32(5+(8*round+i)%3) || h.Batch != (m.batch > 1) {
					t.Errorf("request %d: %+v %+v", i, cmd, h)
				}
				checkKeys(t, &m, keys, string(h.Properties)+string(cmd.Body))
			}
			for i := 7; i >= 0; i-- {
				c.slots[i] = 0
				c.free = append(c.free, int32(i))
			}
		}
		want := 16
		if m.batch > 1 {
			want *= 1 + m.batch // the batch has one too
		}
		if m.uniqueKey && len(keys) != want {
			t.Errorf("%+v: %d keys, want %d", m, len(keys), want)
		}
	}
}

func checkKeys(t *testing.T, m *messageFlags, keys map[string]bool, text string) {
	t.Helper()
	for rest := text; m.uniqueKey; {
		_, after, found := strings.Cut(rest, "UNIQ_KEY\x01")
		if !found {
			break
		}
		key := after[:32]
		if keys[key] {
			t.Errorf("key %s twice", key)
		}
		keys[key], rest = true, after
	}
	for _, p := range m.properties {
		if name, value, _ := strings.Cut(p, "="); !strings.Contains(text, name+"\x01"+value+"\x02") {
			t.Errorf("property %s is missing in %q", p, text)
		}
	}
}

func TestReaderRequests(t *testing.T) {
	for _, codec := range []string{"json", "rocketmq"} {
		c, peer := pipeConn(t, 2)
		spec := pullSpec{topic: "T", group: "g", codec: codec, max: 16, suspend: 5000}
		j := &readerJob{}
		for q := range 2 {
			r, err := spec.reader(nil, int32(q), int64(1000*q+7), -1)
			if err != nil {
				t.Fatal(err)
			}
			j.readers = append(j.readers, r)
		}
		c.job = j
		if err := j.more(c, 1); err != nil {
			t.Fatal(err)
		}
		got := requests(t, peer)
		if len(got) != 2 {
			t.Fatalf("%d requests", len(got))
		}
		for i, cmd := range got {
			var h wire.PullMessageRequestHeader
			if err := wire.PullMessageRequest.Decode(&cmd, nil, &h); err != nil {
				t.Fatal(err)
			}
			if cmd.Opaque != opaqueBase+int32(i) || h.QueueID != int32(i) || h.QueueOffset != int64(1000*i+7) ||
				h.MaxMsgNums != 16 || h.SuspendTimeoutMillis != 5000 ||
				h.SysFlag != wire.PullFlagSubscription|wire.PullFlagSuspend || h.MaxMsgBytes != -1 || h.RequestSource != -1 {
				t.Errorf("%s request %d: %+v %+v", codec, i, cmd, h)
			}
		}
	}
}

// TestFullSocket: what a socket does not take is neither lost nor changed.
func TestFullSocket(t *testing.T) {
	c, peer := pipeConn(t, 64)
	m := messageFlags{size: 60_000, batch: 1, codec: "json", uniqueKey: true}
	var err error
	if c.ring, err = m.ringFor(0, &target{queues: []queueRange{{}}}, "T", 64,
		ringSpec{stamped: true, bodySize: m.size}); err != nil {
		t.Fatal(err)
	}
	c.job = &sendJob{messages: 1, closed: true, quota: -1}
	if err := c.job.more(c, 1); err != nil {
		t.Fatal(err)
	}
	if len(c.out) == 0 || c.room() {
		t.Fatalf("the socket took everything: %d bytes left, %d slots free", len(c.out), len(c.free))
	}
	var stream []byte
	buf := make([]byte, 1<<20)
	for seen := 0; seen < 64; {
		n, err := unix.Read(peer, buf)
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, buf[:n]...)
		for len(stream) >= 4 && len(stream) >= 4+int(binary.BigEndian.Uint32(stream)) {
			size := 4 + int(binary.BigEndian.Uint32(stream))
			var cmd wire.Command
			if err := wire.Decode(stream[:size], &cmd); err != nil {
				t.Fatal(err)
			}
			if cmd.Opaque != opaqueBase+int32(seen) || len(cmd.Body) != m.size {
				t.Fatalf("frame %d: opaque %d, %d bytes", seen, cmd.Opaque, len(cmd.Body))
			}
			stream = stream[size:]
			seen++
		}
		if len(c.out) > 0 {
			if err := c.resume(1); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// storedMessage is a record as a broker returns it.
func storedMessage(queue int32, offset int64, body string) []byte {
	be := binary.BigEndian
	b := make([]byte, recHosts+2*hostV4+recAfterHosts)
	be.PutUint32(b[recMagic:], magicV1)
	be.PutUint32(b[recCRC:], crc32.ChecksumIEEE([]byte(body))&crcMask)
	be.PutUint32(b[recQueueID:], uint32(queue))
	be.PutUint64(b[recOffset:], uint64(offset))
	be.PutUint32(b[len(b)-4:], uint32(len(body)))
	b = append(append(b, body...), 1, 'T', 0, 0)
	be.PutUint32(b, uint32(len(b)))
	return b
}
