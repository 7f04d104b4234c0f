package filter

import "testing"

// TestLookaheadSeesAll: a plus sign is looked behind by the whole grammar: what may stand in parentheses may stand there
// behind a plus sign too.
func TestLookaheadSeesAll(t *testing.T) {
	for _, e := range []string{"a CONTAINS 'x'", "a NOT CONTAINS 'x'", "a STARTSWITH 'x'", "a NOT STARTSWITH 'x'",
		"a ENDSWITH 'x'", "a NOT ENDSWITH 'x'", "a IN ('x')", "a IN ('x', 'y', 'z')", "a NOT IN ('x', 'y')",
		"a BETWEEN 1 AND 2", "a NOT BETWEEN 1 AND 2", "a IS NULL", "a IS NOT NULL", "a = 1", "a <> 1", "a < 1", "a <= 1",
		"a > 1", "a >= 1", "a = 'x' AND b = 'y'", "a = 'x' OR b = 'y'", "NOT a = 'x'", "a = -1", "a = +1", "a = 1.5",
		"TRUE", "FALSE", "(a = 1)", "a = 1 AND (b = 2 OR c = 3) AND d IS NULL"} {
		_, plain := Compile("(" + e + ")")
		if _, err := Compile("+(" + e + ")"); plain != nil || err != nil {
			t.Errorf("%s: in parentheses %v, behind a plus sign %v", e, plain, err)
		}
	}
	for _, e := range []string{"a CONTAINS", "a NOT", "a IN ()", "a IN ('x'", "a BETWEEN 1", "a IS", "a =", "a = 1 AND"} {
		if _, err := Compile("+(" + e + ")"); err == nil {
			t.Errorf("%s is taken", e)
		}
	}
}
