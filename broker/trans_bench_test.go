package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// halfFrame is a half message of 1 KiB as a Java client sends it.
func halfFrame() []byte {
	return rawFrame(310, `"a":"PG","b":"bench","c":"TBW102","d":"4","e":"1","f":"4","g":"1790000000000","h":"0","i":"TRAN_MSG\u0001true\u0002PGROUP\u0001PG\u0002UNIQ_KEY\u0001C0A8010100002A9F0000000000000001\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002","j":"0","k":"false","m":"false"`,
		strings.Repeat("x", 1024))
}

// BenchmarkHalfAndCommit is a half message and its commit, 64 in flight on one connection. The figures hold the
// client's work; the 11 allocations are all its own.
func BenchmarkHalfAndCommit(b *testing.B) {
	addr := startBench(b, nil)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const burst = 64
	halves, in := bytes.Repeat(halfFrame(), burst), bufio.NewReaderSize(c, 256<<10)
	once(b, addr, halfFrame()) // the topic is there
	var out, frame []byte
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += burst {
		if _, err := c.Write(halves); err != nil {
			b.Fatal(err)
		}
		out = out[:0]
		for range burst {
			frame = readFrame(b, in, frame)
			out = appendCommit(b, out, frame)
		}
		if _, err := c.Write(out); err != nil {
			b.Fatal(err)
		}
		for range burst {
			frame = readFrame(b, in, frame)
			if !bytes.Contains(frame, []byte(`"code":0`)) {
				b.Fatalf("%s", frame)
			}
		}
	}
}

func readFrame(b *testing.B, in io.Reader, buf []byte) []byte {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		b.Fatal(err)
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	buf = append(buf[:0], make([]byte, n)...)
	if _, err := io.ReadFull(in, buf); err != nil {
		b.Fatal(err)
	}
	return buf
}

func appendCommit(b *testing.B, out, answer []byte) []byte {
	field := func(name string) string {
		_, rest, _ := strings.Cut(string(answer), `"`+name+`":"`)
		v, _, _ := strings.Cut(rest, `"`)
		return v
	}
	id := field("msgId")
	if len(id) != 32 {
		b.Fatalf("half message: %s", answer)
	}
	place, err := strconv.ParseInt(id[16:], 16, 64)
	if err != nil {
		b.Fatal(err)
	}
	return append(out, rawFrame(37,
		fmt.Sprintf(`"producerGroup":"PG","tranStateTableOffset":"%s","commitLogOffset":"%d","commitOrRollback":"8","fromTransactionCheck":"false","msgId":"C0A8010100002A9F0000000000000001"`,
			field("queueOffset"), place), "")...)
}
