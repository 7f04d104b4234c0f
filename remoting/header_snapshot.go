package remoting

import (
	"math/bits"
	"unsafe"
)

// snapshot is what a template's extFields were read as by HeaderType.Decode the last time, so that only fields that changed since are read again.
type snapshot struct {
	info  *HeaderInfo // the definition that read them; nil: there is none
	value any         // *T of that HeaderType
	index []int8      // for each field of the template the HeaderField that it is, -1 for none
	views uint64      // bits of fields whose values are views: they are set each time
	dirty uint64      // bits of fields that changed
}

// recall fills v from the snapshot and the fields that changed; false when there is no snapshot of h or a value does not parse.
func (h *HeaderType[T]) recall(t *headerTemplate, in *Interner, v *T) bool {
	last, ok := t.value.(*T)
	if !ok || t.info != &h.info {
		return false
	}
	for d := t.dirty | t.views; d != 0; d &= d - 1 {
		i := bits.TrailingZeros64(d)
		if at := t.index[i]; at >= 0 && !h.info.Fields[at].store(unsafe.Pointer(last), t.fields[i].Value, in) {
			t.info = nil
			return false
		}
	}
	t.dirty = 0
	*v = *last
	return true
}

// remember makes v, as the template's fields were read without an error, its snapshot.
func (h *HeaderType[T]) remember(t *headerTemplate, v *T) {
	last, ok := t.value.(*T)
	if !ok {
		last = new(T)
		t.value = last
	}
	*last = *v
	t.info, t.dirty, t.views, t.index = &h.info, 0, 0, t.index[:0]
	for i, f := range t.fields {
		at := h.info.find(f.Key, len(t.index))
		t.index = append(t.index, int8(at))
		if at >= 0 && h.info.Fields[at].view() {
			t.views |= 1 << i
		}
	}
}
