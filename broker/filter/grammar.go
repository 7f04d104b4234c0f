package filter

// The grammar, weakest binding first:
//
//	or          and ( OR and )*
//	and         equality ( AND equality )*
//	equality    comparison ( = comparison | <> comparison | IS NULL | IS NOT NULL )*
//	comparison  unary ( < unary | … | [NOT] CONTAINS 'x' | [NOT] BETWEEN unary AND unary | [NOT] IN ( 'x', … ) )*
//	unary       + unary | - unary | NOT unary | primary
//	primary     literal | property | ( or )
//
// What follows the expression is ignored, but for the token behind it, which must be one. Java: SelectorParser.jj.

// selector parses a whole expression.
func (p *parser) selector() (node, error) {
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	return asBoolean(n)
}

func (p *parser) or() (node, error) { return p.logic(kindOr, choiceOr, p.and) }

func (p *parser) and() (node, error) { return p.logic(kindAnd, choiceAnd, p.equality) }

// logic parses operands joined by one operator.
func (p *parser) logic(operator kind, choice int, operand func() (node, error)) (node, error) {
	left, err := operand()
	for err == nil {
		var next kind
		if next, err = p.peek(); err != nil {
			break
		}
		if next != operator {
			p.miss(choice)
			return left, nil
		}
		if _, err = p.take(operator); err != nil {
			break
		}
		var right node
		if right, err = operand(); err == nil {
			left, err = newLogic(operator, left, right)
		}
	}
	return nil, err
}

func (p *parser) equality() (node, error) {
	left, err := p.comparison()
	for err == nil {
		var next kind
		if next, err = p.peek(); err != nil {
			break
		}
		switch next {
		case kindEqual, kindNotEqual:
			left, err = p.equalTo(left, next)
		case kindIs:
			p.miss(choiceEquality)
			left, err = p.isNull(left)
		default:
			p.miss(choiceEqualityMore)
			return left, nil
		}
	}
	return nil, err
}

func (p *parser) equalTo(left node, operator kind) (node, error) {
	if _, err := p.take(operator); err != nil {
		return nil, err
	}
	right, err := p.comparison()
	if err != nil {
		return nil, err
	}
	return newEqual(left, right, operator == kindNotEqual)
}

func (p *parser) isNull(left node) (node, error) {
	null, err := p.ahead(aheadIsNull, 2)
	if err != nil {
		return nil, err
	}
	sequence := []kind{kindIs, kindNot, kindNull}
	if null {
		sequence = []kind{kindIs, kindNull}
	}
	for _, k := range sequence {
		if _, err := p.take(k); err != nil {
			return nil, err
		}
	}
	return newIsNull(left, !null)
}

func (p *parser) comparison() (node, error) {
	left, err := p.unary()
	for err == nil {
		var next kind
		if next, err = p.peek(); err != nil {
			break
		}
		switch next {
		case kindNot, kindBetween, kindIn, kindContains, kindStartsWith, kindEndsWith, kindGreater, kindGreaterEq, kindLess,
			kindLessEq:
			left, err = p.comparisonRest(left, next)
		default:
			p.miss(choiceComparisonMore)
			return left, nil
		}
	}
	return nil, err
}

// form is one of the comparisons that may have a NOT before them, in the order in which they are tried.
type form struct {
	start  kind
	choice int // missed when the next token is not start
	ahead  int // the place that looks for NOT start
}

var forms = [...]form{
	{kindContains, choiceComparison, aheadNotContains},
	{kindStartsWith, choiceStartsWith, aheadNotStartsWith},
	{kindEndsWith, choiceEndsWith, aheadNotEndsWith},
	{kindBetween, choiceBetween, aheadNotBetween},
	{kindIn, choiceIn, aheadNotIn},
}

func (p *parser) comparisonRest(left node, next kind) (node, error) {
	if next >= kindGreater && next <= kindLessEq {
		return p.ordered(left, next)
	}
	for _, f := range forms {
		if next == f.start {
			return p.formRest(left, f.start, false)
		}
		p.miss(f.choice)
		not, err := p.ahead(f.ahead, 2)
		if err != nil {
			return nil, err
		}
		if not {
			if _, err := p.take(kindNot); err != nil {
				return nil, err
			}
			return p.formRest(left, f.start, true)
		}
	}
	_, err := p.take(kindNone)
	return nil, err
}

func (p *parser) ordered(left node, operator kind) (node, error) {
	if _, err := p.take(operator); err != nil {
		return nil, err
	}
	right, err := p.unary()
	if err != nil {
		return nil, err
	}
	return newOrder(left, right, operator)
}

// formRest parses a comparison from its keyword on.
func (p *parser) formRest(left node, start kind, not bool) (node, error) {
	if _, err := p.take(start); err != nil {
		return nil, err
	}
	switch start {
	case kindBetween:
		return p.betweenRest(left, not)
	case kindIn:
		list, err := p.inList(not)
		if err != nil {
			return nil, err
		}
		return newIn(left, list, not)
	}
	search, err := p.stringLiteral()
	if err != nil {
		return nil, err
	}
	return newTextMatch(left, search, start, not)
}

func (p *parser) betweenRest(of node, not bool) (node, error) {
	low, err := p.unary()
	if err != nil {
		return nil, err
	}
	if _, err = p.take(kindAnd); err != nil {
		return nil, err
	}
	high, err := p.unary()
	if err != nil {
		return nil, err
	}
	return newBetween(of, low, high, not)
}

func (p *parser) inList(not bool) ([]string, error) {
	choice := choiceInMore
	if not {
		choice = choiceNotInMore
	}
	if _, err := p.take(kindOpen); err != nil {
		return nil, err
	}
	var list []string
	for {
		s, err := p.stringLiteral()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
		next, err := p.peek()
		if err != nil {
			return nil, err
		}
		if next != kindComma {
			p.miss(choice)
			_, err = p.take(kindClose)
			return list, err
		}
		if _, err = p.take(kindComma); err != nil {
			return nil, err
		}
	}
}

func (p *parser) stringLiteral() (string, error) {
	t, err := p.take(kindString)
	if err != nil {
		return "", err
	}
	return p.lex.literal(t), nil
}

func (p *parser) unary() (node, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, errTooDeep()
	}
	defer func() { p.depth-- }()
	plus, err := p.ahead(aheadPlus, endless)
	if err != nil {
		return nil, err
	}
	if plus {
		if _, err := p.take(kindPlus); err != nil {
			return nil, err
		}
		return p.unary()
	}
	next, err := p.peek()
	if err != nil {
		return nil, err
	}
	switch next {
	case kindMinus, kindNot:
		return p.signed(next)
	case kindPlus, kindEOF, kindAnd, kindOr, kindBetween, kindIn, kindIs, kindContains, kindStartsWith, kindEndsWith,
		kindEqual, kindNotEqual, kindGreater, kindGreaterEq, kindLess, kindLessEq, kindComma, kindClose:
		p.miss(choiceUnary)
		_, err := p.take(kindNone)
		return nil, err
	}
	return p.primary(next)
}

func (p *parser) signed(sign kind) (node, error) {
	if _, err := p.take(sign); err != nil {
		return nil, err
	}
	of, err := p.unary()
	if err != nil {
		return nil, err
	}
	if sign == kindMinus {
		return newNegate(of)
	}
	if of, err = asBoolean(of); err != nil {
		return nil, err
	}
	return newNot(of)
}

// primary parses what unary saw to be a literal, a property or an opening bracket.
func (p *parser) primary(next kind) (node, error) {
	t, err := p.take(next)
	if err != nil {
		return nil, err
	}
	switch next {
	case kindID:
		return newProperty(p.lex.image(int(t.begin), int(t.end))), nil
	case kindString:
		return &constant{value{kind: isString, text: p.lex.literal(t)}}, nil
	case kindDecimal:
		return newDecimal(p.lex.image(int(t.begin), int(t.end)))
	case kindFloat:
		return newFloat(p.lex.image(int(t.begin), int(t.end)))
	case kindTrue, kindFalse:
		return &constant{boolean(next == kindTrue)}, nil
	case kindNull:
		return &constant{}, nil
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	_, err = p.take(kindClose)
	return n, err
}
