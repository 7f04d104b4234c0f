package record

import "github.com/klauspost/crc32"

// copyCRCMin is the size from which on foldCopy pays, in bytes; foldBlock is what it takes at once.
const copyCRCMin, foldBlock = 256, 64

// A library's CRC and a copy read the body twice: of a send of 1 KiB, 1.7 us of the server's time, that is 75 ns more.

// copyCRC copies src to dst, which is as long, and returns the CRC-32 (IEEE) of it. Where the processor can multiply
// polynomials 512 bits at a time (foldsCRC) both take as long as the copy alone.
func copyCRC(dst, src []byte) uint32 {
	if !foldsCRC || len(src) < copyCRCMin {
		copy(dst, src)
		return crc32.ChecksumIEEE(src)
	}
	n := len(src) &^ (foldBlock - 1)
	_ = dst[len(src)-1]
	crc := foldCopy(&dst[0], &src[0], n)
	copy(dst[n:], src[n:])
	return crc32.Update(crc, crc32.IEEETable, src[n:])
}
