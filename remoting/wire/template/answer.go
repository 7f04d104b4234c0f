package template

import (
	"encoding/binary"
	"reflect"
	"strconv"
	"unsafe"

	"gorocket/remoting/wire"
	"gorocket/remoting/wire/jsontext"
)

// answerTemplate is the last successful JSON answer of one header type. The next one differs from it in a few values,
// as a rule of the same length: they are written over the old ones, and the whole is copied. Event loop only.
type answerTemplate struct {
	info    *wire.HeaderInfo
	frame   []byte // but for the body; empty: nothing is known
	slots   []answerSlot
	opaque  answerSlot
	backoff Backoff
}

// answerSlot is a value in an answerTemplate: frame[start:end], without its quotes; where the field is left out, both
// are 0.
type answerSlot struct {
	start, end int
	number     int64  // what stands there, for kinds that are numbers
	text       string // the same for strings
	plain      bool   // what stands there is text without escapes
}

// answerCache holds the answerTemplates of one event loop, by header type in the order in which they were first used.
// Event loop only.
type answerCache struct{ list []*answerTemplate }

const (
	maxAnswerTypes = 16
	maxAnswerText  = 2048 // bytes of a frame that is kept
)

// append appends to out an answer whose body of bodyLen bytes follows; false when it has to be written the long way.
func (a *answerCache) append(out *[]byte, info *wire.HeaderInfo, v unsafe.Pointer, opaque int32, bodyLen int) bool {
	t := a.of(info)
	if t == nil || !t.backoff.try() {
		return false
	}
	if t.update(v, opaque) {
		t.backoff.hit()
	} else {
		t.backoff.miss()
		if t.learn(v, opaque); len(t.frame) == 0 {
			return false
		}
	}
	at := len(*out)
	*out = append(*out, t.frame...)
	binary.BigEndian.PutUint32((*out)[at:], uint32(len(t.frame)-wire.LengthSize+bodyLen))
	return true
}

func (a *answerCache) of(info *wire.HeaderInfo) *answerTemplate {
	for _, t := range a.list {
		if t.info == info {
			return t
		}
	}
	if len(a.list) == maxAnswerTypes {
		return nil
	}
	t := &answerTemplate{info: info, slots: make([]answerSlot, len(info.Fields))}
	a.list = append(a.list, t)
	return t
}

// update writes the values that differ into the frame; false when one does not fit, and nothing is known any more.
func (t *answerTemplate) update(v unsafe.Pointer, opaque int32) bool {
	if len(t.frame) == 0 {
		return false
	}
	for i := range t.slots {
		f := &t.info.Fields[i]
		if !t.slots[i].set(t.frame, f, f.In(v)) {
			t.frame = t.frame[:0]
			return false
		}
	}
	if !t.opaque.setNumber(t.frame, int64(opaque)) {
		t.frame = t.frame[:0]
	}
	return len(t.frame) > 0
}

// set writes the value at p over the old one, if it is as long and needs no escapes.
func (s *answerSlot) set(frame []byte, f *wire.HeaderField, p unsafe.Pointer) bool {
	switch f.Kind {
	case reflect.String:
		v := *(*string)(p)
		if unsafe.StringData(v) == unsafe.StringData(s.text) && len(v) == len(s.text) {
			return true
		}
		s.text = v
		return s.setText(frame, v)
	case reflect.Slice:
		b := *(*[]byte)(p)
		return s.setText(frame, unsafe.String(unsafe.SliceData(b), len(b)))
	case reflect.Int32:
		return s.setField(frame, f, int64(*(*int32)(p)))
	case reflect.Int64:
		return s.setField(frame, f, *(*int64)(p))
	}
	return false
}

func (s *answerSlot) setText(frame []byte, v string) bool {
	if len(v) != s.end-s.start {
		return false
	}
	if s.plain {
		return jsontext.ReplacePlain(frame[s.start:s.end], v)
	}
	s.plain = jsontext.CopyPlain(frame[s.start:s.end], v) == len(v)
	return s.plain
}

// setField is setNumber for a field that may be left out.
func (s *answerSlot) setField(frame []byte, f *wire.HeaderField, n int64) bool {
	return n == s.number || s.end > 0 && !f.Omits(n) && s.setNumber(frame, n)
}

// setNumber writes the digits in which n differs from the number that stands there, from the last one on, if there
// are as many of them.
func (s *answerSlot) setNumber(frame []byte, n int64) bool {
	if n < 0 || s.number < 0 {
		return n == s.number
	}
	now, was := n, s.number
	for at := s.end - 1; ; at-- {
		frame[at] = '0' + byte(now%10)
		if now, was = now/10, was/10; now == was {
			break
		}
		if now == 0 || was == 0 {
			return false
		}
	}
	s.number = n
	return true
}

// learn makes the template from a whole answer. It stays empty when the answer is too long.
func (t *answerTemplate) learn(v unsafe.Pointer, opaque int32) {
	head := wire.Head{Code: wire.Success, Opaque: opaque, Flag: wire.FlagResponse}
	w := wire.BeginHeader(t.frame[:0], wire.SerializeJSON, head)
	for i := range t.slots {
		f := &t.info.Fields[i]
		p := f.In(v)
		t.slots[i] = answerSlot{}
		t.slots[i].remember(f, p)
		if start, end, given := f.Write(&w, p); given {
			t.slots[i].start, t.slots[i].end = start, end
		}
	}
	t.frame = w.Finish(0)
	t.opaque.number, t.opaque.end = int64(opaque), len(t.frame)-len(wire.TailJSON)
	t.opaque.start = t.opaque.end - len(strconv.AppendInt(nil, int64(opaque), 10))
	if len(t.frame) > maxAnswerText {
		t.frame = nil
	}
}

func (s *answerSlot) remember(f *wire.HeaderField, p unsafe.Pointer) {
	switch f.Kind {
	case reflect.String:
		s.text = *(*string)(p)
	case reflect.Int32:
		s.number = int64(*(*int32)(p))
	case reflect.Int64:
		s.number = *(*int64)(p)
	}
}
