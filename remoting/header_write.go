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

// fieldLead is what stands before a field's value, in both forms. It is made once for each field of a header type.
type fieldLead struct {
	first  string // JSON: ,"extFields":{"name":"
	json   string // JSON behind another field: ","name":" with the closing quote of that one
	binary string // int16 length of the name | name | int32 length of the value, still 0
}

func leadOf(name string) fieldLead {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(name)))
	b = append(append(b, name...), 0, 0, 0, 0)
	return fieldLead{first: `,"extFields":{"` + name + `":"`, json: `","` + name + `":"`, binary: string(b)}
}

func beginHeader(dst []byte, form SerializeType, code int32, t commandTail) headerWriter {
	w := headerWriter{start: len(dst), form: form, tail: t, dst: frameStart(dst)}
	w.begin(code)
	return w
}

func (w *headerWriter) begin(code int32) {
	if w.form == SerializeBinary {
		w.beginBinary(code)
		return
	}
	if code == Success {
		w.dst = append(w.dst, `{"code":0`...)
		return
	}
	w.dst = append(w.dst, `{"code":`...)
	w.dst = strconv.AppendInt(w.dst, int64(code), 10)
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

// before returns what stands before a value.
func (l *fieldLead) before(form SerializeType, first bool) string {
	switch {
	case form == SerializeBinary:
		return l.binary
	case first:
		return l.first
	}
	return l.json
}

// appendText appends a value. The JSON form's closing quote comes with what follows.
func appendText(dst []byte, form SerializeType, v string) []byte {
	if form == SerializeBinary {
		return append(dst, v...)
	}
	return appendJSONText(dst, v)
}

// putLength fills in the length of the value at dst[at:], which ends dst.
func putLength(dst []byte, at int) {
	binary.BigEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
}

// str writes a field that is in no header type.
func (w *headerWriter) str(key, v string) {
	w.key(key)
	at := len(w.dst)
	w.dst = appendText(w.dst, w.form, v)
	if w.form == SerializeBinary {
		putLength(w.dst, at)
	}
}

// key writes what stands before the value of a name that was not prepared.
func (w *headerWriter) key(key string) {
	w.fields++
	if w.form == SerializeBinary {
		w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(len(key)))
		w.dst = append(append(w.dst, key...), 0, 0, 0, 0)
		return
	}
	open := `","`
	if w.fields == 1 {
		open = `,"extFields":{"`
	}
	w.dst = append(append(append(w.dst, open...), key...), `":"`...)
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

// What most answers end with.
const (
	responseFlag = `,"flag":1,"language":"GO","opaque":`
	form513      = `,"serializeTypeCurrentRPC":"JSON","version":513}`
)

func (w *headerWriter) finishJSON() {
	if w.fields > 0 {
		w.dst = append(w.dst, '"', '}')
	}
	if w.tail.flag == FlagResponse {
		w.dst = append(w.dst, responseFlag...)
	} else {
		w.dst = append(w.dst, `,"flag":`...)
		w.dst = strconv.AppendInt(w.dst, int64(w.tail.flag), 10)
		w.dst = append(w.dst, `,"language":"GO","opaque":`...)
	}
	w.dst = strconv.AppendInt(w.dst, int64(w.tail.opaque), 10)
	if w.tail.remark != "" {
		w.dst = append(w.dst, `,"remark":"`...)
		w.dst = appendJSONText(w.dst, w.tail.remark)
		w.dst = append(w.dst, '"')
	}
	if w.tail.version == 513 {
		w.dst = append(w.dst, form513...)
		return
	}
	w.dst = append(w.dst, `,"serializeTypeCurrentRPC":"JSON","version":`...)
	w.dst = strconv.AppendInt(w.dst, int64(w.tail.version), 10)
	w.dst = append(w.dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSONText appends the content of a JSON string, escaped. Invalid UTF-8 becomes U+FFFD so that the header stays readable.
func appendJSONText(dst []byte, s string) []byte {
	before := len(dst)
	dst = appendPlain(dst, s)
	from := len(dst) - before
	for i := from; i < len(s); {
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
