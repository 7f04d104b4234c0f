package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/store"
)

// startBench runs a broker for a benchmark and returns its address.
func startBench(b *testing.B, change func(*config.Config)) string {
	t := &testing.T{}
	cfg := testConfig(t, b.TempDir())
	cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueue = 1<<30, 6_000_000
	if change != nil {
		change(&cfg)
	}
	br, err := New(cfg, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	if err := br.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = br.Stop(context.Background()) })
	return cfg.Addr()
}

// rawFrame is a request as a Java client writes it.
func rawFrame(code int, ext, body string) []byte {
	head := fmt.Sprintf(`{"code":%d,"extFields":{%s},"flag":0,"language":"JAVA","opaque":12345,"serializeTypeCurrentRPC":"JSON","version":513}`, code, ext)
	f := binary.BigEndian.AppendUint32(nil, uint32(4+len(head)+len(body)))
	f = binary.BigEndian.AppendUint32(f, uint32(len(head)))
	return append(append(f, head...), body...)
}

func rawSend(size int) []byte {
	return rawFrame(310, `"a":"producer","b":"bench","c":"TBW102","d":"4","e":"1","f":"0","g":"1790000000000","h":"0","i":"UNIQ_KEY\u0001C0A8010100002A9F0000000000000001\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002","j":"0","k":"false","m":"false"`,
		strings.Repeat("x", size))
}

const rawPull = `"consumerGroup":"g","topic":"bench","queueId":"1","queueOffset":"0","maxMsgNums":"32","sysFlag":"4","commitOffset":"0","suspendTimeoutMillis":"0","subscription":"*","subVersion":"0","expressionType":"TAG"`

// pump keeps inFlight requests on one connection until n answers have come.
func pump(b *testing.B, addr string, frame []byte, inFlight, n int) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	many := make([]byte, 0, len(frame)*inFlight)
	for range inFlight {
		many = append(many, frame...)
	}
	buf := make([]byte, 1<<20)
	have, want, sent, got := 0, min(inFlight, n), 0, 0
	for got < n {
		if _, err := c.Write(many[:want*len(frame)]); err != nil {
			b.Error(err)
			return
		}
		sent += want
		done := 0
		for done == 0 {
			k, err := c.Read(buf[have:])
			if err != nil {
				b.Error(err)
				return
			}
			have += k
			at := 0
			for have-at >= 4 && have-at >= 4+int(binary.BigEndian.Uint32(buf[at:])) {
				at += 4 + int(binary.BigEndian.Uint32(buf[at:]))
				done++
			}
			copy(buf, buf[at:have])
			have -= at
		}
		got += done
		want = min(done, n-sent)
	}
}

// once sends one request and returns the header of the answer.
func once(b *testing.B, addr string, frame []byte) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(frame); err != nil {
		b.Fatal(err)
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		b.Fatal(err)
	}
	text := make([]byte, binary.BigEndian.Uint32(head[4:])&0xFFFFFF)
	if _, err := io.ReadFull(c, text); err != nil {
		b.Fatal(err)
	}
	return string(text)
}

func benchmarkSend(b *testing.B, size int, change func(*config.Config)) {
	addr := startBench(b, change)
	frame := rawSend(size)
	if head := once(b, addr, frame); !strings.HasPrefix(head, `{"code":0,`) {
		b.Fatal(head)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	pump(b, addr, frame, 64, b.N)
}

// The figures hold the client's work too: both ends run in this process. allocs/op is the broker's, the client
// allocates nothing.
func BenchmarkSend128B(b *testing.B)  { benchmarkSend(b, 128, nil) }
func BenchmarkSend1KiB(b *testing.B)  { benchmarkSend(b, 1024, nil) }
func BenchmarkSend16KiB(b *testing.B) { benchmarkSend(b, 16<<10, nil) }

// BenchmarkSendSync is SYNC_FLUSH: the answers wait for the disk.
func BenchmarkSendSync(b *testing.B) {
	benchmarkSend(b, 128, func(c *config.Config) { c.FlushDiskType = store.SyncFlush })
}

func BenchmarkPull32x1KiB(b *testing.B) {
	addr := startBench(b, nil)
	pump(b, addr, rawSend(1024), 16, 64)
	frame := rawFrame(11, rawPull, "")
	if head := once(b, addr, frame); !strings.HasPrefix(head, `{"code":0,`) {
		b.Fatal(head)
	}
	b.SetBytes(32 << 10)
	b.ReportAllocs()
	b.ResetTimer()
	pump(b, addr, frame, 8, b.N)
}

// BenchmarkSendTimer is a send of a timer message that is due in an hour, with its way into the wheel.
func BenchmarkSendTimer(b *testing.B) {
	addr := startBench(b, nil)
	frame := rawFrame(310, fmt.Sprintf(`"a":"producer","b":"bench","c":"TBW102","d":"4","e":"1","f":"0","g":"1790000000000","h":"0","i":"UNIQ_KEY\u0001C0A8010100002A9F0000000000000001\u0002TIMER_DELIVER_MS\u0001%d\u0002","j":"0","k":"false","m":"false"`,
		time.Now().Add(time.Hour).UnixMilli()), strings.Repeat("x", 128))
	if head := once(b, addr, frame); !strings.HasPrefix(head, `{"code":0,`) || !strings.Contains(head, "recallHandle") {
		b.Fatal(head)
	}
	b.ReportAllocs()
	b.ResetTimer()
	pump(b, addr, frame, 64, b.N)
}

// BenchmarkStatic is what a static topic costs: the same requests through a mapping whose piece lies here.
func BenchmarkStatic(b *testing.B) {
	addr := startBench(b, nil)
	once(b, addr, rawFrame(513, `"topic":"bench","defaultTopic":"TBW102","readQueueNums":"4","writeQueueNums":"4","perm":"6","topicFilterType":"SINGLE_TAG","topicSysFlag":"0","order":"false"`,
		`{"topic":"bench","bname":"broker-a","epoch":1,"totalQueues":2,"hostedQueues":{"1":[{"bname":"broker-a","gen":0,"queueId":3,"logicOffset":1000,"endOffset":-1}]}}`))
	run := func(name string, frame []byte, want string, inFlight int) {
		b.Run(name, func(b *testing.B) {
			if head := once(b, addr, frame); !strings.HasPrefix(head, `{"code":0,`) || !strings.Contains(head, want) {
				b.Fatal(head)
			}
			b.ReportAllocs()
			pump(b, addr, frame, inFlight, b.N)
		})
	}
	run("Send1KiB", rawSend(1024), `"queueId":"1"`, 64)
	pump(b, addr, rawSend(1024), 16, 64)
	run("Pull32x1KiB", rawFrame(11, strings.Replace(rawPull, `"queueOffset":"0"`, `"queueOffset":"1000"`, 1), ""),
		`"nextBeginOffset":"1032"`, 8)
}
