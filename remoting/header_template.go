package remoting

import "slices"

// A headerTemplate is the last header of one shape: its text, where the values stand in it, and what they were read as. A client library writes the
// members of a request in the same order with the same blanks each time; so the next header is read by comparing it with the last one. Only values that
// differ are read again; all bytes between the values have to be the same.
//
// Where this finds the same shape, it finds what decodeJSONHeader finds: the scanner goes through the same states between values, and each value is read
// to its end as the scanner reads it. In all other cases it gives up and changes nothing. In the binary form the lengths of values stand between them, so
// that only headers whose values are as long as before have the same shape. Event loop only.
type headerTemplate struct {
	form    SerializeType
	text    []byte
	slots   []valueSlot  // in the order of the text
	changes []slotChange // as many as there are slots fit in
	head    Command      // Code, Version, Opaque, Flag, Language, Remark
	fields  []Field      // extFields; keys in keys, values in text or in the slots' plain
	keys    []byte
	snapshot
}

// maxTemplateText and maxTemplateFields bound what a template keeps; larger headers are read without one. The text is in bytes; unescaped values take twice
// as much again at most.
const (
	maxTemplateText   = 2048
	maxTemplateFields = 64 // bits of snapshot.dirty
)

// slotKind says what a value of the header is.
type slotKind uint8

const (
	slotNone slotKind = iota
	slotCode
	slotVersion
	slotOpaque
	slotFlag
	slotLanguageCode // binary form
	slotLanguage
	slotRemark
	slotField
)

func (k slotKind) number() bool { return k >= slotCode && k <= slotLanguageCode }

// valueSlot is a value in a template: text[start:end], without its quotes.
type valueSlot struct {
	start, end int32
	kind       slotKind
	field      uint8  // slotField: which one
	escaped    bool   // plain holds the content
	plain      []byte // the content without escapes
	fresh      []byte // the same of a header that is being compared, until it turns out to be of this shape
}

// slotChange is a value that differs, in the new header.
type slotChange struct {
	slot       int
	start, end int32
	number     int32
	escaped    bool
}

// read reads b, a header in the form c.Serialize, into c if it has this template's shape, and makes b the template's text.
func (t *headerTemplate) read(b []byte, c *Command) bool {
	if t.form != c.Serialize || len(b) > maxTemplateText || !t.compare(b) {
		return false
	}
	t.accept(b)
	t.fill(c)
	return true
}

// compare walks over text and b together and notes the values that differ.
func (t *headerTemplate) compare(b []byte) bool {
	t.changes = t.changes[:0]
	i, j, slot := 0, 0, 0
	for {
		n := commonPrefix(t.text[j:], b[i:])
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
		if at := i - (j - int(s.start)); !s.read(t.form, b, at, ch) {
			return false
		}
		i, j = int(ch.end), int(s.end)
		slot++
	}
}

// note makes room for one more change; a slot changes once, so that there is room for all of them.
func (t *headerTemplate) note(slot int) *slotChange {
	n := len(t.changes)
	t.changes = t.changes[:n+1]
	t.changes[n].slot = slot
	return &t.changes[n]
}

// read reads the slot's value in another header, where it begins at b[i].
func (s *valueSlot) read(form SerializeType, b []byte, i int, ch *slotChange) (ok bool) {
	ch.start, ch.escaped = int32(i), false
	if form == SerializeBinary {
		return s.readFixed(b, i, ch)
	}
	if s.kind.number() {
		ch.number, i, ok = scanInt32(b, i)
		ch.end = int32(i)
		return ok
	}
	end := indexQuote(b, i)
	if end == len(b) {
		return false
	}
	if b[end] == '\\' {
		ch.escaped = true
		s.fresh, end = appendString(s.fresh[:0], b, i)
	}
	ch.end = int32(end)
	return end >= 0
}

// accept takes over the header that compare went through.
func (t *headerTemplate) accept(b []byte) {
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
func (t *headerTemplate) moved(b []byte) bool {
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
func (t *headerTemplate) move(b []byte) {
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
		if s.kind == slotField && !s.escaped {
			t.fields[s.field].Value = t.text[s.start:s.end:s.end]
		}
	}
}

// change reads one value that differs.
func (t *headerTemplate) change(ch *slotChange) {
	s := &t.slots[ch.slot]
	switch s.kind {
	case slotCode:
		t.head.Code = ch.number
	case slotVersion:
		t.head.Version = ch.number
	case slotOpaque:
		t.head.Opaque = ch.number
	case slotFlag:
		t.head.Flag = ch.number
	case slotLanguageCode:
		t.head.Language = Language(ch.number)
	case slotLanguage:
		t.head.Language = parseLanguage(t.content(s, ch.escaped))
	case slotRemark:
		t.head.Remark = string(t.content(s, ch.escaped))
	case slotField:
		t.fields[s.field].Value = t.content(s, ch.escaped)
		t.dirty |= 1 << s.field
	}
}

// content returns a value that differs, after its escapes were taken out.
func (t *headerTemplate) content(s *valueSlot, escaped bool) []byte {
	if s.escaped = escaped; !escaped {
		return t.text[s.start:s.end:s.end]
	}
	s.plain, s.fresh = s.fresh, s.plain
	return slices.Clip(s.plain)
}

// fill gives c what the template holds. The fields stay the template's: they live until the next header is read, as the frame does.
func (t *headerTemplate) fill(c *Command) {
	h := &t.head
	c.Code, c.Version, c.Opaque, c.Flag, c.Language, c.Remark = h.Code, h.Version, h.Opaque, h.Flag, h.Language, h.Remark
	c.borrow(t)
}
