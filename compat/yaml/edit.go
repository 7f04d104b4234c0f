package yaml

import (
	"bytes"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Edit parses a file that is to be changed: comments, and what is not changed, stay. An empty one is a mapping without
// keys. A file with aliases is refused: a change of one value would change others.
func Edit(data []byte) (*Node, error) {
	doc, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return &Node{&yaml.Node{Kind: yaml.MappingNode}}, nil
	}
	if doc.n.Kind != yaml.MappingNode {
		return nil, doc.Fail("keys and values have to stand here")
	}
	if at := anchored(doc.n); at != nil {
		return nil, &Error{at.Line, "an anchor: such a file is to be changed by hand"}
	}
	return doc, nil
}

func anchored(n *yaml.Node) *yaml.Node {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if at := anchored(c); at != nil {
			return at
		}
	}
	return nil
}

// Encode is the file's new content.
func (n *Node) Encode() ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	nameNothing(n.n, false)
	if err := e.Encode(n.n); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// nameNothing writes "null" where a value between braces or brackets is left out: the library would write an empty
// text.
func nameNothing(n *yaml.Node, flow bool) {
	if flow && n.Kind == yaml.ScalarNode && n.Value == "" &&
		n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 && n.ShortTag() == "!!null" {
		n.Value = "null"
	}
	for _, c := range n.Content {
		nameNothing(c, flow || n.Style&yaml.FlowStyle != 0)
	}
}

// Mapping makes a mapping without keys.
func Mapping() *Node { return &Node{&yaml.Node{Kind: yaml.MappingNode}} }

// List makes a list of these values.
func List(values ...*Node) *Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range values {
		n.Content = append(n.Content, v.n)
	}
	return &Node{n}
}

// Text makes a text, in quotes: no reader takes it for anything else.
func Text(text string) *Node {
	return &Node{&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}}
}

// Texts makes a list of texts.
func Texts(texts []string) *Node {
	n := List()
	for _, text := range texts {
		n.n.Content = append(n.n.Content, Text(text).n)
	}
	return n
}

// Flag makes a truth value.
func Flag(v bool) *Node { return scalar("!!bool", strconv.FormatBool(v)) }

// Int makes a number.
func Int(v int64) *Node { return scalar("!!int", strconv.FormatInt(v, 10)) }

func scalar(tag, text string) *Node {
	return &Node{&yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}}
}

// Set gives a key of a mapping a value, in the place of the old one or at the end.
func (n *Node) Set(key string, value *Node) {
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		if n.n.Content[i].Value == key {
			value.n.LineComment, value.n.FootComment = n.n.Content[i+1].LineComment, n.n.Content[i+1].FootComment
			n.n.Content[i+1] = value.n
			return
		}
	}
	n.n.Content = append(n.n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value.n)
}

// Append adds a value to a list.
func (n *Node) Append(value *Node) { n.n.Content = append(n.n.Content, value.n) }

// Remove takes a value out of a list.
func (n *Node) Remove(at int) { n.n.Content = slices.Delete(n.n.Content, at, at+1) }
