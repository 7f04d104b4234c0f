package compat

import "strconv"

// refIndex finds the values of one container; made at the first look, so that a path costs its own length and not
// that of what it passes.
type refIndex struct {
	members map[string]int32 // of an object; the last of equal names
	items   []int32          // of a list
}

// resolve finds what the reference at points at, none when nothing is there.
func (d *refDoc) resolve(at int32) int32 {
	n := d.nodes[at]
	switch path := d.paths[n.start]; {
	case path == "@":
		return n.parent
	case path == "..":
		if n.parent == none {
			return none
		}
		return d.nodes[n.parent].parent
	case len(path) > 0 && path[0] == '$':
		return d.walk(path[1:])
	default:
		return none
	}
}

// walk follows steps of the forms .name, ['name'], ["name"] and [3] from the root. A backslash takes the next
// character as it is: that is how fastjson writes names with special characters ($.topicConfigTable.\%RETRY\%g).
func (d *refDoc) walk(path string) int32 {
	at := int32(0)
	for at != none && path != "" {
		var step string
		var ok bool
		switch path[0] {
		case '.':
			step, path = takeName(path[1:])
		case '[':
			if step, path, ok = takeIndex(path[1:]); !ok {
				return none
			}
		default:
			return none
		}
		at = d.child(at, step)
	}
	return at
}

func takeName(path string) (name, rest string) {
	var b []byte
	for i := 0; i < len(path); i++ {
		switch c := path[i]; c {
		case '.', '[':
			return string(b), path[i:]
		case '\\':
			if i+1 < len(path) {
				i++
			}
			b = append(b, path[i])
		default:
			b = append(b, c)
		}
	}
	return string(b), ""
}

func takeIndex(path string) (name, rest string, ok bool) {
	var b []byte
	var quote byte
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case i == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && i+1 < len(path):
			i++
			b = append(b, path[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && c == ']':
			return string(b), path[i+1:], true
		default:
			b = append(b, c)
		}
	}
	return "", "", false
}

func (d *refDoc) child(of int32, step string) int32 {
	switch d.nodes[of].kind {
	case '[':
		items := d.indexOf(of).items
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(items) {
			return items[i]
		}
	case '{':
		if at, ok := d.indexOf(of).members[step]; ok {
			return at
		}
	}
	return none
}

func (d *refDoc) indexOf(of int32) refIndex {
	if x, ok := d.index[of]; ok {
		return x
	}
	x := refIndex{}
	if d.nodes[of].kind == '{' {
		x.members = map[string]int32{}
	}
	for v := d.nodes[of].first; v != none; v = d.nodes[v].sibling {
		if x.members == nil {
			x.items = append(x.items, v)
		} else {
			x.members[unquote(d.src[d.nodes[v].key:d.nodes[v].keyEnd])] = v
		}
	}
	d.index[of] = x
	return x
}
