package ha

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// TestReports reads reports cut anywhere: the newest whole group of 8 bytes counts.
func TestReports(t *testing.T) {
	var stream []byte
	for i := range int64(1000) {
		stream = binary.BigEndian.AppendUint64(stream, uint64(i*1_000_003))
	}
	for _, cut := range []int{1, 3, 7, 8, 9, 15, 16, 17, 100, 4095, 4096} {
		var r reports
		for p := 0; p < len(stream); {
			n := copy(r.room(), stream[p:min(p+cut, len(stream))])
			p += n
			got, err := r.took(n)
			whole := int64(p / reportSize)
			if (p-n)/reportSize == p/reportSize != !got.reported || got.reported && got.offset != (whole-1)*1_000_003 ||
				err != nil || got.hello != nil {
				t.Fatalf("cut %d, at %d: %+v %v", cut, p, got, err)
			}
		}
	}
}

const testFile = 4096

// stream is what a master sends of a log, in blocks of these sizes; 0 is a heartbeat.
func stream(log []byte, at int64, sizes []byte) (out []byte, end int64) {
	for _, s := range sizes {
		n := min(int64(s), int64(len(log))-at, testFile-at%testFile)
		var head [headSize]byte
		putHead(head[:], at, int(n))
		out = append(append(out, head[:]...), log[at:at+n]...)
		at += n
	}
	return out, at
}

// FuzzBlocks cuts the stream of a master anywhere: the log comes out as it was, in pieces that follow each other, none
// of them across a file.
func FuzzBlocks(f *testing.F) {
	log := make([]byte, 5*testFile)
	for i := range log {
		log[i] = byte(i * 7 >> 3)
	}
	f.Add([]byte{200, 1, 0, 255, 3}, []byte{1, 12, 13, 100})
	f.Add(bytes.Repeat([]byte{255}, 80), []byte{200, 0, 9})
	f.Fuzz(func(t *testing.T, sizes, cuts []byte) {
		const from = 100
		in, end := stream(log, from, sizes)
		var k blocks
		at := int64(from)
		fn := func(p int64, piece []byte) error {
			if p != at || !bytes.Equal(piece, log[at:at+int64(len(piece))]) {
				t.Fatalf("%d bytes at %d, want those at %d", len(piece), p, at)
			}
			if at += int64(len(piece)); len(piece) > 0 && (at-1)/testFile != p/testFile {
				t.Fatalf("[%d, %d) crosses a file", p, at)
			}
			return nil
		}
		for i := 0; len(in) > 0; i++ {
			n := len(in)
			if i < len(cuts) {
				n = min(n, 1+int(cuts[i])*8)
			}
			if err := k.take(bytes.Clone(in[:n]), testFile, fn); err != nil {
				t.Fatal(err)
			}
			in = in[n:]
		}
		if at != end {
			t.Fatalf("%d bytes came out, want %d", at-from, end-from)
		}
	})
}

// FuzzGarbage hands anything to both decoders: they end with an error, or with pieces of files.
func FuzzGarbage(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		var k blocks
		total := 0
		_ = k.take(bytes.Clone(b), testFile, func(at int64, piece []byte) error {
			if total += len(piece); at < 0 || at%testFile+int64(len(piece)) > testFile {
				t.Fatalf("%d bytes at %d", len(piece), at)
			}
			return nil
		})
		if total > len(b) {
			t.Fatalf("%d bytes of %d", total, len(b))
		}
		var r reports
		for len(b) > 0 {
			n := copy(r.room(), b)
			_, _ = r.took(n)
			b = b[n:]
		}
	})
}

// TestBlocksOrder: what came in front of a bad head is handed over, and an error ends it.
func TestBlocksOrder(t *testing.T) {
	good, _ := stream(make([]byte, testFile), 0, []byte{10, 20, 0})
	var k blocks
	var sizes []int
	note := func(_ int64, piece []byte) error { sizes = append(sizes, len(piece)); return nil }
	bad := bytes.Repeat([]byte{0xff}, headSize)
	if err := k.take(append(good, bad...), testFile, note); err == nil || len(sizes) != 2 || sizes[0] != 30 || sizes[1] != 0 {
		t.Errorf("%v, %v", sizes, err)
	}
	stop := errors.New("stop")
	k = blocks{}
	good, _ = stream(make([]byte, testFile), 0, []byte{10, 20, 0})
	if err := k.take(good, testFile, func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
