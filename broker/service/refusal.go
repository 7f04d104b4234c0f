package service

import "errors"

// ErrWouldWait says that the call would have to wait, for a file or a lock, and the caller had said NoWait. Nothing has
// happened; the caller sets the input again and calls where waiting is allowed.
var ErrWouldWait = errors.New("service: the call would wait")

// ErrNewTopic says that a send has made its topic. The message is not stored: a kill now would leave it in the log
// without a topic, and nobody could find it. The caller waits until topics.json and the NameServers know the topic, or
// cannot and sets Send.TopicMade; then it sets the other input again, too, and calls once more.
var ErrNewTopic = errors.New("service: the topic is new")

// Reason is why something was refused, for programs.
type Reason uint8

// The reasons. What stands behind them is what Java does in that case.
const (
	NoBody          Reason = iota // a message without a body. Java: NullPointerException
	BadProperty                   // a property that should be a number is none, or one is missing
	Mismatch                      // the end of a transaction names another group or offset than the half message
	BadBatch                      // a batch whose items do not fit into it. Java: BufferUnderflowException
	NotLeader                     // another broker leads the logic queue
	NotYet                        // before startAcceptSendRequestTime
	NotPermitted                  // broker, topic, group or subscription may not do that; see Refusal.Scope
	BadArgument                   // a name or a queue number that cannot be
	NoTopic                       // the topic is unknown and is not made
	NoGroup                       // the group is unknown and is not made
	IllegalMessage                // sizes, flags or properties that cannot be stored
	NoRoom                        // limits of the store: light queues, the next file of the log
	Unavailable                   // the store takes nothing
	Failed                        // anything else; the broker's log has more
	Expired                       // the end of a transaction that came too late
	NoSubscription                // the group subscribes to nothing, or not to this topic
	OldSubscription               // the broker has an older version of the subscription
	BadSubscription               // the expression does not parse
	NoFilter                      // the subscription's expression did not compile here
	OldFilter                     // the broker has an older version of the expression
	UnknownOffset                 // no message begins there, or none that can be meant
	TooLate                       // the request had waited longer than its sender does
	NoMessage                     // no message of that queue can be meant
)

// Scope is what does not permit something. Java: ForbiddenType.
type Scope uint8

// The scopes of NotPermitted.
const (
	ScopeNone Scope = iota
	ScopeBroker
	ScopeGroup
	ScopeTopic
	ScopeBroadcast
	ScopeSubscription
)

// Refusal says that a request was not served, and why.
type Refusal struct {
	Reason Reason
	Scope  Scope  // of NotPermitted, for pulls
	Text   string // for people; Java's words where it has some, since clients and tools show them
}

func (r *Refusal) Error() string { return r.Text }

func refuse(why Reason, text string) *Refusal { return &Refusal{Reason: why, Text: text} }

// FAQ is what Java appends to some remarks (FAQUrl.suggestTodo).
const FAQ = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
