package admin

import (
	"bytes"
	"encoding/json"
	"fmt"

	"gorocket/compat"
)

// pretty is a value as fastjson2 prints it with PrettyFormat: members and elements one a line, indented by tabs, no
// blank behind a colon, empty ones in one piece, integer keys bare.
func pretty(v any) string {
	body, err := compat.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(indent(body))
}

// indent breaks a JSON text without white space into lines. The numbers of "next" stay in one: Java's are a long[],
// which fastjson2 does not break, as it does lists.
func indent(text []byte) []byte {
	var b bytes.Buffer
	depth := 0
	line := func() {
		b.WriteByte('\n')
		for range depth {
			b.WriteByte('\t')
		}
	}
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; ch {
		case '"':
			end := stringEnd(text, i)
			b.Write(text[i:end])
			i = end - 1
		case '{', '[':
			b.WriteByte(ch)
			if i+1 < len(text) && (text[i+1] == '}' || text[i+1] == ']') {
				b.WriteByte(text[i+1])
				i++
				continue
			}
			if end := bytes.IndexByte(text[i:], ']'); end > 0 && bytes.HasSuffix(b.Bytes(), []byte(`"next":[`)) {
				b.Write(text[i+1 : i+end+1])
				i += end
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			b.WriteByte(ch)
		case ',':
			b.WriteByte(ch)
			line()
		default:
			b.WriteByte(ch)
		}
	}
	return b.Bytes()
}

// stringEnd is the position behind the string that begins at i.
func stringEnd(text []byte, i int) int {
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(text)
}

// coldText is what a broker says about the flow control of cold reads, with times as people read them. Java:
// GetColdDataFlowCtrInfoSubCommand.
func coldText(raw json.RawMessage) string {
	var info map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&info) != nil {
		return string(raw)
	}
	table, _ := info["runtimeTable"].(map[string]any)
	for _, v := range table {
		row, ok := v.(map[string]any)
		if !ok {
			continue
		}
		for from, to := range map[string]string{"lastColdReadTimeMills": "lastColdReadTimeFormat",
			"createTimeMills": "createTimeFormat"} {
			if n, ok := row[from].(json.Number); ok {
				ms, _ := n.Int64() // 0 for what is no time
				row[to] = stamp(ms)
				delete(row, from)
			}
		}
	}
	body, err := json.Marshal(info)
	if err != nil {
		return string(raw)
	}
	return string(indent(body))
}
