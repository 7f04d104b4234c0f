package filter

import (
	"fmt"
	"math"
	"slices"
)

// maxBits is how long a bit map may be: its length in bytes is a signed short in the extended consume queue.
const maxBits = math.MaxInt16 * 8

// Bloom maps consumers to positions in a bit map. A message's bit map has the positions of all consumers that want it.
// Immutable, safe for concurrent use. Java: org.apache.rocketmq.filter.util.BloomFilter.
type Bloom struct {
	hashes int // k, hash functions
	bits   int // m, length of a bit map; a multiple of 8
}

// BloomData is where one consumer's bits are. Immutable. Java: BloomFilterData.
type BloomData struct {
	BitNum int32   `json:"bitNum"` // length of the bit maps it is meant for
	BitPos []int32 `json:"bitPos"` // one position for each hash function
}

// NewBloom makes a filter that is wrong for at most errorRate percent (1 to 99) of the messages while it serves up to
// consumers. Errors: a value out of range, a bit map beyond 262,136 bits. Java: BloomFilter.createByFn;
// maxErrorRateOfBloomFilter and expectConsumerNumUseFilter.
func NewBloom(errorRate, consumers int) (*Bloom, error) {
	if errorRate < 1 || errorRate >= 100 {
		return nil, fmt.Errorf("filter: maxErrorRateOfBloomFilter=%d: must be 1 to 99", errorRate)
	}
	if consumers < 1 {
		return nil, fmt.Errorf("filter: expectConsumerNumUseFilter=%d: must be greater than 0", consumers)
	}
	rate := float64(errorRate) / 100
	hashes := int(math.Ceil(logOf(0.5, rate)))
	length := math.Ceil(float64(consumers) * logOf(2, 1/rate) * logOf(2, math.E))
	length = 8 * math.Ceil(length/8)
	if length > maxBits {
		return nil, fmt.Errorf("filter: expectConsumerNumUseFilter=%d with maxErrorRateOfBloomFilter=%d: bit map of %.0f "+
			"bits, at most %d are stored",
			consumers, errorRate, length, maxBits)
	}
	return &Bloom{hashes: hashes, bits: int(length)}, nil
}

func logOf(base, x float64) float64 { return math.Log(x) / math.Log(base) }

// Hashes is the number of positions of a consumer. Java: getK.
func (b *Bloom) Hashes() int { return b.hashes }

// Bits is the length of a bit map, a multiple of 8. Java: getM, and the effective bitMapLengthConsumeQueueExt.
func (b *Bloom) Bits() int { return b.bits }

// Positions computes the bits of a key; consumers use group#topic. Java: BloomFilter.generate.
func (b *Bloom) Positions(key string) *BloomData {
	hash := murmur3(key)
	step := int32(hash >> 32)
	d := &BloomData{BitNum: int32(b.bits), BitPos: make([]int32, b.hashes)}
	h := int32(hash)
	for i := range d.BitPos {
		h += step
		positive := h
		if h < 0 {
			positive = ^h
		}
		d.BitPos[i] = positive % int32(b.bits)
	}
	return d
}

// Valid tells whether positions belong to this filter. Java: BloomFilter.isValid, which lets positions outside of the
// map pass and fails later.
func (b *Bloom) Valid(d *BloomData) bool {
	if d == nil || int(d.BitNum) != b.bits || len(d.BitPos) != b.hashes {
		return false
	}
	return !slices.ContainsFunc(d.BitPos, func(p int32) bool { return p < 0 || int(p) >= b.bits })
}

// Mark sets a consumer's bits in a bit map of Bits()/8 bytes; the lowest bit of a byte is the first. It does nothing
// when the positions or the length do not fit. Java: BloomFilter.hashTo, BitsArray.setBit.
func (b *Bloom) Mark(d *BloomData, bitMap []byte) {
	if len(bitMap)*8 != b.bits || !b.Valid(d) {
		return
	}
	for _, p := range d.BitPos {
		bitMap[p/8] |= 1 << (p % 8)
	}
}

// Hit tells whether a message may be wanted: all bits of the consumer are set. Also true when the bit map or the
// positions are from another filter and say nothing. Java: BloomFilter.isHit and the checks before it in
// ExpressionMessageFilter.isMatchedByConsumeQueue.
func (b *Bloom) Hit(d *BloomData, bitMap []byte) bool {
	if len(bitMap)*8 != b.bits || !b.Valid(d) {
		return true
	}
	for _, p := range d.BitPos {
		if bitMap[p/8]&(1<<(p%8)) == 0 {
			return false
		}
	}
	return true
}
