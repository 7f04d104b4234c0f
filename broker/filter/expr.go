package filter

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Type is the expression type of this language in subscriptions. Java: ExpressionType.SQL92.
const Type = "SQL92"

// Result is the outcome of an expression for one message.
type Result uint8

// Outcomes. A message is delivered when it is True; the others differ for tests and logs only.
const (
	Null   Result = iota // unknown: a property was missing
	False                // the expression is false
	True                 // the expression is true
	Failed               // Java throws: a property that should be a number is none, for example
)

// String names the result.
func (r Result) String() string {
	switch r {
	case Null:
		return "NULL"
	case False:
		return "FALSE"
	case True:
		return "TRUE"
	}
	return "failed"
}

// Expr is a compiled expression. Immutable, safe for concurrent use.
type Expr struct {
	text string
	root node
}

// Compile compiles an expression. The error is an *Error; its text is Java's. Beyond Java, MaxLength and MaxDepth are
// refused, with the text of the StackOverflowError that Java gives from some depth on. Time and memory are bounded by a
// small multiple of the length. Called on heartbeats, on CHECK_CLIENT_CONFIG, and by pulls that carry their
// subscription (use a Cache there). Java: SqlFilter.compile, SelectorParser.parse.
func Compile(expr string) (*Expr, error) {
	if len(expr) > MaxLength {
		return nil, errTooDeep()
	}
	root, err := newParser(expr).selector()
	if err != nil {
		return nil, err
	}
	return &Expr{text: strings.Clone(expr), root: root}, nil
}

// String returns the source.
func (e *Expr) String() string { return e.text }

// Lookup finds a property of a message. A property that is missing, or empty (Java drops those when it decodes a
// message), is false.
type Lookup func(name string) (string, bool)

// Match tells whether a message is wanted. It allocates nothing itself.
func (e *Expr) Match(lookup Lookup) bool { return e.Eval(lookup) == True }

// Eval computes the expression for a message. Java: Expression.evaluate with a MessageEvaluationContext.
func (e *Expr) Eval(lookup Lookup) Result {
	return result(e.root.eval(message{lookup: lookup}))
}

// MatchProperties is Match for the properties of a stored record in their encoded form: name 0x01 value 0x02 …, the
// last 0x02 optional. raw is read during the call only. It allocates nothing while raw is valid UTF-8.
func (e *Expr) MatchProperties(raw []byte) bool { return e.EvalProperties(raw) == True }

// EvalProperties is Eval for encoded properties.
func (e *Expr) EvalProperties(raw []byte) Result {
	return result(e.root.eval(decoded(raw)))
}

func result(v value) Result {
	switch {
	case v.kind == failed:
		return Failed
	case v.kind != isBool:
		return Null
	case v.truth():
		return True
	}
	return False
}

// message gives nodes the properties of one message: by lookup, or from their encoded form.
type message struct {
	lookup  Lookup
	encoded string
}

// decoded is a message with encoded properties. It and all strings from it are valid as long as raw is.
func decoded(raw []byte) message {
	s := unsafe.String(unsafe.SliceData(raw), len(raw))
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // Java decodes the bytes before it compares
	}
	return message{encoded: s}
}

const (
	nameEnd     = "\x01" // MessageDecoder.NAME_VALUE_SEPARATOR
	propertyEnd = '\x02' // MessageDecoder.PROPERTY_SEPARATOR
)

// property finds a value; key is the name with nameEnd. Of equal names the last one counts, as it does in Java's map;
// empty values count as none. Java: MessageDecoder.string2messageProperties.
func (m message) property(key string) (text string, ok bool) {
	if m.lookup != nil {
		return m.lookup(key[:len(key)-1])
	}
	rest, start := m.encoded, true
	for {
		i := strings.Index(rest, key)
		if i < 0 {
			return text, ok
		}
		first := i == 0 && start || i > 0 && rest[i-1] == propertyEnd
		rest, start = rest[i+len(key):], false
		if !first {
			continue
		}
		v := rest
		if end := strings.IndexByte(rest, propertyEnd); end >= 0 {
			v = rest[:end]
		}
		if v != "" {
			text, ok = v, true
		}
	}
}
