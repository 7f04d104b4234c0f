package compat

import jsoniter "github.com/json-iterator/go"

// reader is immutable after package initialisation; jsoniter caches its decoders by type inside.
var reader = jsoniter.Config{CaseSensitive: true}.Froze()

// Unmarshal reads a body or file written by Java (fastjson 1 or 2) or by us into v. Unknown members are skipped, missing
// ones leave v's fields alone. Strings are copied: v does not refer to src afterwards. Errors are those of Normalize, or the JSON
// library's when a value has the wrong type. Called by whoever decodes a request or response body, off the event loop for large ones.
func Unmarshal(src []byte, v any) error {
	std, err := Normalize(src)
	if err != nil {
		return err
	}
	return reader.Unmarshal(std, v)
}
