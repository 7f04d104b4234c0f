package wire

import (
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"gorocket/remoting/wire/jsontext"
)

// HeaderField is one field of a header.
type HeaderField struct {
	Name     string
	Kind     reflect.Kind // String, Slice (bytes), Int32, Int64, Bool, Float64
	Required bool
	Must     bool
	Default  string
	lead     fieldLead
	offset   uintptr
	absent   int64 // optional numbers with a default: the value that stands for "not given"
}

// In returns where the field lies in the header struct at v.
func (f *HeaderField) In(v unsafe.Pointer) unsafe.Pointer { return unsafe.Add(v, f.offset) }

// store parses a value into the struct at v; false when it does not parse, in which case the field keeps what it had.
func (f *HeaderField) store(v unsafe.Pointer, value []byte, in *Interner) bool {
	p := unsafe.Add(v, f.offset)
	switch f.Kind {
	case reflect.String:
		*(*string)(p) = in.String(value)
	case reflect.Slice:
		*(*[]byte)(p) = value
	case reflect.Int32:
		n, ok := jsontext.ParseInt(value, 32)
		if !ok {
			return false
		}
		*(*int32)(p) = int32(n)
	case reflect.Int64:
		n, ok := jsontext.ParseInt(value, 64)
		if !ok {
			return false
		}
		*(*int64)(p) = n
	case reflect.Bool:
		*(*bool)(p) = isTrue(value)
	case reflect.Float64:
		n, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return false
		}
		*(*float64)(p) = n
	}
	return true
}

// view tells whether the field refers to the frame's memory.
func (f *HeaderField) view() bool { return f.Kind == reflect.Slice }

// isTrue is Java's Boolean.parseBoolean.
func isTrue(b []byte) bool { return len(b) == 4 && strings.EqualFold(string(b), "true") }

// Omits tells whether an optional number has the value that stands for "not given": Java leaves null out, and receivers
// tell it apart from 0 (a heartbeatTimeoutMillis of 0 makes a NameServer drop the broker at once).
func (f *HeaderField) Omits(n int64) bool { return !f.Required && f.Default != "" && n == f.absent }

// Write appends the field whose value is at p, if it is given, and returns where in the frame's buffer its value begins
// and ends. Optional strings that are empty are left out, as Java leaves out null.
func (f *HeaderField) Write(w *Writer, p unsafe.Pointer) (start, end int, given bool) {
	if !f.given(p) {
		return 0, 0, false
	}
	w.dst = append(w.dst, f.lead.before(w.form, w.fields == 0)...)
	w.fields++
	at := len(w.dst)
	w.dst = f.append(w.dst, w.form, p)
	if w.form == SerializeBinary {
		putLength(w.dst, at)
	}
	return at, len(w.dst), true
}

// given tells whether the value at p is written at all.
func (f *HeaderField) given(p unsafe.Pointer) bool {
	switch f.Kind {
	case reflect.String:
		return f.Required || *(*string)(p) != ""
	case reflect.Slice:
		return f.Required || len(*(*[]byte)(p)) > 0
	case reflect.Int32:
		return !f.Omits(int64(*(*int32)(p)))
	case reflect.Int64:
		return !f.Omits(*(*int64)(p))
	}
	return true
}

// append appends the value at p.
func (f *HeaderField) append(dst []byte, form SerializeType, p unsafe.Pointer) []byte {
	switch f.Kind {
	case reflect.String:
		return appendText(dst, form, *(*string)(p))
	case reflect.Slice:
		b := *(*[]byte)(p)
		return appendText(dst, form, unsafe.String(unsafe.SliceData(b), len(b)))
	case reflect.Int32:
		return strconv.AppendInt(dst, int64(*(*int32)(p)), 10)
	case reflect.Int64:
		return strconv.AppendInt(dst, *(*int64)(p), 10)
	case reflect.Bool:
		return strconv.AppendBool(dst, *(*bool)(p))
	case reflect.Float64:
		return strconv.AppendFloat(dst, *(*float64)(p), 'g', -1, 64)
	}
	return dst
}
