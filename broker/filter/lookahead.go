package filter

// Numbers of the places in the grammar that look ahead by more than one token. Java: jj_2_1 to jj_2_7.
const (
	aheadIsNull = iota
	aheadNotContains
	aheadNotStartsWith
	aheadNotEndsWith
	aheadNotBetween
	aheadNotIn
	aheadPlus
	aheads
)

// aheadCall remembers a lookahead, to find the tokens it expected in case of an error. Java: JJCalls.
type aheadCall struct {
	until int // it matters to errors while fewer tokens than this were taken
	from  int // where it began
	reach int // how many tokens it was allowed
}

// lookahead is the state of a scan: the grammar run over the tokens ahead without making nodes.
type lookahead struct {
	calls [aheads][]aheadCall

	pos, last int           // the token looked at, and the farthest one
	left      int           // tokens that may still be looked at
	done      bool          // left is used up: the lookahead has succeeded
	err       error         // no token there, or a limit
	note      *expectations // during rescan
	depth     int
}

// ahead tells whether the grammar at one of the places fits the next tokens, up to reach of them.
func (p *parser) ahead(place, reach int) (bool, error) {
	ok := p.scanAt(place, aheadCall{from: p.cur, reach: reach}) || p.scan.done
	p.save(place, reach)
	return ok, p.scan.err
}

// scanAt runs one lookahead.
func (p *parser) scanAt(place int, c aheadCall) bool {
	s := &p.scan
	s.pos, s.last, s.left, s.done, s.depth = c.from, c.from, c.reach, false, 0
	switch place {
	case aheadIsNull:
		return p.scanTokens(kindIs, kindNull)
	case aheadNotContains:
		return p.scanTokens(kindNot, kindContains, kindString)
	case aheadNotStartsWith:
		return p.scanTokens(kindNot, kindStartsWith, kindString)
	case aheadNotEndsWith:
		return p.scanTokens(kindNot, kindEndsWith, kindString)
	case aheadNotBetween:
		return p.scanToken(kindNot) && p.scanBetween()
	case aheadNotIn:
		return p.scanToken(kindNot) && p.scanIn()
	}
	return p.scanToken(kindPlus) && p.scanUnary()
}

// save remembers a lookahead in the first free place of its list. Java: jj_save.
func (p *parser) save(place, reach int) {
	c := aheadCall{until: p.taken + reach - p.scan.left, from: p.cur, reach: reach}
	list := p.scan.calls[place]
	for i := range list {
		if list[i].until <= p.taken {
			list[i] = c
			return
		}
		p.steps++
	}
	p.scan.calls[place] = append(list, c)
}

// rescan runs the lookaheads again that went beyond the last token taken, noting what they expected. Java:
// jj_rescan_token; there, too, a lookahead that succeeds hides the later ones of its place.
func (p *parser) rescan(e *expectations) error {
	p.scan.note = e
	defer func() { p.scan.note = nil }()
	for place, list := range p.scan.calls {
		for _, c := range list {
			if c.until <= p.taken {
				continue
			}
			p.scanAt(place, c)
			if p.scan.err != nil {
				return p.scan.err
			}
			if p.scan.done {
				break
			}
		}
	}
	return nil
}

// scanToken goes to the next token and tells whether it is of kind k. Once the scan is done or failed it always says
// no, so that all scanning functions return. Java: jj_scan_token.
func (p *parser) scanToken(k kind) bool {
	s := &p.scan
	if s.done || s.err != nil {
		return false
	}
	if p.steps++; p.steps > maxScan {
		s.err = newError(classOverflow, "")
		return false
	}
	if s.pos == s.last {
		s.left--
		s.last++
	}
	t, err := p.token(s.pos + 1)
	if err != nil {
		s.err = err
		return false
	}
	s.pos++
	if s.note != nil && s.pos >= p.cur {
		s.note.add(k, s.pos-p.cur)
	}
	if t.kind != k {
		return false
	}
	if s.left == 0 && s.pos == s.last {
		s.done = true
		return false
	}
	return true
}

func (p *parser) scanTokens(ks ...kind) bool {
	for _, k := range ks {
		if !p.scanToken(k) {
			return false
		}
	}
	return true
}

// try runs one alternative and goes back when it does not fit.
func (p *parser) try(alternative func() bool) bool {
	start := p.scan.pos
	if alternative() {
		return true
	}
	p.scan.pos = start
	return false
}

// many runs an alternative as often as it fits. It never fails itself.
func (p *parser) many(alternative func() bool) bool {
	for p.try(alternative) {
	}
	return true
}

// tryTokens is try for a sequence of tokens.
func (p *parser) tryTokens(ks ...kind) bool {
	start := p.scan.pos
	if p.scanTokens(ks...) {
		return true
	}
	p.scan.pos = start
	return false
}

func (p *parser) scanOr() bool {
	return p.scanAnd() && p.many(func() bool { return p.scanToken(kindOr) && p.scanAnd() })
}

func (p *parser) scanAnd() bool {
	return p.scanEquality() && p.many(func() bool { return p.scanToken(kindAnd) && p.scanEquality() })
}

func (p *parser) scanEquality() bool {
	return p.scanComparison() && p.many(func() bool {
		return p.try(func() bool { return p.scanToken(kindEqual) && p.scanComparison() }) ||
			p.try(func() bool { return p.scanToken(kindNotEqual) && p.scanComparison() }) ||
			p.tryTokens(kindIs, kindNull) || p.scanTokens(kindIs, kindNot, kindNull)
	})
}

func (p *parser) scanComparison() bool { return p.scanUnary() && p.many(p.scanComparisonRest) }

func (p *parser) scanComparisonRest() bool {
	for _, k := range ordering {
		if p.try(func() bool { return p.scanToken(k) && p.scanUnary() }) {
			return true
		}
	}
	for _, k := range []kind{kindContains, kindStartsWith, kindEndsWith} {
		if p.tryTokens(k, kindString) || p.tryTokens(kindNot, k, kindString) {
			return true
		}
	}
	return p.try(p.scanBetween) ||
		p.try(func() bool { return p.scanToken(kindNot) && p.scanBetween() }) ||
		p.try(p.scanIn) ||
		p.scanToken(kindNot) && p.scanIn()
}

func (p *parser) scanBetween() bool {
	return p.scanToken(kindBetween) && p.scanUnary() && p.scanToken(kindAnd) && p.scanUnary()
}

func (p *parser) scanIn() bool {
	return p.scanTokens(kindIn, kindOpen, kindString) &&
		p.many(func() bool { return p.scanTokens(kindComma, kindString) }) &&
		p.scanToken(kindClose)
}

func (p *parser) scanUnary() bool {
	if p.scan.depth++; p.scan.depth > MaxDepth {
		p.scan.err = errTooDeep()
	}
	defer func() { p.scan.depth-- }()
	return p.try(func() bool { return p.scanToken(kindPlus) && p.scanUnary() }) ||
		p.try(func() bool { return p.scanToken(kindMinus) && p.scanUnary() }) ||
		p.try(func() bool { return p.scanToken(kindNot) && p.scanUnary() }) ||
		p.scanPrimary()
}

func (p *parser) scanPrimary() bool {
	for _, k := range []kind{kindString, kindDecimal, kindFloat, kindTrue, kindFalse, kindNull, kindID} {
		if p.tryTokens(k) {
			return true
		}
	}
	return p.scanToken(kindOpen) && p.scanOr() && p.scanToken(kindClose)
}
