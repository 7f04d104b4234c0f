package remoting

import (
	"bytes"
	"slices"
)

// lesson makes a template while decodeJSONHeader's scanner reads a header. It refuses shapes whose values cannot be replaced one by one: members that are
// there twice, names with escapes, values that are not of the usual kind (null, arrays, numbers in quotes).
type lesson struct {
	t     *headerTemplate
	seen  uint8 // bit for each member
	wrong bool
}

// learnHeader reads b, in the form c.Serialize, into c and makes t its template; false when it cannot be one, t is unusable then.
func learnHeader(b []byte, c *Command, t *headerTemplate) (learned bool, err error) {
	t.form, t.slots, t.info, t.dirty = c.Serialize, t.slots[:0], nil, 0
	l := lesson{t: t}
	if c.Serialize == SerializeBinary {
		err = l.binary(b, c)
	} else {
		p := jsonScanner{b: b, c: c, lesson: &l}
		err = p.header()
	}
	if err != nil || l.wrong || len(c.Fields) > maxTemplateFields || duplicateKeys(c.Fields) {
		return false, err
	}
	t.keep(b, c)
	return true, nil
}

// note is told that a value of the given kind stands at b[start:end].
func (l *lesson) note(kind slotKind, b []byte, start, end int) {
	if kind == slotNone {
		return
	}
	if kind != slotField {
		l.wrong = l.wrong || l.seen&(1<<kind) != 0
		l.seen |= 1 << kind
	}
	if !kind.number() {
		if b[start] != '"' {
			l.wrong = true
			return
		}
		start, end = start+1, end-1
	} else if _, at, ok := scanInt32(b, start); !ok || at != end {
		l.wrong = true
		return
	}
	l.t.slots = append(l.t.slots, valueSlot{start: int32(start), end: int32(end), kind: kind})
}

func duplicateKeys(fields []Field) bool {
	for i := range fields {
		for j := range i {
			if bytes.Equal(fields[i].Key, fields[j].Key) {
				return true
			}
		}
	}
	return false
}

// keep copies what was read: the frame dies.
func (t *headerTemplate) keep(b []byte, c *Command) {
	t.text = append(t.text[:0], b...)
	t.head = Command{Code: c.Code, Version: c.Version, Opaque: c.Opaque, Flag: c.Flag, Language: c.Language, Remark: c.Remark}
	t.keys, t.fields = t.keys[:0], t.fields[:0]
	for i := range c.Fields {
		t.keys = append(t.keys, c.Fields[i].Key...)
	}
	keys := t.keys
	t.changes = slices.Grow(t.changes[:0], len(t.slots))
	for i := range t.slots {
		s := &t.slots[i]
		if s.kind != slotField {
			continue
		}
		s.field = uint8(len(t.fields))
		f := &c.Fields[s.field]
		n := len(f.Key)
		value := t.text[s.start:s.end:s.end]
		if s.escaped = t.form == SerializeJSON && bytes.IndexByte(value, '\\') >= 0; s.escaped {
			s.plain = bytes.Clone(f.Value)
			value = s.plain
		}
		t.fields = append(t.fields, Field{keys[:n:n], value})
		keys = keys[n:]
	}
}
