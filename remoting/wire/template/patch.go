package template

import (
	"bytes"

	"gorocket/remoting/wire/jsontext"
)

// plainRun is a stretch without escapes in a value that has some: text[start+from:start+to] stands for
// plain[at:at+to-from]. It is the one in which the last header differed; the next one mostly differs there again, by
// the number at the end of a message's key.
type plainRun struct{ from, to, at int32 }

// uniformEscape is the length of \u0001 and the like, which stand for one byte: what is between message properties.
const uniformEscape = 6

// patch reads a value with escapes that differs from the last one, in text, in one plain stretch only, from its byte d
// on; b[i] is the first one of the new value. The content is not read again, it gets the same bytes.
func (s *valueSlot) patch(text, b []byte, i, d int, ch *slotChange) bool {
	old := text[s.start : s.end+1] // with its quote
	if len(b)-i < len(old) {
		return false
	}
	r := &s.run
	if d < int(r.from) || d >= int(r.to) {
		if !r.find(old, d) {
			return false
		}
	}
	b = b[i : i+len(old)]
	if !bytes.Equal(b[r.to:], old[r.to:]) || jsontext.IndexQuote(b[:r.to], d) < int(r.to) {
		return false
	}
	ch.patched, ch.end = true, s.end-s.start+int32(i)
	return true
}

// find looks for the stretch in which byte d of a value lies. There is none when d lies in an escape, or behind one
// that is not of the uniform kind.
func (r *plainRun) find(value []byte, d int) bool {
	*r = plainRun{}
	for from, at := 0, 0; from <= d; {
		to := jsontext.IndexQuote(value, from)
		if d < to {
			*r = plainRun{int32(from), int32(to), int32(at)}
			return true
		}
		if !bytes.HasPrefix(value[to:], []byte(`\u000`)) || len(value)-to < uniformEscape {
			return false
		}
		from, at = to+uniformEscape, at+to-from+1
	}
	return false
}

// apply takes over what patch found, when text is the new header's.
func (s *valueSlot) apply(text []byte) {
	r := s.run
	copy(s.plain[r.at:], text[s.start+r.from:s.start+r.to])
}
