package record

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// TestCopyCRC: for every length around the sizes of blocks, at odd places, the copy is whole, touches nothing else, and
// the sum is the library's.
func TestCopyCRC(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 9<<10)
	for i := range src {
		src[i] = byte(rnd.Uint32())
	}
	lengths := []int{4096, 8191, 8192}
	for n := range 1400 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		from := rnd.IntN(64)
		part := src[from : from+n]
		dst := make([]byte, n+64)
		got := copyCRC(dst[:n:n], part)
		if want := crc32.ChecksumIEEE(part); got != want {
			t.Fatalf("%d bytes from %d: %08x, want %08x", n, from, got, want)
		}
		if !bytes.Equal(dst[:n], part) || !bytes.Equal(dst[n:], make([]byte, 64)) {
			t.Fatalf("%d bytes from %d: not copied as they are", n, from)
		}
	}
}

func FuzzCopyCRC(f *testing.F) {
	f.Add(make([]byte, 300))
	f.Fuzz(func(t *testing.T, src []byte) {
		dst := make([]byte, len(src))
		if got, want := copyCRC(dst, src), crc32.ChecksumIEEE(src); got != want || !bytes.Equal(dst, src) {
			t.Fatalf("%08x, want %08x", got, want)
		}
	})
}

// BenchmarkCopyCRC16K is body and checksum of a record of 16 KiB.
func BenchmarkCopyCRC16K(b *testing.B) {
	src, dst := make([]byte, 16<<10), make([]byte, 16<<10)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		copyCRC(dst, src)
	}
}
