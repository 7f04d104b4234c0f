package compat

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// style says which of Java's JSON forms is written.
type style struct {
	quoteIntKeys bool // {"0":…} instead of fastjson's {0:…}
	ascii        bool // \uXXXX for everything beyond ASCII (fastjson's BrowserCompatible)
}

// Marshal writes v as fastjson does by default: members in alphabetical order, null members and null map values left
// out, integer map keys unquoted ({0:"h:p"}), struct map keys as objects ({{"queueId":1}:5}), byte slices in base64,
// no white space. Only json tags name members ("-" and omitempty work); a type that implements json.Marshaler writes
// itself.
func Marshal(v any) ([]byte, error) {
	return marshal(v, style{})
}

// MarshalStandard writes v like Marshal but as JSON by the standard: integer keys are quoted, struct keys are strings
// holding the key's text. For config/*.json and whoever is no Java.
func MarshalStandard(v any) ([]byte, error) {
	return marshal(v, style{quoteIntKeys: true})
}

// MarshalBrowser writes v like MarshalStandard with every character beyond ASCII as \uXXXX: the form of route answers
// for clients of V4_9_4 and later (SerializerFeature.BrowserCompatible).
func MarshalBrowser(v any) ([]byte, error) {
	return marshal(v, style{quoteIntKeys: true, ascii: true})
}

// MarshalPretty writes v like MarshalStandard, one member a line, indented by tabs: the form of Java's config/*.json
// files.
func MarshalPretty(v any) ([]byte, error) {
	flat, err := MarshalStandard(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, flat, "", "\t"); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func marshal(v any, s style) ([]byte, error) {
	e := encoder{style: s, dst: make([]byte, 0, 256)}
	if err := e.value(reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	return e.dst, nil
}
