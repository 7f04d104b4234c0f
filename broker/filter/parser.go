package filter

import (
	"math"
	"slices"
	"strings"
)

// Limits of what Compile accepts. Java has none of them; its stack overflows somewhere around 1,000 brackets.
const (
	// MaxLength is how long an expression may be, in bytes.
	MaxLength = 256 << 10
	// MaxDepth is how deep brackets, signs, NOTs and chains of = may nest.
	MaxDepth = 1000
	// maxScan is how many tokens may be looked at ahead of time. Only expressions with many "+(" come near it.
	maxScan = 4 << 20
)

// The parser follows JavaCC's rules, not only the grammar: which tokens an error text names as expected depends on the
// choices tried since the last token was taken, and on the lookaheads that reached beyond it. A choice is a place in
// the grammar where the next token decides; choiceTokens are the tokens it knows. Java: SelectorParser's jj_la1 tables,
// which its numbers here follow.
const (
	choiceOr = iota
	choiceAnd
	choiceEqualityMore
	choiceEquality
	choiceIs
	choiceComparisonMore
	choiceInMore
	choiceNotInMore
	choiceComparison
	choiceStartsWith
	choiceEndsWith
	choiceBetween
	choiceIn
	choiceUnary
	choicePrimary
	choiceLiteral
	choices
)

var literalKinds = []kind{kindTrue, kindFalse, kindNull, kindDecimal, kindFloat, kindString}

var choiceTokens = [choices][]kind{
	choiceOr:           {kindOr},
	choiceAnd:          {kindAnd},
	choiceEqualityMore: {kindIs, kindEqual, kindNotEqual},
	choiceEquality:     {kindEqual, kindNotEqual},
	choiceIs:           {kindIs},
	choiceComparisonMore: append([]kind{kindNot, kindBetween, kindIn, kindContains, kindStartsWith, kindEndsWith},
		ordering...),
	choiceInMore:     {kindComma},
	choiceNotInMore:  {kindComma},
	choiceComparison: append([]kind{kindContains}, ordering...),
	choiceStartsWith: {kindStartsWith},
	choiceEndsWith:   {kindEndsWith},
	choiceBetween:    {kindBetween},
	choiceIn:         {kindIn},
	choiceUnary:      append([]kind{kindNot, kindID, kindOpen, kindMinus}, literalKinds...),
	choicePrimary:    append([]kind{kindID, kindOpen}, literalKinds...),
	choiceLiteral:    literalKinds,
}

var ordering = []kind{kindGreater, kindGreaterEq, kindLess, kindLessEq}

// parser reads one expression. Not safe for concurrent use; thrown away afterwards.
type parser struct {
	lex    *lexer
	tokens []token // tokens[0] stands before the first one; lexed as far as anybody looked
	cur    int     // the last token that was taken

	taken  int          // tokens taken so far
	missed [choices]int // for each choice, taken when it last found none of its tokens; -1 at first
	depth  int          // unaryExpr inside each other

	scan   lookahead
	steps  int // units of work spent on lookahead
	wanted kind
}

func newParser(expr string) *parser {
	p := &parser{lex: newLexer(expr), tokens: make([]token, 1, 32), wanted: kindNone}
	for i := range p.missed {
		p.missed[i] = -1
	}
	return p
}

// token returns the token at an index, lexing up to it.
func (p *parser) token(i int) (token, error) {
	for len(p.tokens) <= i {
		t, err := p.lex.next()
		if err != nil {
			return t, err
		}
		p.tokens = append(p.tokens, t)
	}
	return p.tokens[i], nil
}

// peek is the kind of the next token.
func (p *parser) peek() (kind, error) {
	t, err := p.token(p.cur + 1)
	return t.kind, err
}

// miss notes that a choice found none of its tokens.
func (p *parser) miss(choice int) { p.missed[choice] = p.taken }

// take takes the next token, which must be of kind k. Java: jj_consume_token.
func (p *parser) take(k kind) (token, error) {
	t, err := p.token(p.cur + 1)
	if err != nil {
		return t, err
	}
	if t.kind != k {
		p.wanted = k
		return t, p.unexpected()
	}
	p.cur++
	p.taken++
	return t, nil
}

// unexpected is the error for the next token. Java: generateParseException.
func (p *parser) unexpected() error {
	var expected [kinds]bool
	if p.wanted != kindNone {
		expected[p.wanted] = true
	}
	for choice, at := range p.missed {
		if at == p.taken {
			for _, k := range choiceTokens[choice] {
				expected[k] = true
			}
		}
	}
	var e expectations
	for k, is := range expected {
		if is {
			e.entries = append(e.entries, []kind{kind(k)})
		}
	}
	if err := p.rescan(&e); err != nil {
		return err
	}
	e.add(0, 0)
	return p.parseError(e.entries)
}

// parseError prints the tokens found and those expected. Java: ParseException.initialise.
func (p *parser) parseError(expected [][]kind) error {
	var list strings.Builder
	longest := 0
	for _, sequence := range expected {
		longest = max(longest, len(sequence))
		for _, k := range sequence {
			list.WriteString(kindNames[k] + " ")
		}
		list.WriteString("...\n    ")
	}
	next, err := p.token(p.cur + 1)
	if err != nil {
		return err
	}
	line, column := p.lex.position(int(next.begin))
	oneOf := " one of"
	if len(expected) == 1 {
		oneOf = ""
	}
	return newError(classParse, "Encountered \"%s\" at line %d, column %d.\nWas expecting%s:\n    %s",
		p.found(longest), line, column, oneOf, list.String())
}

// found prints the next n tokens.
func (p *parser) found(n int) string {
	var b strings.Builder
	for i := range n {
		t, err := p.token(p.cur + 1 + i)
		if err != nil {
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		if t.kind == kindEOF {
			b.WriteString(kindNames[kindEOF])
			break
		}
		b.WriteString(" " + kindNames[t.kind] + ` "` + escape(p.lex.units[t.begin:t.end]) + ` "`)
	}
	return b.String()
}

// maxSequence is the longest sequence of tokens that an error text may name.
const maxSequence = 100

// expectations collects the sequences of tokens that lookaheads would have liked. Java: jj_expentries,
// jj_add_error_token.
type expectations struct {
	entries [][]kind
	last    [maxSequence]kind
	end     int
}

// add notes that kind k would have done at pos, counted from the last token taken. A sequence is complete when pos
// falls back.
func (e *expectations) add(k kind, pos int) {
	switch {
	case pos >= maxSequence:
	case pos == e.end+1:
		e.last[e.end] = k
		e.end++
	case e.end != 0:
		if sequence := e.last[:e.end]; !e.known(sequence) {
			e.entries = append(e.entries, slices.Clone(sequence))
		}
		if pos != 0 {
			e.end = pos
			e.last[pos-1] = k
		}
	}
}

// known tells whether a sequence is noted already. An entry of another length at the end of the list counts as equal:
// JavaCC's quirk, and the reason why texts seldom name the two-token forms.
func (e *expectations) known(sequence []kind) bool {
	exists := false
	for _, old := range e.entries {
		exists = true
		if len(old) == len(sequence) {
			if exists = slices.Equal(old, sequence); exists {
				break
			}
		}
	}
	return exists
}

// endless is the reach of a lookahead without a limit.
const endless = math.MaxInt32
