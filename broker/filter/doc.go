// Package filter is Java's SQL92 message filter: the language, the data that a broker keeps about subscriptions of that
// type (consumerFilter.json), and the bloom filter bit maps that stand in the extended consume queue.
//
// Java: the module rocketmq-filter (org.apache.rocketmq.filter) and org.apache.rocketmq.broker.filter. Behaviour is
// Java's to the letter, the odd parts included: which expressions are accepted, what an evaluation gives, and the text
// of a refusal, which brokers send as the remark of SUBSCRIPTION_PARSE_FAILED. It was compared with Java's own filter;
// see java_test.go.
//
// The package does no I/O and starts no goroutine. It imports nothing of this module but compat.
//
// Where to look:
//
//	expr.go               Compile, Expr: what most callers need
//	lexer.go token.go     characters to tokens
//	grammar.go lookahead.go parser.go   tokens to nodes, by JavaCC's rules, because its error texts depend on them
//	node*.go compare.go   nodes and their three-valued evaluation
//	number.go text.go     Java's ways to read and print numbers and expressions
//	bloom.go murmur.go    Guava's murmur3 and the bloom filter
//	data.go manager*.go   subscriptions by topic and group, consumerFilter.json
//	message.go            what a pull asks about each message
package filter
