package wire

import (
	"math/bits"
	"unsafe"
)

// Shape is the extFields of a header that a fast decoder keeps for the next header of the same shape, together with
// the header struct that HeaderType.Decode made of them the last time: then only fields that have changed since are
// read again, and the rest is a copy. Who keeps it sets Fields and says with Touch what has changed. Not safe for
// concurrent use.
type Shape struct {
	Fields []Field // at most MaxShapeFields

	info  *HeaderInfo // the definition that read value; nil: there is none
	value any         // *T of that HeaderType
	index []int8      // for each of Fields the HeaderField that it is, -1 for none
	views uint64      // bits of fields whose values are views: they are set each time
	dirty uint64      // bits of fields that changed
}

// MaxShapeFields is how many extFields a Shape may have: the bits of its sets.
const MaxShapeFields = 64

// Forget drops the header struct: Fields are those of another shape now.
func (s *Shape) Forget() { s.info, s.dirty = nil, 0 }

// Touch says that the value of field i has changed.
func (s *Shape) Touch(i int) { s.dirty |= 1 << i }

// recall fills v from the last struct and the fields that changed; false when there is none of h or a value does not
// parse.
func (h *HeaderType[T]) recall(s *Shape, in *Interner, v *T) bool {
	last, ok := s.value.(*T)
	if !ok || s.info != &h.info {
		return false
	}
	for d := s.dirty | s.views; d != 0; d &= d - 1 {
		i := bits.TrailingZeros64(d)
		if at := s.index[i]; at >= 0 && !h.info.Fields[at].store(unsafe.Pointer(last), s.Fields[i].Value, in) {
			s.info = nil
			return false
		}
	}
	s.dirty = 0
	*v = *last
	return true
}

// remember makes v, as the fields were read without an error, the shape's struct.
func (h *HeaderType[T]) remember(s *Shape, v *T) {
	last, ok := s.value.(*T)
	if !ok {
		last = new(T)
		s.value = last
	}
	*last = *v
	s.info, s.dirty, s.views, s.index = &h.info, 0, 0, s.index[:0]
	for i, f := range s.Fields {
		at := h.info.find(f.Key, len(s.index))
		s.index = append(s.index, int8(at))
		if at >= 0 && h.info.Fields[at].view() {
			s.views |= 1 << i
		}
	}
}
