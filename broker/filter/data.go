package filter

import "fmt"

// Data is what the broker knows of one group's SQL92 subscription to one topic. Immutable: the Manager replaces it.
// Java: org.apache.rocketmq.broker.filter.ConsumerFilterData.
type Data struct {
	ConsumerGroup  string
	Topic          string
	Expression     string
	ExpressionType string
	BornTime       int64 // ms since 1970: since when bit maps know this subscription
	DeadTime       int64 // ms since 1970: when the last consumer left; 0 while there is one
	ClientVersion  int64 // subVersion of the subscription, a time in ms
	Bloom          *BloomData

	expr *Expr // nil when the expression of a loaded file does not compile: then everything matches
}

// CompileType compiles an expression of a type other than TAG. For a type that is not SQL92 the error has the text of
// the exception Java runs into, here too the remark of code 46 (CHECK_CLIENT_CONFIG). Java:
// FilterFactory.get(type).compile(expr).
func CompileType(expressionType, expression string) (*Expr, error) {
	return compileType(expressionType, expression, Compile)
}

func compileType(expressionType, expression string, compile func(string) (*Expr, error)) (*Expr, error) {
	if expressionType != Type {
		return nil, &Error{Text: `Cannot invoke "org.apache.rocketmq.filter.FilterSpi.compile(String)" because the return value of ` +
			`"org.apache.rocketmq.filter.FilterFactory.get(String)" is null`}
	}
	return compile(expression)
}

// IsTag tells whether a subscription goes by tags, and so is none of this package's business. Java:
// ExpressionType.isTagType.
func IsTag(expressionType string) bool { return expressionType == "" || expressionType == "TAG" }

// Expr is the compiled expression, nil when it does not compile.
func (d *Data) Expr() *Expr { return d.expr }

// Dead tells whether the group has no consumer any more.
func (d *Data) Dead() bool { return d.DeadTime >= d.BornTime }

// String describes the data for logs.
func (d *Data) String() string {
	return fmt.Sprintf("group=%s topic=%s type=%s version=%d born=%d dead=%d expression=%s",
		d.ConsumerGroup, d.Topic, d.ExpressionType, d.ClientVersion, d.BornTime, d.DeadTime, d.Expression)
}

// with returns a changed copy.
func (d *Data) with(change func(*Data)) *Data {
	c := *d
	change(&c)
	return &c
}
