package template

import (
	"slices"

	"gorocket/remoting/wire"
	"gorocket/remoting/wire/jsontext"
)

// A requestTemplate is the last header of one shape: its text, where the values stand in it, and what they were read
// as. A client library writes the members of a request in the same order with the same blanks each time; so the next
// header is read by comparing it with the last one. Only values that differ are read again; all bytes between the
// values have to be the same.
//
// Where this finds the same shape, it finds what decodeJSONHeader finds: the scanner goes through the same states
// between values, and each value is read to its end as the scanner reads it. In all other cases it gives up and
// changes nothing. In the binary form the lengths of values stand between them, so that only headers whose values are
// as long as before have the same shape. Event loop only.
type requestTemplate struct {
	form    wire.SerializeType
	text    []byte
	slots   []valueSlot  // in the order of the text
	changes []slotChange // as many as there are slots fit in
	head    wire.Command // Code, Version, Opaque, Flag, Language, Remark
	shape   wire.Shape   // extFields; keys in keys, values in text or in the slots' plain
	keys    []byte
}

// maxTemplateText and maxTemplateFields bound what a template keeps; larger headers are read without one. The text is
// in bytes; unescaped values take twice as much again at most.
const (
	maxTemplateText   = 2048
	maxTemplateFields = wire.MaxShapeFields
)

// valueSlot is a value in a template: text[start:end], without its quotes.
type valueSlot struct {
	start, end int32
	kind       wire.ValueKind
	field      uint8  // wire.ValueField: which one
	escaped    bool   // plain holds the content
	plain      []byte // the content without escapes
	fresh      []byte // the same of a header that is being compared, until it turns out to be of this shape
	run        plainRun
}

// slotChange is a value that differs, in the new header.
type slotChange struct {
	slot       int
	start, end int32
	number     int32
	escaped    bool
	patched    bool // escaped; the content differs in the slot's run only
}

// read reads b, a header in the form c.Serialize, into c if it has this template's shape, and makes b the template's
// text.
func (t *requestTemplate) read(b []byte, c *wire.Command) bool {
	if t.form != c.Serialize || len(b) > maxTemplateText || !t.compare(b) {
		return false
	}
	t.accept(b)
	t.fill(c)
	return true
}

// compare walks over text and b together and notes the values that differ.
func (t *requestTemplate) compare(b []byte) bool {
	t.changes = t.changes[:0]
	i, j, slot := 0, 0, 0
	for {
		n := jsontext.CommonPrefix(t.text[j:], b[i:])
		i, j = i+n, j+n
		if i == len(b) && j == len(t.text) {
			return true
		}
		for slot < len(t.slots) && int(t.slots[slot].end) < j {
			slot++
		}
		if slot == len(t.slots) || j < int(t.slots[slot].start) {
			return false
		}
		s, ch := &t.slots[slot], t.note(slot)
		d := j - int(s.start)
		if s.escaped && s.patch(t.text, b, i-d, d, ch) {
			ch.start, ch.escaped = int32(i-d), true
		} else if !s.read(t.form, b, i-d, ch) {
			return false
		}
		i, j = int(ch.end), int(s.end)
		slot++
	}
}

// note makes room for one more change; a slot changes once, so that there is room for all of them.
func (t *requestTemplate) note(slot int) *slotChange {
	n := len(t.changes)
	t.changes = t.changes[:n+1]
	t.changes[n].slot = slot
	return &t.changes[n]
}

// read reads the slot's value in another header, where it begins at b[i].
func (s *valueSlot) read(form wire.SerializeType, b []byte, i int, ch *slotChange) (ok bool) {
	ch.start, ch.escaped, ch.patched = int32(i), false, false
	if form == wire.SerializeBinary {
		return s.readFixed(b, i, ch)
	}
	if s.kind.Number() {
		ch.number, i, ok = jsontext.ScanInt32(b, i)
		ch.end = int32(i)
		return ok
	}
	end := jsontext.IndexQuote(b, i)
	if end == len(b) {
		return false
	}
	if b[end] == '\\' {
		ch.escaped = true
		s.fresh, end = jsontext.AppendString(s.fresh[:0], b, i)
	}
	ch.end = int32(end)
	return end >= 0
}

// accept takes over the header that compare went through.
func (t *requestTemplate) accept(b []byte) {
	if t.moved(b) {
		t.move(b)
	} else {
		for i := range t.changes {
			ch := &t.changes[i]
			copy(t.text[ch.start:ch.end], b[ch.start:ch.end])
		}
	}
	for i := range t.changes {
		t.change(&t.changes[i])
	}
}

// moved tells whether a value has another length than before.
func (t *requestTemplate) moved(b []byte) bool {
	if len(b) != len(t.text) {
		return true
	}
	for i := range t.changes {
		ch := &t.changes[i]
		if s := &t.slots[ch.slot]; s.start != ch.start || s.end != ch.end {
			return true
		}
	}
	return false
}

// move makes b the text and shifts the slots to where their values are now.
func (t *requestTemplate) move(b []byte) {
	t.text = append(t.text[:0], b...)
	shift, next := int32(0), 0
	for i := range t.slots {
		s := &t.slots[i]
		if next < len(t.changes) && t.changes[next].slot == i {
			ch := &t.changes[next]
			shift = ch.end - s.end
			s.start, s.end = ch.start, ch.end
			next++
		} else {
			s.start, s.end = s.start+shift, s.end+shift
		}
		if s.kind == wire.ValueField && !s.escaped {
			t.shape.Fields[s.field].Value = t.text[s.start:s.end:s.end]
		}
	}
}

// change reads one value that differs.
func (t *requestTemplate) change(ch *slotChange) {
	s := &t.slots[ch.slot]
	switch s.kind {
	case wire.ValueCode:
		t.head.Code = ch.number
	case wire.ValueVersion:
		t.head.Version = ch.number
	case wire.ValueOpaque:
		t.head.Opaque = ch.number
	case wire.ValueFlag:
		t.head.Flag = ch.number
	case wire.ValueLanguageCode:
		t.head.Language = wire.Language(ch.number)
	case wire.ValueLanguage:
		t.head.Language = wire.ParseLanguage(t.content(s, ch))
	case wire.ValueRemark:
		t.head.Remark = string(t.content(s, ch))
	case wire.ValueField:
		t.shape.Fields[s.field].Value = t.content(s, ch)
		t.shape.Touch(int(s.field))
	}
}

// content returns a value that differs, after its escapes were taken out.
func (t *requestTemplate) content(s *valueSlot, ch *slotChange) []byte {
	switch s.escaped = ch.escaped; {
	case ch.patched:
		s.apply(t.text)
	case ch.escaped:
		s.plain, s.fresh, s.run = s.fresh, s.plain, plainRun{}
	default:
		return t.text[s.start:s.end:s.end]
	}
	return slices.Clip(s.plain)
}

// fill gives c what the template holds. The fields stay the template's: they live until the next header is read, as
// the frame does.
func (t *requestTemplate) fill(c *wire.Command) {
	h := &t.head
	c.Code, c.Version, c.Opaque, c.Flag = h.Code, h.Version, h.Opaque, h.Flag
	c.Language, c.Remark = h.Language, h.Remark
	c.Borrow(&t.shape)
}
