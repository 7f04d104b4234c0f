package compat

import (
	jsoniter "github.com/json-iterator/go"
)

// reader is immutable after package initialisation; jsoniter caches its decoders by type inside.
var reader = newReader()

func newReader() jsoniter.API {
	api := jsoniter.Config{CaseSensitive: true}.Froze()
	api.RegisterExtension(&scalars{})
	return api
}

// Unmarshal reads a body or file written by Java (fastjson 1 or 2), by another client, or by us into v. Unknown
// members are skipped, missing ones leave v's fields alone. Scalars of another type are converted as fastjson does,
// see scalars. Strings are copied: v does not refer to src afterwards. Errors are those of Normalize, or the JSON
// library's when a value cannot be converted. Called by whoever decodes a request or response body, off the event
// loop for large ones.
func Unmarshal(src []byte, v any) error {
	std, err := Normalize(src)
	if err != nil {
		return err
	}
	return reader.Unmarshal(std, v)
}
