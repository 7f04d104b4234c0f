package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// helperFile is added to each package that holds mutants. Numbers of mutants count from 1.
const helperFile = "zz_mutants_switch.go"

// helperText is what switched code calls. The environment tells which mutant is on, and where to note the mutants
// that are met.
const helperText = `package %s

import (
	"os"
	"strconv"
	"sync/atomic"
)

var (
	mutNow, _ = strconv.Atoi(os.Getenv("MUTANT_ON"))
	mutTrace  = mutOpen(os.Getenv("MUTANT_TRACE"))
	mutSeen   [%d]atomic.Bool
)

// mutOpen opens the file at the start: a test may use up all descriptors.
func mutOpen(name string) *os.File {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	return f
}

func mutOn(id int) bool {
	if mutTrace != nil && !mutSeen[id].Swap(true) {
		_, _ = mutTrace.WriteString(strconv.Itoa(id) + "\n")
	}
	return id == mutNow
}

type mutInt interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type mutNumber interface{ mutInt | ~float32 | ~float64 }

func mutAdd[T mutNumber](id int, a, b T) T {
	if mutOn(id) {
		return a - b
	}
	return a + b
}

func mutSub[T mutNumber](id int, a, b T) T {
	if mutOn(id) {
		return a + b
	}
	return a - b
}

func mutMul[T mutNumber](id int, a, b T) T {
	if mutOn(id) {
		return a / b
	}
	return a * b
}

func mutAnd[T mutInt](id int, a, b T) T {
	if mutOn(id) {
		return a | b
	}
	return a & b
}

func mutShl[T, N mutInt](id int, a T, b N) T {
	if mutOn(id) {
		return a >> b
	}
	return a << b
}

func mutAddTo[T mutNumber | ~string](id int, a, b T) T {
	if mutOn(id) {
		return b
	}
	return a + b
}

func mutSubFrom[T mutNumber](id int, a, b T) T {
	if mutOn(id) {
		return b
	}
	return a - b
}

func mutOrTo[T mutInt](id int, a, b T) T {
	if mutOn(id) {
		return b
	}
	return a | b
}
`

// edit is a mutant that is built in beside the code as it was: parts of the code and text between them.
type edit struct {
	id       int
	from, to int   // bytes of the file
	parts    []any // string, or span
}

// span is a part of the file.
type span [2]int

// verdictOf what a place is good for.
type fitness int

const (
	fits      fitness = iota // can be switched
	alone                    // can not: needs a build of its own
	senseless                // does not compile
)

// switchable makes the edit of a place, numbered id.
func (c *checked) switchable(p place, id int) (e edit, fit fitness) {
	f := c.files[p.file]
	if f == nil {
		return e, senseless // not built on this system
	}
	var path []ast.Node
	fit = alone
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return false
		}
		if e.parts == nil && c.at(n.Pos()) <= p.to && c.at(n.End()) >= p.from {
			e, fit = c.editOf(n, path, p, id, fit)
		}
		path = append(path, n)
		return true
	})
	return e, fit
}

func (c *checked) at(p token.Pos) int       { return c.fset.Position(p).Offset }
func (c *checked) span(n ast.Node) span     { return span{c.at(n.Pos()), c.at(n.End())} }
func (c *checked) isBool(e ast.Expr) bool   { return c.kind(e)&types.IsBoolean != 0 }
func (c *checked) isString(e ast.Expr) bool { return c.kind(e)&types.IsString != 0 }

// kind tells what an expression's type is made of, nothing for a constant.
func (c *checked) kind(e ast.Expr) types.BasicInfo {
	tv := c.info.Types[e]
	if b, ok := types.Unalias(tv.Type).(*types.Basic); ok && tv.Value == nil {
		return b.Info()
	}
	if tv.Type != nil && tv.Value == nil {
		if b, ok := tv.Type.Underlying().(*types.Basic); ok {
			return b.Info() &^ types.IsBoolean
		}
	}
	return 0
}

// editOf is the edit if the place is this node.
func (c *checked) editOf(n ast.Node, path []ast.Node, p place, id int, was fitness) (edit, fitness) {
	all := c.span(n)
	on := fmt.Sprintf("mutOn(%d)", id)
	fit := func(parts ...any) (edit, fitness) { return edit{id, all[0], all[1], parts}, fits }
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if c.at(n.OpPos) != p.from {
			break
		}
		x, y := c.span(n.X), c.span(n.Y)
		if c.isBool(n) {
			return fit("("+on+" && (", x, " "+p.text+" ", y, ") || !"+on+" && (", x, " "+n.Op.String()+" ", y, "))")
		}
		if c.isString(n) {
			return edit{}, senseless
		}
		return c.arithmetic(n, id, fit)
	case *ast.UnaryExpr:
		if n.Op == token.NOT && all[0] == p.from && c.isBool(n) {
			return fit("((", c.span(n.X), ") == "+on+")")
		}
	case *ast.IncDecStmt:
		if c.at(n.TokPos) == p.from && !calls(n.X) {
			helper := map[token.Token]string{token.INC: "mutAdd", token.DEC: "mutSub"}[n.Tok]
			return fit(c.span(n.X), fmt.Sprintf(" = %s(%d, ", helper, id), c.span(n.X), ", 1)")
		}
	case *ast.ExprStmt:
		if all[0] == p.from && all[1] == p.to && inBlock(path) {
			return fit("if !"+on+" { ", all, " }")
		}
	case *ast.AssignStmt:
		helper := map[token.Token]string{token.ADD_ASSIGN: "mutAddTo", token.SUB_ASSIGN: "mutSubFrom",
			token.OR_ASSIGN: "mutOrTo"}[n.Tok]
		if c.at(n.TokPos) == p.from && helper != "" && !calls(n.Lhs[0]) {
			x := c.span(n.Lhs[0])
			return fit(x, fmt.Sprintf(" = %s(%d, ", helper, id), x, ", ", c.span(n.Rhs[0]), ")")
		}
	case *ast.Ident:
		if all[0] == p.from && all[1] == p.to {
			return fit(map[string]string{"true": "!", "false": ""}[n.Name] + on)
		}
	}
	return edit{}, was
}

// arithmetic is the edit of an operator between numbers.
func (c *checked) arithmetic(n *ast.BinaryExpr, id int, fit func(...any) (edit, fitness)) (edit, fitness) {
	helper := map[token.Token]string{token.ADD: "mutAdd", token.SUB: "mutSub", token.MUL: "mutMul",
		token.AND: "mutAnd", token.SHL: "mutShl"}[n.Op]
	if c.kind(n)&types.IsNumeric == 0 || helper == "" {
		return edit{}, alone
	}
	x := []any{c.span(n.X)}
	if c.info.Types[n.X].Value != nil && n.Op == token.SHL { // the type would be lost
		basic, ok := types.Unalias(c.info.Types[n].Type).(*types.Basic)
		if !ok {
			return edit{}, alone
		}
		x = []any{basic.Name() + "(", c.span(n.X), ")"}
	}
	parts := append([]any{fmt.Sprintf("%s(%d, ", helper, id)}, x...)
	return fit(append(parts, ", ", c.span(n.Y), ")")...)
}

// inBlock tells whether a statement stands where any other may stand.
func inBlock(path []ast.Node) bool {
	switch path[len(path)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		return true
	case *ast.CommClause:
		return true
	}
	return false
}

// calls tells whether an expression calls something: it can not be written twice.
func calls(e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		_, call := n.(*ast.CallExpr)
		found = found || call
		return !found
	})
	return found
}

// render is a file with its edits, and where each has come to lie, by id, in lines of the new text.
func render(src string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { // outer ones first
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	return renderSpan(src, span{0, len(src)}, edits)
}

// renderSpan is a part of a file; edits are those that may lie in it, sorted.
func renderSpan(src string, s span, edits []edit) string {
	var b strings.Builder
	at := s[0]
	for i, e := range edits {
		if e.from < at || e.to > s[1] {
			continue
		}
		b.WriteString(src[at:e.from])
		for _, p := range e.parts {
			switch p := p.(type) {
			case string:
				b.WriteString(p)
			case span:
				b.WriteString(renderSpan(src, p, edits[i+1:]))
			}
		}
		at = e.to
	}
	b.WriteString(src[at:s[1]])
	return b.String()
}
