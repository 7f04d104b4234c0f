package remoting

import "unsafe"

// AppendRequest appends the frame of a request to dst: length words, header in the given form, body. For who sends frames without a Client, as load
// tools do; the layout is that of Command. v must not be nil. The header announces CurrentVersion and LanguageGo. Java: RemotingCommand.encode.
func AppendRequest[T any](dst []byte, form SerializeType, code, opaque int32, h *HeaderType[T], v *T, body []byte) []byte {
	w := beginHeader(dst, form, code, commandTail{CurrentVersion, opaque, 0, ""})
	h.info.write(&w, unsafe.Pointer(v))
	return append(w.finish(len(body)), body...)
}
