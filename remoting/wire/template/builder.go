package template

import (
	"bytes"
	"slices"

	"gorocket/remoting/wire"
	"gorocket/remoting/wire/jsontext"
)

// builder makes a template while wire.Observe reads a header. It refuses shapes whose values cannot be replaced one by
// one: members that are there twice, names with escapes, values that are not of the usual kind (null, arrays, numbers
// in quotes).
type builder struct {
	t     *requestTemplate
	seen  uint16 // bit for each member
	wrong bool
}

// learn reads b, in the form c.Serialize, into c and makes it the template; false when it cannot be one, t is unusable
// then.
func (t *requestTemplate) learn(b []byte, c *wire.Command) (learned bool, err error) {
	t.form, t.slots = c.Serialize, t.slots[:0]
	t.shape.Forget()
	l := builder{t: t}
	if err = wire.Observe(b, c, &l); err != nil || l.wrong {
		return false, err
	}
	if len(c.Fields) > maxTemplateFields || duplicateKeys(c.Fields) {
		return false, nil
	}
	t.keep(b, c)
	return true, nil
}

// Value implements wire.Observer.
func (l *builder) Value(kind wire.ValueKind, b []byte, start, end int) {
	if l.t.form == wire.SerializeJSON {
		if start, end = l.json(kind, b, start, end); l.wrong {
			return
		}
	}
	l.t.slots = append(l.t.slots, valueSlot{start: int32(start), end: int32(end), kind: kind})
}

// json checks a value of the JSON form and returns where it stands without its quotes.
func (l *builder) json(kind wire.ValueKind, b []byte, start, end int) (int, int) {
	if kind != wire.ValueField {
		l.wrong = l.wrong || l.seen&(1<<kind) != 0
		l.seen |= 1 << kind
	}
	if kind.Number() {
		_, at, ok := jsontext.ScanInt32(b, start)
		l.wrong = l.wrong || !ok || at != end
		return start, end
	}
	l.wrong = l.wrong || b[start] != '"'
	return start + 1, end - 1
}

func duplicateKeys(fields []wire.Field) bool {
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
func (t *requestTemplate) keep(b []byte, c *wire.Command) {
	t.text = append(t.text[:0], b...)
	t.head = wire.Command{Code: c.Code, Version: c.Version, Opaque: c.Opaque, Flag: c.Flag,
		Language: c.Language, Remark: c.Remark}
	t.keys, t.shape.Fields = t.keys[:0], t.shape.Fields[:0]
	for i := range c.Fields {
		t.keys = append(t.keys, c.Fields[i].Key...)
	}
	keys := t.keys
	t.changes = slices.Grow(t.changes[:0], len(t.slots))
	for i := range t.slots {
		s := &t.slots[i]
		if s.kind != wire.ValueField {
			continue
		}
		s.field = uint8(len(t.shape.Fields))
		f := &c.Fields[s.field]
		n := len(f.Key)
		value := t.text[s.start:s.end:s.end]
		if s.escaped = t.form == wire.SerializeJSON && bytes.IndexByte(value, '\\') >= 0; s.escaped {
			s.plain = bytes.Clone(f.Value)
			value = s.plain
		}
		t.shape.Fields = append(t.shape.Fields, wire.Field{Key: keys[:n:n], Value: value})
		keys = keys[n:]
	}
}
