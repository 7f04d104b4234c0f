// Package yaml reads and edits the YAML files of Java programs: accounts, and credentials of tools. Java reads them as
// YAML 1.1 (SnakeYAML); what that would take for another text than is written there is refused, with the line.
//
// No error holds a value of the file: it may be a secret.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize is how large a file may be, in bytes.
const MaxSize = 4 << 20

// maxAliases is how many aliases a file may have. Java: LoaderOptions.maxAliasesForCollections.
const maxAliases = 50

// Error is what is wrong in a line of a file.
type Error struct {
	Line int // 0: of the file as a whole
	Msg  string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

// Node is one value of a document; nil: it is not there.
type Node struct{ n *yaml.Node }

// Pair is one key of a mapping and its value.
type Pair struct {
	Key   string
	Value *Node
}

// Parse reads a file of at most one document. An empty one is nil.
func Parse(data []byte) (*Node, error) {
	if len(data) > MaxSize {
		return nil, &Error{Msg: fmt.Sprintf("%d bytes, more than %d", len(data), MaxSize)}
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntax(err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, syntax(err)
		}
		return nil, &Error{more.Line, "a second document"}
	}
	aliases := 0
	if err := look(&doc, &aliases); err != nil {
		return nil, err
	}
	return inner(doc.Content[0]), nil
}

// syntaxLine is where the library says that a file is no YAML.
var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

// syntax is an error of the library as one of ours. It names lines as the parser counts them, and no values.
func syntax(err error) error {
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		return &Error{line, m[2]}
	}
	return &Error{Msg: "no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
}

// look refuses what makes a small file large, and mappings that are none.
func look(n *yaml.Node, aliases *int) error {
	if n.Kind == yaml.AliasNode {
		if *aliases++; *aliases > maxAliases {
			return &Error{n.Line, fmt.Sprintf("more than %d aliases", maxAliases)}
		}
		return flat(n)
	}
	for _, c := range n.Content {
		if err := look(c, aliases); err != nil {
			return err
		}
	}
	return nil
}

// flat refuses an alias of what holds aliases itself: such ones can stand for any number of values.
func flat(alias *yaml.Node) error {
	todo := []*yaml.Node{alias.Alias}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1], n.Content...)
		if n.Kind == yaml.AliasNode {
			return &Error{alias.Line, "an alias of what holds aliases"}
		}
	}
	return nil
}

// inner is the node itself, nil for null.
func inner(n *yaml.Node) *Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	return &Node{n}
}

// Line is where the value stands, 0 of one that is not there.
func (n *Node) Line() int {
	if n == nil {
		return 0
	}
	return n.n.Line
}

// Fail is an error about the value.
func (n *Node) Fail(format string, args ...any) error {
	return &Error{n.Line(), fmt.Sprintf(format, args...)}
}

// Pairs are the keys and values of a mapping in their order; of two with the same key it refuses the second.
func (n *Node) Pairs() (list []Pair, err error) {
	if n == nil {
		return nil, nil
	}
	if n.n.Kind != yaml.MappingNode {
		return nil, n.Fail("keys and values have to stand here")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		key, err := inner(n.n.Content[i]).Text()
		if err != nil {
			return nil, err
		}
		if key == "<<" {
			return nil, &Error{n.n.Content[i].Line, "mappings are not merged into others here: write the keys out"}
		}
		if seen[key] {
			return nil, &Error{n.n.Content[i].Line, "a key for the second time"}
		}
		seen[key] = true
		list = append(list, Pair{key, inner(n.n.Content[i+1])})
	}
	return list, nil
}

// Get is the value of a key of a mapping, nil when it is not there.
func (n *Node) Get(key string) (*Node, error) {
	list, err := n.Pairs()
	for _, p := range list {
		if p.Key == key {
			return p.Value, err
		}
	}
	return nil, err
}

// List are the values of a list.
func (n *Node) List() (list []*Node, err error) {
	if n == nil {
		return nil, nil
	}
	if n.n.Kind != yaml.SequenceNode {
		return nil, n.Fail("a list has to stand here")
	}
	for _, c := range n.n.Content {
		list = append(list, inner(c))
	}
	return list, nil
}

// Texts are the values of a list of texts.
func (n *Node) Texts() (texts []string, err error) {
	list, err := n.List()
	for _, c := range list {
		text, err := c.Text()
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, err
}
