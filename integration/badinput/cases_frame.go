package badinput

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"gorocket/integration/wire"
)

// frameCases are broken frames. Each stands alone: the server may close the connection.
func frameCases() []Case {
	raw := func(name, why, h string) Case {
		return each("frame_"+name, Step{Why: why, RawHex: h, WaitMs: 1000},
			Step{Why: "name server too", To: "namesrv", RawHex: h, WaitMs: 1000})
	}
	header := func(text string) string { return hex.EncodeToString(wire.Frame([]byte(text), nil)) }
	good := `{"code":9999,"flag":0,"language":"JAVA","opaque":1,"serializeTypeCurrentRPC":"JSON","version":513}`
	kind := func(k byte) string {
		f := wire.Frame([]byte(good), nil)
		f[4] = k
		return hex.EncodeToString(f)
	}
	// Java looks at 12 bytes before it decides on a protocol, and a whole frame after the bad one shows whether the
	// connection lives on
	then := func(h string) string { return h + header(good) }
	tooLong := wire.Frame([]byte(good), nil)
	binary.BigEndian.PutUint32(tooLong[4:], 0xffffff)
	return []Case{
		raw("good", "unknown code, to compare with", header(good)),
		raw("length_zero", "length 0", then("00000000")),
		raw("length_one", "length 1", then("0000000100")),
		raw("length_negative", "length -1", then("ffffffff00000000")),
		raw("length_2g", "length 2 GiB - 1", then("7fffffff00000000")),
		raw("length_over_limit", "length 16 MiB + 1", then("0100000100000010")),
		raw("http", "an HTTP request", hex.EncodeToString([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))),
		raw("header_too_long", "header length beyond the frame", hex.EncodeToString(tooLong)),
		raw("header_empty", "header length 0", then("0000000400000000")),
		raw("header_not_json", "header is no JSON", header("garbage")),
		raw("header_list", "header is a list", header("[]")),
		raw("header_null", "header is null", header("null")),
		raw("header_cut", "header cut short", header(good[:40])),
		raw("header_empty_object", "header {}", header("{}")),
		raw("header_deep", "header of depth 10000", header(strings.Repeat("[", 10000))),
		raw("header_code_word", "code as word", header(strings.Replace(good, "9999", `"abc"`, 1))),
		raw("header_code_string", "code as string", header(strings.Replace(good, "9999", `"9999"`, 1))),
		raw("header_code_big", "code beyond int", header(strings.Replace(good, "9999", "99999999999", 1))),
		raw("header_language", "unknown language", header(strings.Replace(good, "JAVA", "COBOL", 1))),
		raw("header_ext_list", "extFields is a list", header(strings.Replace(good, `"flag"`, `"extFields":[],"flag"`, 1))),
		raw("header_ext_text", "extFields is a string", header(strings.Replace(good, `"flag"`, `"extFields":"x","flag"`, 1))),
		raw("header_unknown_member", "unknown member", header(strings.Replace(good, `"flag"`, `"noSuch":{"a":[1]},"flag"`,
			1))),
		raw("header_duplicate", "code twice", header(strings.Replace(good, `"flag"`, `"code":105,"flag"`, 1))),
		raw("header_utf8", "remark is no UTF-8", header(strings.Replace(good, `"flag"`, "\"remark\":\"\xff\xfe\",\"flag\"",
			1))),
		raw("kind_7", "serialize type 7", kind(7)),
		raw("kind_binary", "JSON marked as ROCKETMQ", kind(1)),
		raw("binary_good", "ROCKETMQ header, unknown code",
			"0000001d01000019"+"270f"+"00"+"0201"+"00000001"+"00000000"+"00000000"+"00000000"+"00000000"),
		raw("binary_short", "ROCKETMQ header of 5 bytes", "0000000901000005"+"270f000201"),
		raw("binary_ext_long", "ROCKETMQ header, extFields longer than the header",
			"0000001901000015"+"270f"+"00"+"0201"+"00000001"+"00000000"+"00000000"+"7fffffff"),
		raw("binary_remark_negative", "ROCKETMQ header, remark length -1",
			"0000001901000015"+"270f"+"00"+"0201"+"00000001"+"00000000"+"ffffffff"+"00000000"),
	}
}
