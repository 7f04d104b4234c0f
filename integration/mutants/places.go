package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// place is one change of one file: the bytes from and to are replaced.
type place struct {
	file     string // from the module's folder
	line     int
	from, to int
	text     string // what comes there
	what     string
	fn, code string // function and line of the change
}

func (p place) String() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.what) }

// swaps are operators and what becomes of them.
var swaps = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "/", token.AND: "|", token.SHL: ">>",
}

// places finds what can be changed in the code below a folder; tests, and packages that only help tests, stay.
func places(root, dir, only string) (all []place, err error) {
	err = filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && (d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			!strings.Contains(rel, only) {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found, err := inFile(rel, src)
		all = append(all, found...)
		return err
	})
	return all, err
}

// inFile finds what can be changed in one file.
func inFile(name string, src []byte) (all []place, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(src, []byte("// Code generated")) {
		return nil, nil
	}
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	lines, in := strings.Split(string(src), "\n"), ""
	add := func(from, to token.Pos, text, what string) {
		line := fset.Position(from).Line
		all = append(all, place{name, line, at(from), at(to), text, what, in, strings.TrimSpace(lines[line-1])})
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || fn.Name.Name == "String" || fn.Name.Name == "Error" {
			continue
		}
		in = fn.Name.Name
		ast.Inspect(fn.Body, func(n ast.Node) bool { return look(n, add) })
	}
	return all, nil
}

// look adds the changes of one node; false leaves out what is below it: the texts of errors and of the log are no
// behaviour that a test has to hold.
func look(n ast.Node, add func(from, to token.Pos, text, what string)) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if room := callee(n) == "make" && len(n.Args) == 3; room { // how much is reserved changes nothing
			ast.Inspect(n.Args[1], func(n ast.Node) bool { return n == nil || look(n, add) })
			return false
		}
		return !isText(n)
	case *ast.BinaryExpr:
		if to, ok := swaps[n.Op]; ok && !isString(n.X) && !isString(n.Y) {
			add(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to, n.Op.String()+" became "+to)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			add(n.OpPos, n.OpPos+1, "", "! went away")
		}
	case *ast.IncDecStmt:
		to := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
		add(n.TokPos, n.TokPos+2, to, n.Tok.String()+" became "+to)
	case *ast.ExprStmt:
		if c, ok := n.X.(*ast.CallExpr); ok && !isText(c) && !isPanic(c) {
			add(n.Pos(), n.End(), "", "the call of "+callee(c)+" went away")
		}
	case *ast.AssignStmt:
		if len(n.Lhs) == 1 && (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN || n.Tok == token.OR_ASSIGN) {
			add(n.TokPos, n.TokPos+2, "=", n.Tok.String()+" became =")
		}
	case *ast.Ident:
		if to, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
			add(n.Pos(), n.End(), to, n.Name+" became "+to)
		}
	}
	return true
}

// isText tells calls that make texts for people.
func isText(c *ast.CallExpr) bool {
	name := callee(c)
	for _, t := range []string{"fmt.", "errors.New", ".Msg", ".Str", ".Err", ".Int", ".Warn", ".Info", ".warn",
		"append("} {
		if strings.HasPrefix(name, t) || strings.HasSuffix(name, t) && strings.HasPrefix(t, ".") {
			return true
		}
	}
	return false
}

func isPanic(c *ast.CallExpr) bool { return callee(c) == "panic" }

// callee is the text of what is called, names and dots only.
func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		switch x := f.X.(type) {
		case *ast.Ident:
			return x.Name + "." + f.Sel.Name
		case *ast.CallExpr:
			return callee(x) + "()." + f.Sel.Name
		}
		return "x." + f.Sel.Name
	}
	return "func"
}

func isString(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return isString(e.X) || isString(e.Y)
	}
	return false
}
