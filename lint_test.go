// Package gorocket_test holds the project's own rules as tests: which package may import which, how long functions and
// files may be, which calls have one home, and that exported names are documented.
package gorocket_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxFunction and maxFile are the longest a function and a file may be, in lines, maxColumns the longest line. Tests
// and generated tables may be longer.
const (
	maxFunction = 70
	maxFile     = 450
	maxColumns  = 120
)

// arrows says what each package may import of this module: the arrows of docs/architecture.md.
var arrows = map[string][]string{
	"broker": {"broker/clients", "broker/cluster", "broker/config", "broker/delay", "broker/exporter",
		"broker/filter", "broker/hold", "broker/members", "broker/meta", "broker/overload", "broker/pop", "broker/replicas",
		"broker/replication", "broker/service", "broker/slave", "broker/static", "broker/stats", "broker/trans", "broker/worker", "compat", "compat/config", "compat/stamp", "remoting", "remoting/auth", "remoting/auth/plain", "remoting/guard", "remoting/protocol",
		"remoting/secure", "remoting/throttle", "remoting/transport", "remoting/wire", "store", "store/commitlog", "store/datafile",
		"store/dispatch", "store/epoch", "store/ha", "store/record", "store/recovery", "store/timer", "store/vfs"},
	"broker/clients": {"broker/filter", "broker/meta", "broker/signal", "broker/worker", "compat", "remoting",
		"remoting/protocol", "remoting/wire", "store/record"},
	"broker/cluster": {"broker/meta", "broker/signal", "compat", "remoting", "remoting/protocol",
		"remoting/throttle", "remoting/wire", "store/record"},
	"broker/members": {"broker/signal", "broker/worker"},
	"broker/config":  {"broker/meta", "compat", "compat/config", "remoting", "remoting/auth", "remoting/metrics", "remoting/secure", "store", "store/vfs"},
	"broker/delay": {"broker/meta", "broker/signal", "broker/worker", "compat", "compat/config",
		"remoting/protocol", "remoting/throttle", "store",
		"store/delivered", "store/dispatch", "store/record"},
	"broker/exporter": {"broker/clients", "broker/cluster", "broker/config", "broker/filter", "broker/hold",
		"broker/members", "broker/meta", "broker/overload", "broker/pop", "broker/replication", "broker/static", "broker/stats",
		"broker/trans", "compat", "remoting/auth", "remoting/metrics", "remoting/transport", "remoting/wire", "store", "store/timer", "store/vfs"},
	"broker/filter":   {"compat"},
	"broker/hold":     {"broker/clients", "broker/signal", "broker/worker", "store"},
	"broker/meta":     {"broker/signal", "broker/stats", "compat", "remoting/protocol", "store/vfs"},
	"broker/overload": {"broker/config", "remoting", "remoting/throttle", "remoting/wire", "store"},
	"broker/pop": {"broker/clients", "broker/config", "broker/filter", "broker/meta", "broker/service", "broker/signal",
		"broker/stats", "broker/worker", "compat", "remoting/protocol", "remoting/throttle", "remoting/wire/jsontext",
		"store", "store/datafile", "store/record", "store/timer", "store/vfs"},
	"broker/replicas": {"broker/signal", "broker/worker", "compat", "remoting", "remoting/protocol", "remoting/throttle",
		"remoting/wire", "store/ha", "store/vfs"},
	"broker/replication": {"broker/slave", "broker/worker", "compat", "remoting", "remoting/protocol",
		"remoting/throttle", "remoting/wire", "store", "store/epoch", "store/ha", "store/record"},
	"broker/service": {"broker/clients", "broker/config", "broker/delay", "broker/filter", "broker/meta",
		"broker/static", "broker/stats", "broker/trans", "compat", "remoting/protocol", "remoting/throttle",
		"store", "store/dispatch", "store/record", "store/timer"},
	"broker/signal": {},
	"broker/slave": {"broker/meta", "broker/signal", "broker/worker", "compat", "remoting", "remoting/protocol",
		"remoting/throttle", "remoting/wire"},
	"broker/static": {"broker/cluster", "broker/meta", "broker/worker", "compat", "remoting",
		"remoting/protocol", "remoting/throttle", "remoting/wire", "store"},
	"broker/stats": {"remoting/metrics"},
	"broker/trans": {"broker/clients", "broker/meta", "broker/signal", "broker/stats", "broker/worker",
		"compat", "remoting", "remoting/metrics", "remoting/protocol", "remoting/throttle", "remoting/wire",
		"store", "store/record"},
	"broker/worker": {},
	"cmd/gorocket": {"broker", "broker/config", "cmd/gorocket/access", "cmd/gorocket/admin", "cmd/gorocket/against", "cmd/gorocket/bench",
		"cmd/gorocket/cluster", "cmd/gorocket/console", "cmd/gorocket/keyring", "compat", "compat/config", "namesrv",
		"namesrv/controller", "namesrv/controller/consensus", "remoting", "remoting/admin", "remoting/metrics",
		"remoting/secure", "remoting/wire", "store/check"},
	"cmd/gorocket/access": {"compat/yaml", "remoting", "remoting/auth", "remoting/guard", "remoting/secure"},
	"cmd/gorocket/admin": {"cmd/gorocket/access", "compat", "remoting", "remoting/admin", "remoting/guard", "remoting/protocol",
		"remoting/wire", "store/record"},
	"cmd/gorocket/against": {"compat", "remoting", "remoting/protocol", "remoting/wire", "store", "store/check",
		"store/record"},
	"cmd/gorocket/cluster": {"compat", "remoting", "remoting/protocol", "remoting/wire", "store/vfs"},
	"cmd/gorocket/console": {"compat", "compat/config", "remoting/admin", "remoting/auth", "remoting/guard", "remoting/metrics",
		"remoting/protocol", "remoting/wire", "store/record"},
	"cmd/gorocket/keyring": {"cmd/gorocket/access", "remoting/auth", "store/vfs"},
	"cmd/gorocket/bench":   {"cmd/gorocket/access", "compat", "remoting", "remoting/auth", "remoting/protocol", "remoting/wire"},
	"cmd/support":          {"broker", "namesrv", "namesrv/controller", "remoting/auth", "remoting/wire"},
	"compat":               {},
	"compat/config":        {"compat"},
	"compat/recorded":      {},
	"compat/stamp":         {},
	"compat/testutil":      {},
	"compat/yaml":          {},
	"namesrv": {"compat", "compat/config", "remoting", "remoting/auth", "remoting/eventlog", "remoting/guard", "remoting/metrics", "remoting/protocol",
		"remoting/secure", "remoting/throttle", "remoting/wire", "store/vfs"},
	"namesrv/controller": {"compat", "compat/config", "namesrv/controller/consensus", "namesrv/controller/liveness",
		"namesrv/controller/replicas", "remoting", "remoting/auth", "remoting/eventlog", "remoting/guard", "remoting/metrics", "remoting/protocol",
		"remoting/secure", "remoting/throttle", "remoting/wire", "store/vfs"},
	"namesrv/controller/consensus": {"remoting", "remoting/throttle", "remoting/wire", "store/vfs"},
	"namesrv/controller/liveness":  {"namesrv/controller/replicas"},
	"namesrv/controller/replicas":  {"remoting/wire"},
	"remoting":                     {"remoting/transport", "remoting/wire", "remoting/wire/template"},
	"remoting/admin":               {"compat", "remoting", "remoting/protocol", "remoting/wire", "store/record"},
	"remoting/auth":                {"compat", "compat/config", "remoting/wire"},
	"remoting/auth/plain":          {"compat", "compat/stamp", "compat/yaml", "remoting/auth", "remoting/wire"},
	"remoting/eventlog":            {"remoting", "remoting/throttle"},
	"remoting/guard":               {"remoting", "remoting/auth", "remoting/throttle", "remoting/wire"},
	"remoting/metrics":             {"compat/config", "remoting/transport"},
	"remoting/protocol":            {"compat"},
	"remoting/remotingtest":        {"remoting"},
	"remoting/secure":              {"compat", "compat/config", "compat/stamp", "remoting/transport"},
	"remoting/throttle":            {},
	"remoting/transport":           {"remoting/wire"},
	"remoting/wire":                {"remoting/wire/jsontext"},
	"remoting/wire/jsontext":       {},
	"remoting/wire/template":       {"remoting/wire", "remoting/wire/jsontext"},
	"store": {"compat/config", "store/check", "store/checkpoint", "store/commitlog", "store/consumequeue",
		"store/datafile", "store/dispatch", "store/index", "store/pause", "store/record", "store/recovery",
		"store/vfs"},
	"store/check": {"compat", "store/checkpoint", "store/commitlog", "store/consumequeue", "store/datafile",
		"store/dispatch", "store/index", "store/record", "store/recovery", "store/vfs"},
	"store/checkpoint": {"store/vfs"},
	"store/commitlog":  {"store/datafile", "store/record", "store/vfs"},
	"store/consumequeue": {"compat", "store/commitlog", "store/datafile", "store/dispatch", "store/pause",
		"store/record", "store/vfs"},
	"store/datafile":  {"store/vfs"},
	"store/delivered": {"store/record"},
	"store/dispatch":  {"compat", "store/record"},
	"store/epoch":     {"store/vfs"},
	"store/ha":        {"store/commitlog", "store/epoch"},
	"store/index": {"store/commitlog", "store/datafile", "store/dispatch", "store/pause", "store/record",
		"store/vfs"},
	"store/pause":  {},
	"store/record": {"compat"},
	"store/recovery": {"store/checkpoint", "store/commitlog", "store/consumequeue", "store/datafile",
		"store/dispatch", "store/record", "store/vfs"},
	"store/storetest": {"store/vfs"},
	"store/timer":     {"compat", "store", "store/datafile", "store/delivered", "store/record", "store/vfs"},
	"store/vfs":       {},
}

// bannedCalls have one home each; the value names the folders that are allowed to use them.
// cmd/gorocket creates a CPU profile, which is nobody's data; cmd/gorocket/cluster runs this program with logs of its
// own; cmd/gorocket/admin writes what Java's tool writes into files.
var bannedCalls = map[string][]string{
	"os.WriteFile": nil, "os.Rename": {"store/vfs"}, "os.Create": {"cmd/gorocket"}, "os.OpenFile": {"store/vfs", "cmd/gorocket/cluster", "cmd/gorocket/admin"},
	"exec.Command": {"cmd/gorocket/cluster"}, "exec.CommandContext": nil,
	"fmt.Println": {"cmd/gorocket", "cmd/support"}, "fmt.Printf": {"cmd/gorocket", "cmd/support"},
	"fmt.Print":  {"cmd/gorocket", "cmd/support"},
	"log.Printf": nil, "log.Println": nil, "log.Fatal": nil, "time.Tick": nil,
}

// gnetHome is the only folder that may know gnet.
const gnetHome = "remoting/transport"

type source struct {
	path, dir string
	file      *ast.File
	fset      *token.FileSet
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (path == "integration" || path == "bin" || strings.HasPrefix(d.Name(), ".") ||
			d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{path, filepath.ToSlash(filepath.Dir(path)), f, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found: the walk is broken", len(all))
	}
	return all
}

func TestImportArrows(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := arrows[s.dir]
		if !known {
			t.Errorf("%s: package %s has no row in the table of arrows", s.path, s.dir)
			continue
		}
		for _, imp := range s.file.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			if strings.HasPrefix(path, "github.com/panjf2000/gnet") && s.dir != gnetHome {
				t.Errorf("%s imports gnet: it never leaves %s", s.path, gnetHome)
			}
			if mod, ok := strings.CutPrefix(path, "gorocket/"); ok && !contains(allowed, mod) {
				t.Errorf("%s imports %s: not an allowed arrow", s.path, mod)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestFunctionAndFileLength(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.fset.File(s.file.Pos()).LineCount(); n > maxFile && !strings.Contains(s.path, "codes_request") {
			t.Errorf("%s has %d lines, the limit is %d", s.path, n, maxFile)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if !ok || f.Body == nil || f.Name.Name == "RequestNames" {
				return true
			}
			if lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; lines > maxFunction {
				t.Errorf("%s: %s has %d lines, the limit is %d", s.path, f.Name.Name, lines, maxFunction)
			}
			return true
		})
	}
}

// TestLineLength: lines are short enough to be read beside another file. Texts in back quotes, such as JSON and help
// texts, and drawings in comments stay as they are.
func TestLineLength(t *testing.T) {
	for _, s := range sources(t) {
		raw := map[int]bool{}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, "`") {
				for l := s.fset.Position(lit.Pos()).Line; l <= s.fset.Position(lit.End()).Line; l++ {
					raw[l] = true
				}
			}
			return true
		})
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			drawing := strings.HasPrefix(line, "//\t")
			if n := utf8.RuneCountInString(line); n > maxColumns && !raw[i+1] && !drawing {
				t.Errorf("%s:%d has %d columns, the limit is %d", s.path, i+1, n, maxColumns)
			}
		}
	}
}

func TestBannedCalls(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			call := pkg.Name + "." + sel.Sel.Name
			if homes, banned := bannedCalls[call]; banned && !contains(homes, s.dir) {
				t.Errorf("%s: %s is used outside of its home %v", s.fset.Position(n.Pos()), call, homes)
			}
			return true
		})
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && !implementsKnown(d) {
					t.Errorf("%s: exported %s has no comment", s.fset.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				checkGenDecl(t, s, d)
			}
		}
	}
}

// implementsKnown excuses methods of unexported types, which implement a documented interface, and those whose meaning
// the standard library fixes.
func implementsKnown(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return false
	}
	switch f.Name.Name {
	case "Error", "String", "Unwrap", "Is":
		return true
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	id, ok := t.(*ast.Ident)
	return ok && !id.IsExported()
}

func checkGenDecl(t *testing.T, s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		ts, ok := spec.(*ast.TypeSpec)
		if ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
			t.Errorf("%s: exported type %s has no comment", s.fset.Position(ts.Pos()), ts.Name.Name)
		}
	}
}

// TestPeersAreLoggedAsPeer: the address of who asked stands in one field of a log line, whatever the line is about.
func TestPeersAreLoggedAsPeer(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			field, ok := call.Fun.(*ast.SelectorExpr)
			key, isText := call.Args[0].(*ast.BasicLit)
			value, isCall := call.Args[1].(*ast.CallExpr)
			if !ok || !isText || !isCall || field.Sel.Name != "Str" || key.Value == `"peer"` {
				return true
			}
			if of, ok := value.Fun.(*ast.SelectorExpr); ok && of.Sel.Name == "RemoteAddr" {
				t.Errorf("%s: a peer is logged as %s", s.fset.Position(n.Pos()), key.Value)
			}
			return true
		})
	}
}

// TestOneEventHasOneText: what several servers log is written once, in remoting.
func TestOneEventHasOneText(t *testing.T) {
	home := map[string]string{} // text -> file that has it as a constant
	for _, s := range sources(t) {
		if !strings.HasSuffix(s.path, "events_text.go") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if ok && strings.HasPrefix(v.Names[0].Name, "Log") {
				if text, ok := v.Values[0].(*ast.BasicLit); ok {
					home[text.Value] = s.path
				}
			}
			return true
		})
	}
	if len(home) < 8 {
		t.Fatalf("only %d texts found", len(home))
	}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && home[text.Value] != "" && home[text.Value] != s.path {
				t.Errorf("%s: %s has a constant in %s", s.fset.Position(n.Pos()), text.Value, home[text.Value])
			}
			return true
		})
	}
}
