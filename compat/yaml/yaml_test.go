package yaml

import (
	"errors"
	"strings"
	"testing"
)

func mustGet(t *testing.T, text string, key string) *Node {
	t.Helper()
	doc, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	n, err := doc.Get(key)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// TestTexts: a text is what stands there, or refused where SnakeYAML (YAML 1.1) would read another one.
func TestTexts(t *testing.T) {
	same := []string{"abc", "12345678", "0", "-5", "10.10.103.*", "topicA=PUB|SUB", "::1", "1:2:3:4:5:6:7:8z", "y", "n",
		"1.2.3", "2001-13", "12345678a", "a:b", "08x", "DENY", "192.168.0.1-20", "0.0.0.0", "*.*.*.*x"}
	other := []string{"0123456", "0x1234567", "0b1010101", "1_000_000", "1234567:30", "1:2:3:4:5:6:7:8", "1.50", "1e10",
		"-.5", "yes", "No", "on", "OFF", "true", "False", "2001-01-01", "2001-1-1 10:00:00", ".inf", ".NaN", "+12345678",
		"1234567890123456789", "190:20:30.15", "-0"}
	for _, text := range same {
		if strings.HasPrefix(text, "*") {
			continue // an alias
		}
		if got, err := mustGet(t, "k: "+text, "k").Text(); err != nil || got != text {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range other {
		if got, err := mustGet(t, "k: "+text, "k").Text(); err == nil {
			t.Errorf("%q: %q, Java reads something else", text, got)
		}
		for _, quote := range []string{`"`, "'"} {
			if got, err := mustGet(t, "k: "+quote+text+quote, "k").Text(); err != nil || got != text {
				t.Errorf("%q in quotes: %q %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"k:", "k: ~", "k: null", "k: ", "other: 1", ""} {
		if n := mustGet(t, text, "k"); n != nil {
			t.Errorf("%q: there", text)
		}
	}
	if got, err := (*Node)(nil).Text(); got != "" || err != nil {
		t.Errorf("what is not there: %q %v", got, err)
	}
}

// TestFlags: as fastjson makes truth values, of what SnakeYAML reads.
func TestFlags(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "yes": true, "on": true, `"true"`: true, "TRUE": true, "1": true,
		"false": false, "no": false, "off": false, "0": false, `""`: false, "~": false, "": false} {
		if got, err := mustGet(t, "k: "+text, "k").Flag(); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"2", "maybe", "[true]", "{a: true}"} {
		if _, err := mustGet(t, "k: "+text, "k").Flag(); err == nil {
			t.Errorf("%q: taken", text)
		}
	}
	if n, err := mustGet(t, "k: 12", "k").Int(); n != 12 || err != nil {
		t.Errorf("12: %d %v", n, err)
	}
	for _, text := range []string{"a", "[1]", "1.5"} {
		if _, err := mustGet(t, "k: "+text, "k").Int(); err == nil {
			t.Errorf("number %q: taken", text)
		}
	}
}

// TestLists: values of lists, and what is none.
func TestLists(t *testing.T) {
	got, err := mustGet(t, "k:\n- a\n- 'b'\n- &x c\n- *x\n", "k").Texts()
	if err != nil || strings.Join(got, " ") != "a b c c" {
		t.Errorf("%q %v", got, err)
	}
	for text, line := range map[string]int{"k: {a: b}": 1, "k: a": 1, "k:\n- a\n- [b]": 3, "k:\n- a\n- 007": 3} {
		_, err := mustGet(t, text, "k").Texts()
		var e *Error
		if !errors.As(err, &e) || e.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
}

// TestRefused: what is no YAML, no mapping, or more than it looks, with its line and nothing that it says.
func TestRefused(t *testing.T) {
	bomb := "a: &a [secret,secret]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"
	aliases := "a: &a x\nb: [" + strings.Repeat("*a,", maxAliases+1) + "]\n"
	for text, want := range map[string]string{
		"a: secret\nb: [secret\nc: 1\n": "line ", "a: secret\n\tb: secret": "line ", "a: 1\na: secret": "line 2: a key for",
		"secret": "line 1: keys and values", "- secret": "line 1: keys and values", "a: *secret": "no YAML: unknown anchor",
		bomb: "line 3: an alias of what holds aliases", aliases: "line 2: more than 50 aliases",
		"a: 1\n---\na: 2\n":             "line 2: a second document",
		strings.Repeat("#", MaxSize+1):  "more than",
		"a: 1\n? [x]\n: 2\n":            "line 2: a text has to stand here",
		"a: \xff\n":                     "no YAML: ",
		"a: &a\n  b: *a\n":              "alias",
		strings.Repeat("[", 20000) + "": "",
	} {
		doc, err := Parse([]byte(text))
		if err == nil {
			_, err = doc.Pairs()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
			continue
		}
		if len(want) > 0 && want != "no YAML: unknown anchor" && strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60q: %v says what stands there", text, err)
		}
	}
}

// TestNothingStaysNothing: a value that is left out is still none when the file was changed, and an empty text one.
func TestNothingStaysNothing(t *testing.T) {
	doc, err := Edit([]byte("a: {k, l: , m: '', n: !!str , o: [~, \"\"]}\nb:\nc: ''\nd: [[{p}]]\n"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := doc.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = "a: {k: null, l: null, m: '', n: !!str '', o: [~, \"\"]}\nb:\nc: ''\nd: [[{p: null}]]\n"
	if string(out) != want {
		t.Errorf("%s, want %s", out, want)
	}
}

// TestEdit: what is changed is changed, comments and the rest stay, and what is written is read again as it was meant.
func TestEdit(t *testing.T) {
	doc, err := Edit([]byte("# head\nkeep: [a, 'b'] # why\nchange: 1 # this\nlist:\n- {k: v}\n- {k: w}\n"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Set("change", Text("0123 # no comment"))
	doc.Set("new", Texts([]string{"yes", "a: b", "*"}))
	list, err := doc.Get("list")
	if err != nil {
		t.Fatal(err)
	}
	list.Remove(0)
	m := Mapping()
	m.Set("flag", Flag(true))
	m.Set("n", Int(1234567890123))
	list.Append(m)
	text, err := doc.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := "# head\nkeep: [a, 'b'] # why\nchange: \"0123 # no comment\" # this\nlist:\n  - {k: w}\n  - flag: true\n" +
		"    n: 1234567890123\nnew:\n  - \"yes\"\n  - \"a: b\"\n  - \"*\"\n"
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	if got, err := mustGet(t, string(text), "new").Texts(); err != nil || strings.Join(got, "|") != "yes|a: b|*" {
		t.Errorf("%q %v", got, err)
	}
	for text, want := range map[string]string{"a: &x 1\nb: *x\n": "line 1: an anchor", "- a": "line 1: keys and values", "a: [": "line"} {
		if _, err := Edit([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if doc, err = Edit(nil); err != nil {
		t.Fatal(err)
	}
	doc.Set("a", Int(1))
	if text, err := doc.Encode(); err != nil || string(text) != "a: 1\n" {
		t.Errorf("%q %v", text, err)
	}
}

// FuzzParse: no file panics, and all that can be asked of what was parsed answers.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "a: &x [1]\nb: *x", "? {a: b}\n: c", "- a\n- {b: c}", "a: |\n  t\n", "%YAML 1.1\n---\na: !!binary x"} {
		f.Add([]byte(s))
	}
	var walk func(n *Node, depth int)
	walk = func(n *Node, depth int) {
		_, _ = n.Text()
		_, _ = n.Flag()
		_, _ = n.Int()
		_, _ = n.Texts()
		if depth == 0 {
			return
		}
		list, _ := n.List()
		pairs, _ := n.Pairs()
		for _, p := range pairs {
			list = append(list, p.Value)
		}
		for _, c := range list[:min(len(list), 100)] {
			walk(c, depth-1)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse(data)
		if err != nil {
			return
		}
		walk(doc, 5)
		if doc, err = Edit(data); err == nil {
			doc.Set("k", Text("v"))
			if text, err := doc.Encode(); err != nil {
				t.Fatal(err)
			} else if again, err := Parse(text); err != nil || again == nil {
				t.Fatalf("%q became %q, which is %v", data, text, err)
			}
		}
	})
}
