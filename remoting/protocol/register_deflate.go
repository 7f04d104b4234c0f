package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zlib"

	"gorocket/compat"
)

// MaxInflatedRegister is how many bytes a compressed registration may unfold to: about 600,000 topics.
const MaxInflatedRegister = 64 << 20

// ErrInflatedTooLarge says that a compressed registration unfolds to more than MaxInflatedRegister bytes.
var ErrInflatedTooLarge = errors.New("compressed registration unfolds to more than 64 MiB")

// EncodeDeflated writes the compressed form, a zlib stream of, with big-endian int32 lengths and counts:
//
//	len + DataVersion JSON | topic count | per topic len + text | len + filter server JSON | mapping count | per mapping len + JSON
//
// The mapping part is left out for receivers before V5_0_0, which ignore it anyway: pass the version the body is
// announced with.
func (b *RegisterBrokerBody) EncodeDeflated(version int) ([]byte, error) {
	var raw blockWriter
	w := &b.TopicConfigSerializeWrapper
	raw.json(w.DataVersion)
	raw.count(len(w.TopicConfigTable))
	for _, name := range sortedKeys(w.TopicConfigTable) {
		text, err := w.TopicConfigTable[name].EncodeText()
		raw.note(err)
		raw.block([]byte(text))
	}
	raw.json(b.FilterServerList)
	if version >= compat.VersionV5_0_0 {
		raw.count(len(w.TopicQueueMappingInfoMap))
		for _, name := range sortedKeys(w.TopicQueueMappingInfoMap) {
			raw.json(w.TopicQueueMappingInfoMap[name])
		}
	}
	if raw.err != nil {
		return nil, raw.err
	}
	return deflate(raw.buf)
}

func deflate(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(raw); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// blockWriter gathers the parts and the first error.
type blockWriter struct {
	buf []byte
	err error
}

func (w *blockWriter) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *blockWriter) count(n int) { w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(n)) }

func (w *blockWriter) block(b []byte) {
	w.count(len(b))
	w.buf = append(w.buf, b...)
}

func (w *blockWriter) json(v any) {
	text, err := compat.Marshal(v)
	w.note(err)
	w.block(text)
}

// decodeDeflated reads the compressed form, streaming: no length of the peer is trusted with memory.
func decodeDeflated(data []byte, b *RegisterBrokerBody, withMapping bool) error {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer z.Close()
	r := &blockReader{in: z, left: MaxInflatedRegister}
	w := &b.TopicConfigSerializeWrapper
	r.json(&w.DataVersion)
	for n := r.count(); n > 0 && r.err == nil; n-- {
		r.topic(w.TopicConfigTable)
	}
	r.filterServers(b)
	if withMapping {
		for n := r.count(); n > 0 && r.err == nil; n-- {
			r.mapping(w.TopicQueueMappingInfoMap)
		}
	}
	return r.err
}

// blockReader takes counted blocks from the unfolded stream; after the first error everything it gives is empty.
type blockReader struct {
	in   io.Reader
	buf  []byte // reused block
	left int    // bytes that may still unfold
	err  error
}

func (r *blockReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *blockReader) count() int {
	var b [4]byte
	if r.err != nil || !r.take(4) {
		return 0
	}
	if _, err := io.ReadFull(r.in, b[:]); err != nil {
		r.fail(fmt.Errorf("compressed registration ends early: %w", err))
		return 0
	}
	n := int32(binary.BigEndian.Uint32(b[:]))
	if n < 0 {
		r.fail(fmt.Errorf("compressed registration: negative length %d", n))
		return 0
	}
	return int(n)
}

func (r *blockReader) take(n int) bool {
	if n > r.left {
		r.fail(ErrInflatedTooLarge)
		return false
	}
	r.left -= n
	return true
}

// block reads one counted block; it is valid until the next call. The buffer grows with what really arrives.
func (r *blockReader) block() []byte {
	n := r.count()
	if r.err != nil || !r.take(n) {
		return nil
	}
	buf := bytes.NewBuffer(r.buf[:0])
	got, err := io.CopyN(buf, r.in, int64(n))
	if err != nil {
		r.fail(fmt.Errorf("compressed registration: block of %d bytes ends after %d: %w", n, got, err))
		return nil
	}
	r.buf = buf.Bytes()
	return r.buf
}

func (r *blockReader) json(v any) {
	if text := r.block(); r.err == nil {
		if err := compat.Unmarshal(text, v); err != nil {
			r.fail(err)
		}
	}
}

func (r *blockReader) topic(table map[string]*TopicConfig) {
	text := r.block()
	if r.err != nil {
		return
	}
	t, err := DecodeTopicText(string(text))
	if err != nil {
		r.fail(err)
		return
	}
	table[t.TopicName] = &t
}

// filterServers forgives a list that does not parse, as Java does.
func (r *blockReader) filterServers(b *RegisterBrokerBody) {
	if text := r.block(); r.err == nil {
		var list []string
		if compat.Unmarshal(text, &list) == nil && list != nil {
			b.FilterServerList = list
		}
	}
}

func (r *blockReader) mapping(table map[string]*TopicQueueMappingInfo) {
	var m TopicQueueMappingInfo
	if r.json(&m); r.err == nil {
		table[m.Topic] = &m
	}
}
