package bench

import (
	"testing"

	"golang.org/x/sys/unix"

	"gorocket/remoting/wire"
)

// BenchmarkClosedLoop is everything that one message of 128 bytes costs this tool but for the socket: staging, walking
// over the answers, counting, the histogram. 64 messages leave in one write to /dev/null and their answers come in one
// piece.
func BenchmarkClosedLoop(b *testing.B) {
	for _, codec := range []string{"json", "rocketmq"} {
		b.Run(codec, func(b *testing.B) { benchmarkLoop(b, codec) })
	}
}

func benchmarkLoop(b *testing.B, codec string) {
	const window = 64
	c, _ := pipeConn(b, window)
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	_ = unix.Close(c.fd)
	c.fd = null
	m := messageFlags{size: 128, batch: 1, codec: codec, uniqueKey: true}
	if c.ring, err = m.ringFor(0, &target{queues: make([]queueRange, 8)}, "T", window, ringSpec{}); err != nil {
		b.Fatal(err)
	}
	c.job = &sendJob{messages: 1, bytes: 128, closed: true, quota: -1}
	answers := answersFor(codec, window)
	if err := c.job.more(c, 1); err != nil {
		b.Fatal(err)
	}
	now := int64(1)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%window != 0 {
			continue // one iteration is one message
		}
		now += 50_000
		c.have = copy(c.in, answers)
		if err := c.consume(now); err != nil {
			b.Fatal(err)
		}
	}
}

// answersFor is the answers to slots 0 to n-1 in one piece.
func answersFor(codec string, n int) (all []byte) {
	f, _ := form(codec)
	for i := range n {
		h := wire.SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueOffset: int64(i),
			Region: "DefaultRegion", TraceOn: "true"}
		at := len(all)
		all = wire.AppendRequest(all, f, wire.Success, opaqueBase+int32(i), wire.SendMessageResponse, &h, nil)
		if f == wire.SerializeBinary {
			all[at+frameHead+12] |= wire.FlagResponse
		} else if i := lastIndex(all[at:], `"flag":0`); i >= 0 {
			all[at+i+len(`"flag":`)] = '1'
		}
	}
	return all
}

func lastIndex(b []byte, s string) int {
	for i := len(b) - len(s); i >= 0; i-- {
		if string(b[i:i+len(s)]) == s {
			return i
		}
	}
	return -1
}

// BenchmarkVerify is one pulled message of 1 KiB: size, magic, CRC, offset.
func BenchmarkVerify(b *testing.B) {
	var answer []byte
	body := string(make([]byte, 1024))
	for i := range int64(32) {
		answer = append(answer, storedMessage(0, i, body)...)
	}
	b.SetBytes(1024)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%32 != 0 {
			continue // one iteration is one message
		}
		var f findings
		if f.walkRecords(answer, "broker", 0, 0, nil); f.bad() != 0 {
			b.Fatal(f.first)
		}
	}
}

// BenchmarkParseRefused is an answer that has to be decoded.
func BenchmarkParseRefused(b *testing.B) {
	frame := jsonFrame(`{"code":2,"flag":1,"language":"JAVA","opaque":1000000001,"remark":"[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while","serializeTypeCurrentRPC":"JSON","version":513}`, "")
	var p parser
	var a answer
	b.ReportAllocs()
	for b.Loop() {
		if mine, err := p.parse(frame, &a); !mine || err != nil {
			b.Fatal(err)
		}
	}
}
