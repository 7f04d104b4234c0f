package filter

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// props encodes name, value, name, value, …
func props(pairs ...string) []byte {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(pairs[i] + "\x01" + pairs[i+1] + "\x02")
	}
	return []byte(b.String())
}

func TestResults(t *testing.T) {
	a := func(v string) []byte { return props("a", v) }
	none := props("x", "y")
	for _, c := range []struct {
		expr string
		raw  []byte
		want Result
	}{
		// a missing property: null on the left, false on the right, and two of them are equal
		{"a = 1", none, Null}, {"1 = a", none, False}, {"a = b", none, True}, {"a <> 1", none, Null}, {"1 <> a", none, True},
		{"a > 1", none, Null},
		{"1 < a", none, Null}, {"a IS NULL", none, True}, {"a IS NOT NULL", none, False}, {"a IN ('1')", none, Null},
		{"a NOT IN ('1')", none, Null},
		{"a CONTAINS 'x'", none, False}, {"a NOT CONTAINS 'x'", none, False}, {"a BETWEEN 1 AND 2", none, Null},
		{"a NOT BETWEEN 1 AND 2", none, Null},
		// three-valued logic
		{"a = 1 OR TRUE", none, True}, {"a = 1 OR FALSE", none, Null}, {"a = 1 AND FALSE", none, False},
		{"a = 1 AND TRUE", none, Null}, {"NOT a = 1", none, Null},
		{"NOT (a = 1)", none, Null}, {"NULL", none, Null}, {"NOT NULL", none, Null}, {"NULL OR TRUE", none, True},
		{"NULL IS NULL", none, True},
		// precedence: NOT binds tighter than =, so this compares a condition with a number
		{"NOT a = 1", a("1"), False}, {"TRUE OR TRUE AND FALSE", none, True}, {"(TRUE OR TRUE) AND FALSE", none, False},
		{"a = 1 OR b = 2 AND c = 3", a("1"), True},
		// strings beside numbers become numbers, of the number's class
		{"a = 1", a("1"), True}, {"a = 1", a("+1"), True}, {"a = 1", a("01"), True}, {"a = 1", a("1.0"), Failed},
		{"a = 1", a("x"), Failed}, {"a = 1.0", a("1"), True},
		{"a = 1", a("2147483648"), Failed}, {"a <> 1", a("x"), Failed}, {"a = 2147483648", a("2147483648"), True},
		{"a = 5L", a("2147483648"), Failed},
		{"a > 1", a(" 2"), Failed}, {"a > 1.5", a(" 2 "), True}, {"a > 1.5", a("0x1p3"), True}, {"a > 1.5", a("NaN"), True},
		{"a < 1.5", a("-Infinity"), True},
		{"a = 5", a("５"), True}, {"a = 1.5", a("1.5d"), True}, {"a = 1.5", a("1_5"), Failed}, {"a = 1.5", a(""), Null},
		{"a >= 1 AND a <= 3", a("2"), True},
		// two strings have an order only as numbers
		{"a = '1.0'", a("1"), False}, {"a = 'x'", a("x"), True}, {"a <> 'x'", a("y"), True},
		{"a > b", props("a", "10", "b", "9"), True}, {"a > b", props("a", "x", "b", "9"), Failed},
		// conditions beside other things
		{"a", a("true"), False}, {"a = TRUE", a("tRUE"), True}, {"a = FALSE", a("anything"), True},
		{"TRUE = a", a("true"), Failed}, {"(a = 1) = TRUE", a("1"), True},
		{"(a = 1) = 5", a("1"), False}, {"(a IS NULL) IS NULL", none, False}, {"a = 1 = TRUE", a("1"), True},
		// a failure fails all that is computed, and only that
		{"a = 1 OR TRUE", a("x"), Failed}, {"TRUE OR a = 1", a("x"), True}, {"a = 1 IS NULL", a("x"), Failed},
		{"FALSE AND a = 1", a("x"), False},
		// texts
		{"a CONTAINS 'b'", a("abc"), True}, {"a STARTSWITH 'ab'", a("abc"), True}, {"a ENDSWITH 'bc'", a("abc"), True},
		{"a NOT CONTAINS 'b'", a("abc"), False},
		{"a CONTAINS ''", a("abc"), False}, {"a NOT CONTAINS ''", a("abc"), False}, {"'abc' CONTAINS 'b'", none, True},
		{"5 NOT CONTAINS 'b'", none, False},
		{"a IN ('x', 'it''s')", a("it's"), True}, {"a NOT IN ('x')", a("y"), True},
		{"a IN ('1','2','3','4','5','6')", a("6"), True}, {"a IN ('1','2','3','4','5','6')", a("7"), False},
		{"a CONTAINS '价'", a("低价格"), True},
		// signs
		{"a = -1", a("-1"), True}, {"a = +1", a("1"), True}, {"a = - - 1", a("1"), True}, {"-a = 1", a("1"), Null},
		{"a > -1.5", a("-1"), True}, {"-'x' IS NULL", none, True},
		{"a = -2147483648", a("-2147483648"), True},
		// BETWEEN
		{"a BETWEEN 1 AND 3", a("3"), True}, {"a BETWEEN 1 AND 3", a("4"), False}, {"a NOT BETWEEN 1 AND 3", a("4"), True},
		{"a NOT BETWEEN 3 AND 1", a("2"), True},
		{"a BETWEEN b AND 3", a("2"), Null}, {"a BETWEEN b AND 3", a("4"), False}, {"a NOT BETWEEN b AND 3", a("4"), True},
		{"a BETWEEN 5 AND b", props("a", "2", "b", "x"), False},
		// case, comments, and what follows the expression
		{"A = 1", a("1"), Null}, {"a iS nOt nUlL", a("1"), True}, {"a/* x */=-- y\n1", a("1"), True},
		{"a = 1 -- no line end", a("1"), True},
		{"a = 1 anything goes (", a("1"), True}, {"a LIKE 'x%'", a("x"), False}, {"a = 1)", a("1"), True},
		{"$a_1 = 'x'", props("$a_1", "x"), True},
		// encoded properties
		{"a = 2", props("a", "1", "a", "2"), True}, {"a IS NULL", []byte("a\x01"), True}, {"a IS NULL", []byte("a"), True},
		{"a = '1\x012'", []byte("a\x011\x012"), True},
		{"a = 1", []byte("a\x011"), True}, {"a IS NULL", []byte("xa\x011\x02"), True},
		{"a = '\uFFFD'", []byte("a\x01\xff\x02"), True}, {"a IS NULL", nil, True},
	} {
		e, err := Compile(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := e.EvalProperties(c.raw); got != c.want {
			t.Errorf("%s with %q: got %v, want %v", c.expr, c.raw, got, c.want)
		}
		if e.MatchProperties(c.raw) != (c.want == True) {
			t.Errorf("%s with %q: Match differs from Eval", c.expr, c.raw)
		}
		if e.String() != c.expr {
			t.Errorf("%s: source is %q", c.expr, e)
		}
	}
}

func TestLookupGivesTheSame(t *testing.T) {
	g := newGenerator(1)
	for range 2000 {
		e, err := Compile(g.condition(2))
		if err != nil {
			continue
		}
		raw := []byte(g.properties())
		asked := message{encoded: string(raw)}
		lookup := func(name string) (string, bool) { return asked.property(name + nameEnd) }
		if x, y := e.EvalProperties(raw), e.Eval(lookup); x != y {
			t.Fatalf("%s with %q: %v by properties, %v by lookup", e, raw, x, y)
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(n int, open, shut string) string {
		return strings.Repeat(open, n) + "a = 1" + strings.Repeat(shut, n)
	}
	const overflow = classOverflow
	for _, c := range []struct{ name, expr, want string }{
		{"deepest brackets", nested(MaxDepth-1, "(", ")"), ""},
		{"too many brackets", nested(MaxDepth, "(", ")"), overflow},
		{"too many NOT", strings.Repeat("NOT ", MaxDepth) + "a", overflow},
		{"too many signs", "a = " + strings.Repeat("-", MaxDepth) + "1", overflow},
		{"too many plus", "a = " + strings.Repeat("+", MaxDepth) + "1", overflow},
		{"long chain of OR", "a = 0" + strings.Repeat(" OR a = 1", 10_000), ""},
		{"long chain of AND, NOT, IS NULL", "a = 0" + strings.Repeat(" AND NOT a IS NULL", 10_000), ""},
		{"long chain of =", "a" + strings.Repeat(" = a", maxHeight), overflow},
		{"long chain of IS NOT NULL", "a" + strings.Repeat(" IS NOT NULL", maxHeight), overflow},
		{"long list", "a IN ('x'" + strings.Repeat(", 'yyyyyy'", 20_000) + ")", ""},
		{"longest", "a = '" + strings.Repeat("x", MaxLength-6) + "'", ""},
		{"too long", "a = '" + strings.Repeat("x", MaxLength-5) + "'", overflow},
	} {
		e, err := Compile(c.expr)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %.200v, want %q", c.name, err, c.want)
		}
		if err == nil {
			e.MatchProperties(props("a", "2"))
		}
	}
}

// TestTimeIsBounded tries what takes a straightforward parser exponential or quadratic time.
func TestTimeIsBounded(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	between := "a"
	for range 400 {
		between = "-(" + between + " BETWEEN 1 AND 2)"
	}
	for name, expr := range map[string]string{
		"plus and brackets": strings.Repeat("+(", 450) + "a" + strings.Repeat(" OR a = 1", 25_000) +
			strings.Repeat(")", 450),
		"plus and brackets, open":  strings.Repeat("+(", 450) + "a" + strings.Repeat(" OR a = 1", 25_000),
		"wide plus":                "a" + strings.Repeat(" OR +(a)", 30_000),
		"between in between":       between + " > 1",
		"its text":                 between,
		"between of conditions":    between + " IN ('x')",
		"quotes":                   "a = " + strings.Repeat("'", MaxLength-5),
		"comments":                 strings.Repeat("/* ", MaxLength/3-1),
		"dashes":                   "a = " + strings.Repeat("-", MaxLength-5),
		"unfinished comments":      strings.Repeat("a OR /", MaxLength/6),
		"odd characters in errors": "a = 5 IN ('" + strings.Repeat("价", MaxLength/4) + "')",
	} {
		start := threadTime(t)
		e, err := Compile(expr)
		if err == nil {
			e.MatchProperties(props("a", "2"))
		} else if len(err.Error()) > maxErrorText {
			t.Errorf("%s: error of %d bytes", name, len(err.Error()))
		}
		if took := threadTime(t) - start; took > 3*time.Second {
			t.Errorf("%s: took %s", name, took)
		} else {
			t.Logf("%s: %s, error %.60v", name, took, err)
		}
	}
}

func TestErrorsAreErrors(t *testing.T) {
	_, err := Compile("a =")
	var e *Error
	if !errors.As(err, &e) || e.Text != err.Error() {
		t.Errorf("got %#v", err)
	}
	_, err = CompileType("SQL", "a = 1")
	if !errors.As(err, &e) || !strings.Contains(e.Text, "FilterFactory.get(String)") {
		t.Errorf("unknown type: %v", err)
	}
	if e, err := CompileType(Type, "a = 1"); err != nil || !e.MatchProperties(props("a", "1")) {
		t.Errorf("SQL92: %v", err)
	}
}

func TestFormatDouble(t *testing.T) {
	for f, want := range map[float64]string{5: "5.0", 0.5: "0.5", 1e7: "1.0E7", 9999999: "9999999.0", 1e-3: "0.001",
		9e-4: "9.0E-4", 1.5e300: "1.5E300",
		5e-324: "4.9E-324", 1e22: "1.0E22", 123456.789: "123456.789"} {
		if got := formatDouble(f); got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
}

func TestCache(t *testing.T) {
	c := NewCache(2)
	first, err := c.Compile("a = 1")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.Compile("a = 1"); again != first {
		t.Error("compiled again")
	}
	_, bad := c.Compile("a =")
	if _, again := c.Compile("a ="); bad == nil || again != bad {
		t.Errorf("error %v, then %v", bad, again)
	}
	c.Compile("a = 1")
	c.Compile("a = 2") // pushes "a =" out
	if again, _ := c.Compile("a = 1"); again != first {
		t.Error("the one used last was pushed out")
	}
	for i := range 100 {
		c.Compile(fmt.Sprint("a = ", i))
	}
	c.Compile("a = '" + strings.Repeat("x", maxCached) + "'")
	if len(c.byText) != 2 || c.recent.Len() != 2 {
		t.Errorf("%d and %d entries", len(c.byText), c.recent.Len())
	}
	if n := testing.AllocsPerRun(100, func() { c.Compile("a = 99") }); n > 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}
