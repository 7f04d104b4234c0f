package compat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// encoder appends one document to dst. One goroutine.
type encoder struct {
	style
	dst []byte
}

func (e *encoder) value(v reflect.Value) error {
	if !v.IsValid() {
		e.dst = append(e.dst, "null"...)
		return nil
	}
	if v.Type().Implements(marshalerType) && !isNil(v) {
		return e.custom(v.Interface().(json.Marshaler))
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return e.value(v.Elem())
	case reflect.Struct:
		return e.object(v)
	case reflect.Map:
		return e.mapping(v)
	case reflect.Slice, reflect.Array:
		return e.list(v)
	default:
		return e.scalar(v)
	}
}

func (e *encoder) custom(m json.Marshaler) error {
	text, err := m.MarshalJSON()
	e.dst = append(e.dst, text...)
	return err
}

func (e *encoder) scalar(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		e.dst = e.quoted(e.dst, v.String())
	case reflect.Bool:
		e.dst = strconv.AppendBool(e.dst, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.dst = strconv.AppendInt(e.dst, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.dst = strconv.AppendUint(e.dst, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		e.float(v.Float())
	default:
		return fmt.Errorf("compat: cannot write a %s as JSON", v.Type())
	}
	return nil
}

// float writes whole numbers with ".0" as Java does, NaN and the infinities as null.
func (e *encoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.dst = append(e.dst, "null"...)
		return
	}
	start := len(e.dst)
	e.dst = strconv.AppendFloat(e.dst, f, 'g', -1, 64)
	if !bytes.ContainsAny(e.dst[start:], ".e") {
		e.dst = append(e.dst, ".0"...)
	}
}

func (e *encoder) quoted(dst []byte, s string) []byte {
	if e.ascii {
		return appendQuotedASCII(dst, s)
	}
	return appendQuoted(dst, s)
}

func (e *encoder) list(v reflect.Value) error {
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			e.dst = append(e.dst, "null"...)
			return nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			e.dst = append(e.dst, '"')
			e.dst = base64.StdEncoding.AppendEncode(e.dst, v.Bytes())
			e.dst = append(e.dst, '"')
			return nil
		}
	}
	e.dst = append(e.dst, '[')
	for i := range v.Len() {
		e.comma(i)
		if err := e.value(v.Index(i)); err != nil {
			return err
		}
	}
	e.dst = append(e.dst, ']')
	return nil
}

func (e *encoder) comma(i int) {
	if i > 0 {
		e.dst = append(e.dst, ',')
	}
}

func (e *encoder) object(v reflect.Value) error {
	e.dst = append(e.dst, '{')
	n := 0
	for _, f := range planOf(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if isNil(fv) || f.omitEmpty && fv.IsZero() {
			continue
		}
		e.comma(n)
		n++
		e.dst = append(e.dst, f.key...)
		if err := e.value(fv); err != nil {
			return err
		}
	}
	e.dst = append(e.dst, '}')
	return nil
}

// entry is a map entry on its way out: order decides its place, key its text.
type entry struct {
	num  int64
	text string
	val  reflect.Value
}

func (e *encoder) mapping(v reflect.Value) error {
	if v.IsNil() {
		e.dst = append(e.dst, "null"...)
		return nil
	}
	entries, err := e.entries(v)
	if err != nil {
		return err
	}
	e.dst = append(e.dst, '{')
	for i, it := range entries {
		e.comma(i)
		e.dst = append(append(e.dst, it.text...), ':')
		if err := e.value(it.val); err != nil {
			return err
		}
	}
	e.dst = append(e.dst, '}')
	return nil
}

func (e *encoder) entries(v reflect.Value) ([]entry, error) {
	out := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		if isNil(it.Value()) {
			continue
		}
		en, err := e.mapKey(it.Key())
		if err != nil {
			return nil, err
		}
		en.val = it.Value()
		out = append(out, en)
	}
	slices.SortFunc(out, func(a, b entry) int {
		if a.num != b.num {
			if a.num < b.num {
				return -1
			}
			return 1
		}
		return bytes.Compare([]byte(a.text), []byte(b.text))
	})
	return out, nil
}

func (e *encoder) mapKey(k reflect.Value) (entry, error) {
	switch k.Kind() {
	case reflect.String:
		return entry{text: string(e.quoted(nil, k.String()))}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		text := strconv.FormatInt(k.Int(), 10)
		if e.quoteIntKeys {
			text = `"` + text + `"`
		}
		return entry{num: k.Int(), text: text}, nil
	}
	sub := encoder{style: e.style}
	if err := sub.value(k); err != nil {
		return entry{}, err
	}
	if e.quoteIntKeys {
		return entry{text: string(e.quoted(nil, string(sub.dst)))}, nil
	}
	return entry{text: string(sub.dst)}, nil
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}
