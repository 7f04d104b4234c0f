package wire

import (
	"encoding/binary"
	"strconv"
	"unsafe"

	"gorocket/remoting/wire/jsontext"
)

// Head is what stands in a header beside its extFields. Language and version are those of this program.
type Head struct {
	Code, Opaque, Flag int32
	Remark             string
}

// Header is a header struct together with its definition, for who writes it without knowing its Go type. The zero value
// stands for no extFields.
type Header struct {
	Info  *HeaderInfo
	Value unsafe.Pointer // the struct that Info describes
}

// Of returns v, which must not be nil, with its definition.
func (h *HeaderType[T]) Of(v *T) Header { return Header{&h.info, unsafe.Pointer(v)} }

// Fields are the extFields of the header as a receiver of them reads them.
func (h Header) Fields() (list []Field) {
	if h.Info == nil {
		return nil
	}
	for i := range h.Info.Fields {
		f := &h.Info.Fields[i]
		if p := f.In(h.Value); f.given(p) {
			list = append(list, Field{[]byte(f.Name), f.append(nil, SerializeBinary, p)})
		}
	}
	return list
}

// StringField is an extField given as strings.
type StringField struct{ Key, Value string }

// AppendFrame appends a frame to dst, but for the bodyLen bytes of its body, which the caller has to append.
// Java: RemotingCommand.encodeHeader.
func AppendFrame(dst []byte, form SerializeType, head Head, h Header, bodyLen int) []byte {
	w := BeginHeader(dst, form, head)
	w.Header(h)
	return w.Finish(bodyLen)
}

// AppendRequest appends the whole frame of a request to dst. v must not be nil.
func AppendRequest[T any](dst []byte, form SerializeType, code, opaque int32, h *HeaderType[T], v *T,
	body []byte) []byte {
	return append(AppendFrame(dst, form, Head{Code: code, Opaque: opaque}, h.Of(v), len(body)), body...)
}

// Writer appends one frame header in either form: BeginHeader, then extFields, then Finish.
type Writer struct {
	dst      []byte
	form     SerializeType
	start    int // where the frame begins in dst
	extStart int // binary form: where the length word of extFields stands
	fields   int
	head     Head // the JSON form has its other members behind extFields, in alphabetical order as fastjson writes them
}

// BeginHeader begins a frame at the end of dst.
func BeginHeader(dst []byte, form SerializeType, head Head) Writer {
	w := Writer{start: len(dst), form: form, head: head, dst: frameStart(dst)}
	w.begin(head.Code)
	return w
}

func (w *Writer) begin(code int32) {
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

func (w *Writer) beginBinary(code int32) {
	w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(code))
	w.dst = append(w.dst, byte(LanguageGo))
	w.dst = binary.BigEndian.AppendUint16(w.dst, CurrentVersion)
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(w.head.Opaque))
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(w.head.Flag))
	w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(len(w.head.Remark)))
	w.dst = append(w.dst, w.head.Remark...)
	w.extStart = len(w.dst)
	w.dst = append(w.dst, 0, 0, 0, 0)
}

// Header writes the fields of a header struct.
func (w *Writer) Header(h Header) {
	if h.Info == nil {
		return
	}
	for i := range h.Info.Fields {
		f := &h.Info.Fields[i]
		f.Write(w, f.In(h.Value))
	}
}

// Field writes a field that is in no header type.
func (w *Writer) Field(key, v string) {
	w.key(key)
	at := len(w.dst)
	w.dst = appendText(w.dst, w.form, v)
	if w.form == SerializeBinary {
		putLength(w.dst, at)
	}
}

// key writes what stands before the value of a name that was not prepared.
func (w *Writer) key(key string) {
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

// Finish closes the header, fills the frame's length words and returns dst; bodyLen bytes of body will follow.
func (w *Writer) Finish(bodyLen int) []byte {
	if w.form == SerializeBinary {
		binary.BigEndian.PutUint32(w.dst[w.extStart:], uint32(len(w.dst)-w.extStart-4))
	} else {
		w.finishJSON()
	}
	frameFinish(w.dst, w.start, len(w.dst), bodyLen, w.form)
	return w.dst
}

// responseMembers stands behind the extFields of most answers.
const responseMembers = `,"flag":1,"language":"GO","opaque":`

// TailJSON ends each header of the JSON form. The digits of the opaque number stand before it when there is no remark.
const TailJSON = `,"serializeTypeCurrentRPC":"JSON","version":513}`

func (w *Writer) finishJSON() {
	if w.fields > 0 {
		w.dst = append(w.dst, '"', '}')
	}
	if w.head.Flag == FlagResponse {
		w.dst = append(w.dst, responseMembers...)
	} else {
		w.dst = append(w.dst, `,"flag":`...)
		w.dst = strconv.AppendInt(w.dst, int64(w.head.Flag), 10)
		w.dst = append(w.dst, `,"language":"GO","opaque":`...)
	}
	w.dst = strconv.AppendInt(w.dst, int64(w.head.Opaque), 10)
	if w.head.Remark != "" {
		w.dst = append(w.dst, `,"remark":"`...)
		w.dst = jsontext.AppendEscaped(w.dst, w.head.Remark)
		w.dst = append(w.dst, '"')
	}
	w.dst = append(w.dst, TailJSON...)
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
	return jsontext.AppendEscaped(dst, v)
}

// putLength fills in the length of the value at dst[at:], which ends dst.
func putLength(dst []byte, at int) {
	binary.BigEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
}
