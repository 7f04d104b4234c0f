package remoting

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// headerWriter appends one frame header in either form. Usage: begin, field methods, finish.
type headerWriter struct {
	dst      []byte
	form     SerializeType
	start    int // where the frame begins in dst
	extStart int // binary form: where the length word of extFields stands
	fields   int
	tail     commandTail
}

// commandTail holds the members that the JSON form carries behind extFields (alphabetical order, as fastjson writes them).
type commandTail struct {
	version, opaque, flag int32
	remark                string
}

func beginHeader(dst []byte, form SerializeType, code int32, t commandTail) headerWriter {
	w := headerWriter{start: len(dst), form: form, tail: t}
	w.dst = frameStart(dst)
	if form == SerializeBinary {
		w.beginBinary(code)
		return w
	}
	w.dst = append(w.dst, `{"code":`...)
	w.dst = strconv.AppendInt(w.dst, int64(code), 10)
	return w
}

func (w *headerWriter) beginBinary(code int32) {
	w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(code))
	w.dst = append(w.dst, byte(LanguageGo))
	w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(w.tail.version))
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(w.tail.opaque))
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(w.tail.flag))
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(len(w.tail.remark)))
	w.dst = append(w.dst, w.tail.remark...)
	w.extStart = len(w.dst)
	w.dst = append(w.dst, 0, 0, 0, 0)
}

// fieldStart writes what stands before a value and returns the position that fieldEnd needs.
func (w *headerWriter) fieldStart(key string) int {
	w.fields++
	if w.form == SerializeBinary {
		w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(len(key)))
		w.dst = append(w.dst, key...)
		w.dst = append(w.dst, 0, 0, 0, 0)
		return len(w.dst)
	}
	if w.fields == 1 {
		w.dst = append(w.dst, `,"extFields":{`...)
	} else {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, key...)
	w.dst = append(w.dst, `":"`...)
	return len(w.dst)
}

func (w *headerWriter) fieldEnd(at int) {
	if w.form == SerializeBinary {
		binary.BigEndian.PutUint32(w.dst[at-4:], uint32(len(w.dst)-at))
		return
	}
	w.dst = append(w.dst, '"')
}

func (w *headerWriter) int(key string, v int64) {
	at := w.fieldStart(key)
	w.dst = strconv.AppendInt(w.dst, v, 10)
	w.fieldEnd(at)
}

func (w *headerWriter) bool(key string, v bool) {
	at := w.fieldStart(key)
	w.dst = strconv.AppendBool(w.dst, v)
	w.fieldEnd(at)
}

func (w *headerWriter) float(key string, v float64) {
	at := w.fieldStart(key)
	w.dst = strconv.AppendFloat(w.dst, v, 'g', -1, 64)
	w.fieldEnd(at)
}

func (w *headerWriter) str(key, v string) {
	at := w.fieldStart(key)
	if w.form == SerializeBinary {
		w.dst = append(w.dst, v...)
	} else {
		w.dst = appendJSONText(w.dst, v)
	}
	w.fieldEnd(at)
}

// finish closes the header and fills the frame's length words; bodyLen bytes of body will follow.
func (w *headerWriter) finish(bodyLen int) []byte {
	if w.form == SerializeBinary {
		binary.BigEndian.PutUint32(w.dst[w.extStart:], uint32(len(w.dst)-w.extStart-4))
	} else {
		w.finishJSON()
	}
	frameFinish(w.dst, w.start, len(w.dst), bodyLen, w.form)
	return w.dst
}

func (w *headerWriter) finishJSON() {
	if w.fields > 0 {
		w.dst = append(w.dst, '}')
	}
	w.dst = append(w.dst, `,"flag":`...)
	w.dst = strconv.AppendInt(w.dst, int64(w.tail.flag), 10)
	w.dst = append(w.dst, `,"language":"GO","opaque":`...)
	w.dst = strconv.AppendInt(w.dst, int64(w.tail.opaque), 10)
	if w.tail.remark != "" {
		w.dst = append(w.dst, `,"remark":"`...)
		w.dst = appendJSONText(w.dst, w.tail.remark)
		w.dst = append(w.dst, '"')
	}
	w.dst = append(w.dst, `,"serializeTypeCurrentRPC":"JSON","version":`...)
	w.dst = strconv.AppendInt(w.dst, int64(w.tail.version), 10)
	w.dst = append(w.dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSONText appends the content of a JSON string, escaped. Invalid UTF-8 becomes U+FFFD so that the header stays readable.
func appendJSONText(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= 0x20 && ch != '"' && ch != '\\' && ch < utf8.RuneSelf {
			i++
			continue
		}
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, ch)
		i++
		from = i
	}
	return append(dst, s[from:]...)
}

func appendEscape(dst []byte, ch byte) []byte {
	switch {
	case ch == '"' || ch == '\\':
		return append(dst, '\\', ch)
	case ch == '\n':
		return append(dst, '\\', 'n')
	case ch == '\r':
		return append(dst, '\\', 'r')
	case ch == '\t':
		return append(dst, '\\', 't')
	case ch >= utf8.RuneSelf:
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
}
