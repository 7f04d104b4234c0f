package auth

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// names are those of an enumeration of Java by its code; "" is no constant. Their display names and those of Java's
// constants differ in case only.
type names []string

func (n names) name(code int) string {
	if code < 0 || code >= len(n) {
		return ""
	}
	return n[code]
}

// find is the code of a name in any case; -1 when 0 has a name itself and there is none such, else 0.
func (n names) find(name string) int {
	for i, s := range n {
		if s != "" && strings.EqualFold(s, name) {
			return i
		}
	}
	if n[0] != "" {
		return -1
	}
	return 0
}

// decode reads a value of a stored document: Java writes numbers, and reads the names of its constants too.
func (n names) decode(what string, text []byte, to *int8) error {
	if string(text) == "null" {
		return nil
	}
	code, err := strconv.Atoi(string(text))
	if err != nil {
		if name := bytes.Trim(text, `"`); len(name) < len(text) {
			code = n.find(string(name))
		} else {
			code = -1
		}
	}
	if n.name(code) == "" {
		return fmt.Errorf("auth: %s %.40s: no such value", what, text)
	}
	*to = int8(code)
	return nil
}
