package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// between is what stands between two markers.
func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, begin)
	inside, _, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("markers %s and %s are missing", begin, end)
	}
	return inside
}

// lintArrows reads the table of arrows out of lint_test.go.
func lintArrows(t *testing.T) map[string][]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../lint_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	arrows := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != "arrows" {
			return true
		}
		for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
			kv := e.(*ast.KeyValueExpr)
			list := []string{}
			for _, x := range kv.Value.(*ast.CompositeLit).Elts {
				list = append(list, strings.Trim(x.(*ast.BasicLit).Value, `"`))
			}
			slices.Sort(list)
			arrows[strings.Trim(kv.Key.(*ast.BasicLit).Value, `"`)] = list
		}
		return false
	})
	return arrows
}

func TestArrowsAreThoseOfTheLint(t *testing.T) {
	want := lintArrows(t)
	if len(want) < 5 {
		t.Fatalf("only %d rows read from lint_test.go", len(want))
	}
	table := between(t, read(t, "architecture.md"), "<!-- arrows:begin -->", "<!-- arrows:end -->")
	quoted := regexp.MustCompile("`([^`]+)`")
	got := map[string][]string{}
	for line := range strings.Lines(table) {
		if m := quoted.FindAllStringSubmatch(line, -1); len(m) > 0 {
			list := []string{}
			for _, x := range m[1:] {
				list = append(list, x[1])
			}
			if rest := strings.Trim(quoted.ReplaceAllString(line, ""), "|, \n"); rest != "" {
				t.Errorf("the table of arrows has more than packages in it: %q", line)
			}
			if _, twice := got[m[0][1]]; twice {
				t.Errorf("the table of arrows has two rows for %s", m[0][1])
			}
			got[m[0][1]] = list
		}
	}
	for pkg, list := range want {
		if have, ok := got[pkg]; !ok || !slices.Equal(have, list) {
			t.Errorf("architecture.md says %s imports %v, lint_test.go says %v", pkg, have, list)
		}
	}
	for pkg := range got {
		if _, ok := want[pkg]; !ok {
			t.Errorf("architecture.md has a row for %s, lint_test.go has none", pkg)
		}
	}
}

var fence = regexp.MustCompile("(?s)```.*?\n```")

// TestLanguagesAreInStep compares what must not differ between the languages: programs, commands, headings, table rows.
func TestLanguagesAreInStep(t *testing.T) {
	for en, zh := range map[string]string{"../README.md": "../README.zh-CN.md", "clients.md": "zh-CN/clients.md",
		"operating.md": "zh-CN/operating.md", "status.md": "zh-CN/status.md"} {
		t.Run(en, func(t *testing.T) { inStep(t, read(t, en), read(t, zh)) })
	}
}

func inStep(t *testing.T, en, zh string) {
	t.Helper()
	a, b := fence.FindAllString(en, -1), fence.FindAllString(zh, -1)
	if len(a) != len(b) {
		t.Fatalf("%d blocks of code in English, %d in Chinese", len(a), len(b))
	}
	for i := range a {
		if code(a[i]) != code(b[i]) {
			t.Errorf("block %d of code differs:\n%s\n%s", i+1, a[i], b[i])
		}
	}
	en, zh = fence.ReplaceAllString(en, ""), fence.ReplaceAllString(zh, "")
	for _, mark := range []string{"## ", "### ", "|"} {
		if x, y := count(en, mark), count(zh, mark); x != y {
			t.Errorf("%d lines that begin with %q in English, %d in Chinese", x, mark, y)
		}
	}
}

// code drops the comments of shell commands: they are in the reader's language.
func code(block string) string {
	if !strings.HasPrefix(block, "```sh") {
		return block
	}
	return regexp.MustCompile(` +# .*`).ReplaceAllString(block, "")
}

func count(text, prefix string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// TestLinksLeadSomewhere follows the relative links of all documents.
func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	chinese, err2 := filepath.Glob("zh-CN/*.md")
	if err != nil || err2 != nil || len(chinese) == 0 {
		t.Fatal(err, err2, len(chinese))
	}
	pages = append(pages, chinese...)
	link := regexp.MustCompile(`\]\(([^)#]+)\)`)
	for _, page := range append(pages, "../README.md", "../README.zh-CN.md", "../CHANGELOG.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: link to %s leads nowhere", page, m[1])
			}
		}
	}
}

// TestTestsNamedInTheDocumentsExist looks up every TestXxx that a document mentions.
func TestTestsNamedInTheDocumentsExist(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"../*_test.go", "../*/*_test.go", "../*/*/*_test.go",
		"../*/*/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			sources.WriteString(read(t, f))
		}
	}
	name := regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]+)`")
	for _, page := range []string{"architecture.md", "durability.md", "migrating.md", "status.md",
		"../README.md", "../README.zh-CN.md", "../CHANGELOG.md"} {
		for _, m := range name.FindAllStringSubmatch(read(t, page), -1) {
			if !strings.Contains(sources.String(), "func "+m[1]+"(") {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
}

// TestLinesOfProse: 120 columns, but in tables, blocks of code and what is generated; Chinese has no blanks to break at.
func TestLinesOfProse(t *testing.T) {
	generated := []string{"config.md", "metrics.md", "support.md", "performance.md"}
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../CHANGELOG.md", "../CONTRIBUTING.md") {
		if slices.Contains(generated, page) {
			continue
		}
		text := fence.ReplaceAllStringFunc(read(t, page), func(block string) string {
			return strings.Repeat("\n", strings.Count(block, "\n"))
		})
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > 120 && !strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "[") {
				t.Errorf("%s:%d has %d columns, the limit is 120", page, i+1, n)
			}
		}
	}
}
