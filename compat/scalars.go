package compat

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	jsoniter "github.com/json-iterator/go"
	"github.com/modern-go/reflect2"
)

// scalars makes jsoniter read a scalar of another type than the field's as fastjson2 does (recorded with 2.0.59). The
// C++ client and the Python, PHP and Node bindings on it write numbers as text and enums as ordinals.
//
//	whole number   "5", "1,000", "1.7" (cut), 1.7 (cut), true = 1; "" and "null" = 0; beyond the field's bits: an error
//	boolean        a number (0 is false), "true", "1", "Y", "T" in any case and their contraries; "" and "null" = false
//	text           the value's own JSON text
//	tag enum:"A,B" a text field that holds one of these constants: by name in any case, by ordinal as number or text; an unknown name is ""
type scalars struct{ jsoniter.DummyExtension }

var unmarshaler = reflect2.TypeOfPtr((*json.Unmarshaler)(nil)).Elem()

// DecorateDecoder wraps the decoders of plain scalars.
func (*scalars) DecorateDecoder(typ reflect2.Type, decoder jsoniter.ValDecoder) jsoniter.ValDecoder {
	if typ.Implements(unmarshaler) || reflect2.PtrTo(typ).Implements(unmarshaler) {
		return decoder
	}
	switch typ.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return &intDecoder{decoder, typ.Type1().Bits()}
	case reflect.Bool:
		return &boolDecoder{decoder}
	case reflect.String:
		return &textDecoder{decoder}
	}
	return decoder
}

// UpdateStructDescriptor gives fields with the tag enum their constants.
func (*scalars) UpdateStructDescriptor(s *jsoniter.StructDescriptor) {
	for _, f := range s.Fields {
		if list := f.Field.Tag().Get("enum"); list != "" {
			f.Decoder = &enumDecoder{f.Decoder, strings.Split(list, ",")}
		}
	}
}

type intDecoder struct {
	plain jsoniter.ValDecoder
	bits  int
}

// Decode implements jsoniter.ValDecoder.
func (d *intDecoder) Decode(ptr unsafe.Pointer, iter *jsoniter.Iterator) {
	var text string
	switch iter.WhatIsNext() {
	case jsoniter.NumberValue:
		text = string(iter.ReadNumber())
	case jsoniter.StringValue:
		text = strings.ReplaceAll(iter.ReadString(), ",", "")
	case jsoniter.BoolValue:
		text = "0"
		if iter.ReadBool() {
			text = "1"
		}
	default: // null leaves the field alone, anything else is an error
		d.plain.Decode(ptr, iter)
		return
	}
	if iter.Error != nil {
		return
	}
	n, err := parseWhole(text, d.bits)
	if err != nil {
		iter.ReportError("number", fmt.Sprintf("%.64q is no whole number of %d bits", text, d.bits))
		return
	}
	switch d.bits {
	case 32:
		*(*int32)(ptr) = int32(n)
	default:
		*(*int64)(ptr) = n
	}
}

// parseWhole reads a whole number; a fraction is cut off. Java: TypeUtils.toLongValue, JSONReader.readInt64Value.
func parseWhole(text string, bits int) (int64, error) {
	switch text {
	case "", "null", "false":
		return 0, nil
	case "true":
		return 1, nil
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err == nil || !strings.ContainsAny(text, ".eE") {
		return n, err
	}
	f, err := strconv.ParseFloat(text, 64)
	if limit := math.Ldexp(1, bits-1); err != nil || !(f >= -limit && f < limit) {
		return 0, strconv.ErrRange
	}
	return int64(f), nil
}

type boolDecoder struct{ plain jsoniter.ValDecoder }

// Decode implements jsoniter.ValDecoder.
func (d *boolDecoder) Decode(ptr unsafe.Pointer, iter *jsoniter.Iterator) {
	switch iter.WhatIsNext() {
	case jsoniter.NumberValue:
		*(*bool)(ptr) = strings.Trim(string(iter.ReadNumber()), "-+0.") != ""
	case jsoniter.StringValue:
		text := iter.ReadString()
		switch strings.ToLower(text) {
		case "true", "1", "y", "t":
			*(*bool)(ptr) = true
		case "false", "0", "n", "f", "", "null":
			*(*bool)(ptr) = false
		default:
			iter.ReportError("boolean", fmt.Sprintf("%.64q is neither true nor false", text))
		}
	default:
		d.plain.Decode(ptr, iter)
	}
}

type textDecoder struct{ plain jsoniter.ValDecoder }

// Decode implements jsoniter.ValDecoder.
func (d *textDecoder) Decode(ptr unsafe.Pointer, iter *jsoniter.Iterator) {
	switch iter.WhatIsNext() {
	case jsoniter.NumberValue, jsoniter.BoolValue, jsoniter.ObjectValue, jsoniter.ArrayValue:
		*(*string)(ptr) = strings.TrimSpace(string(iter.SkipAndReturnBytes()))
	default:
		d.plain.Decode(ptr, iter)
	}
}

type enumDecoder struct {
	plain     jsoniter.ValDecoder
	constants []string
}

// Decode implements jsoniter.ValDecoder.
func (d *enumDecoder) Decode(ptr unsafe.Pointer, iter *jsoniter.Iterator) {
	var text string
	number := false
	switch iter.WhatIsNext() {
	case jsoniter.NumberValue:
		text, number = string(iter.ReadNumber()), true
	case jsoniter.StringValue:
		text = iter.ReadString()
	case jsoniter.NilValue:
		d.plain.Decode(ptr, iter)
		return
	default:
		iter.ReportError("enum", "want one of "+strings.Join(d.constants, ", "))
		return
	}
	if i := slices.IndexFunc(d.constants, func(c string) bool { return strings.EqualFold(c, text) }); i >= 0 {
		*(*string)(ptr) = d.constants[i]
		return
	}
	i, err := strconv.Atoi(text)
	switch {
	case err == nil && i >= 0 && i < len(d.constants):
		*(*string)(ptr) = d.constants[i]
	case number:
		iter.ReportError("enum", text+" is the ordinal of none of "+strings.Join(d.constants, ", "))
	default:
		*(*string)(ptr) = ""
	}
}
