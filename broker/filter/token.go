package filter

import "strings"

// kind is the kind of a token. The numbers are those of Java's SelectorParserConstants; error texts list kinds in their
// order.
type kind int8

const (
	kindNone       kind = -1 // "nothing fits": a token that never comes
	kindEOF        kind = 0
	kindNot        kind = 8
	kindAnd        kind = 9
	kindOr         kind = 10
	kindBetween    kind = 11
	kindIn         kind = 12
	kindTrue       kind = 13
	kindFalse      kind = 14
	kindNull       kind = 15
	kindIs         kind = 16
	kindContains   kind = 17
	kindStartsWith kind = 18
	kindEndsWith   kind = 19
	kindDecimal    kind = 20
	kindFloat      kind = 21
	kindString     kind = 23
	kindID         kind = 24
	kindEqual      kind = 25
	kindNotEqual   kind = 26
	kindGreater    kind = 27
	kindGreaterEq  kind = 28
	kindLess       kind = 29
	kindLessEq     kind = 30
	kindOpen       kind = 31
	kindComma      kind = 32
	kindClose      kind = 33
	kindPlus       kind = 34
	kindMinus      kind = 35
	kinds               = 36
)

// kindNames are the names in error texts. Java: SelectorParserConstants.TOKEN_IMAGE.
var kindNames = [kinds]string{
	0: "<EOF>", 8: `"NOT"`, 9: `"AND"`, 10: `"OR"`, 11: `"BETWEEN"`, 12: `"IN"`, 13: `"TRUE"`, 14: `"FALSE"`, 15: `"NULL"`,
	16: `"IS"`,
	17: `"CONTAINS"`, 18: `"STARTSWITH"`, 19: `"ENDSWITH"`, 20: "<DECIMAL_LITERAL>", 21: "<FLOATING_POINT_LITERAL>",
	23: "<STRING_LITERAL>",
	24: "<ID>", 25: `"="`, 26: `"<>"`, 27: `">"`, 28: `">="`, 29: `"<"`, 30: `"<="`, 31: `"("`, 32: `","`, 33: `")"`,
	34: `"+"`, 35: `"-"`,
}

// keyword returns the kind of a reserved word in any case, kindID for other words. Only ASCII letters fold.
func keyword(word string) kind {
	if len(word) > len("STARTSWITH") {
		return kindID
	}
	switch strings.ToUpper(word) {
	case "NOT":
		return kindNot
	case "AND":
		return kindAnd
	case "OR":
		return kindOr
	case "BETWEEN":
		return kindBetween
	case "IN":
		return kindIn
	case "TRUE":
		return kindTrue
	case "FALSE":
		return kindFalse
	case "NULL":
		return kindNull
	case "IS":
		return kindIs
	case "CONTAINS":
		return kindContains
	case "STARTSWITH":
		return kindStartsWith
	case "ENDSWITH":
		return kindEndsWith
	}
	return kindID
}

// token is one word of an expression: units[begin:end] of the lexer. The token at the end of the text is empty and has
// kindEOF.
type token struct {
	kind       kind
	begin, end int32
}
