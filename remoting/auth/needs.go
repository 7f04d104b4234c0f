package auth

import (
	"bytes"
	"slices"
	"strings"

	"gorocket/remoting/wire"
)

// Need is one thing that a request needs: that its sender may do any one of Actions to the resource that Field names.
type Need struct {
	Type    ResourceType
	Field   string // the extField with the resource's name; "" with Cluster: this cluster
	Actions Actions
	Retry   Retry
	Absent  Absent
	Split   string // the field holds several names with this between; "": one
	Ours    bool   // Java asks for nothing here; only with Settings.Strict
}

// Retry says what a topic %RETRY%group stands for.
type Retry uint8

// What a retry topic is. Of the field of a group only RetryGroup has a meaning: that it may hold the group's retry
// topic.
const (
	RetryTopic Retry = iota // a topic like others
	RetryGroup              // its group, with the same actions
	RetrySub                // its group, of which Sub is needed
	RetryRead               // its group, of which Sub or Get is needed
	RetrySkip               // nothing: another need is about the group
	RetryAlone              // its group, with the same actions; a topic like others needs nothing
)

// Absent says what a request needs that lacks the field.
type Absent uint8

// What a missing field means.
const (
	AbsentNull    Absent = iota // a resource without a name: only who may do it to all of them
	AbsentNothing               // nothing
	AbsentBlank                 // nothing, and a blank one is as good as none
	AbsentCluster               // the same actions on this cluster
)

// Row is what the requests of one code need. All its needs have to be met; a row without any needs nothing but a user.
type Row struct {
	Code  int32
	Needs []Need
	Body  string // what the body has to be looked at for, in words; "": it has not
	// Find finds the needs in a body, whose Field is the resource's name. An error refuses the request.
	Find     func(body []byte) ([]Need, error)
	BodyOurs bool // Need.Ours of them
}

// prefixRetry begins the topics with what a group is to get again.
const prefixRetry = "%RETRY%"

func topic(field string, retry Retry, actions ...Action) Need {
	return Need{Type: Topic, Field: field, Retry: retry, Actions: Of(actions...)}
}

func group(field string, actions ...Action) Need {
	return Need{Type: Group, Field: field, Retry: RetryGroup, Actions: Of(actions...)}
}

// cluster is a need of this cluster, or of the one that field names.
func cluster(field string, actions ...Action) Need {
	return Need{Type: Cluster, Field: field, Absent: AbsentCluster, Actions: Of(actions...)}
}

// asked is the need of a field that Java's header class is annotated with: a request without it needs nothing of it,
// and a group has the name that is given.
func (n Need) asked() Need {
	n.Absent = AbsentNothing
	if n.Type == Group {
		n.Retry = RetryTopic
	}
	return n
}

// ours marks a need that Java does not know.
func (n Need) ours() Need {
	n.Ours = true
	return n
}

// both are needs of a group and a topic as annotated fields.
func both(groupField string, actions ...Action) []Need {
	return []Need{group(groupField, actions...).asked(), topic("topic", RetryGroup, actions...).asked()}
}

// sends are the needs of who sends to the topic of that field: a consumer that sends back to its retry topic is one of
// the group.
func sends(field string) []Need { return []Need{topic(field, RetrySub, Pub)} }

// closed marks all needs as ours.
func closed(needs ...Need) []Need {
	list := slices.Clone(needs)
	for i := range list {
		list[i].Ours = true
	}
	return list
}

// Table is what each request code needs. Immutable.
type Table struct{ rows map[int32]*Row }

// NewTable is the table of all request codes.
func NewTable() *Table {
	t := &Table{rows: map[int32]*Row{}}
	all := slices.Concat(messageRows(), offsetRows(), clientRows(), popRows(), clusterRows(), controllerRows())
	for i := range all {
		t.rows[all[i].Code] = &all[i]
	}
	return t
}

// Row is what requests of a code need: of one that nobody knows that they may change the cluster, in strict mode.
func (t *Table) Row(code int32) *Row {
	if r := t.rows[code]; r != nil {
		return r
	}
	return &unknownRow
}

var unknownRow = Row{Code: -1, Needs: closed(cluster("", Update))}

// Rows lists the rows by code.
func (t *Table) Rows() (all []Row) {
	for _, r := range t.rows {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Row) int { return int(a.Code) - int(b.Code) })
	return all
}

// Asks calls fn with all that a request of this code asks for of the cluster own, in strict mode, until fn returns
// false. An error is of a body in which that cannot be found.
func (r *Row) Asks(c *wire.Command, own []byte, fn func(Ask) bool) error {
	return r.each(c, true, own, fn)
}

// Asks calls fn with what a message of the topic is for who wants to do any of these actions to it.
func Asks(topic string, actions Actions, fn func(Ask) bool) bool {
	n := Need{Type: Topic, Retry: RetryGroup, Actions: actions}
	return n.one([]byte(topic), fn)
}

// each calls fn with all that the request asks for, until it returns false. In strict mode a request that names none of
// the resources that its code is about asks for the whole cluster. An error is of a body that does not decode.
func (r *Row) each(c *wire.Command, strict bool, own []byte, fn func(Ask) bool) error {
	asked := false
	for i := range r.Needs {
		n := &r.Needs[i]
		if n.Ours && !strict {
			continue
		}
		value, given := c.Get(n.Field)
		given = given && n.Field != ""
		asked = asked || given || n.Absent != AbsentNothing
		if !n.each(value, given, own, fn) {
			return nil
		}
	}
	if strict && !asked && len(r.Needs) > 0 {
		fn(Ask{Type: Cluster, Name: own, Actions: r.Needs[0].Actions})
		return nil
	}
	if r.Find == nil || r.BodyOurs && !strict {
		return nil
	}
	needs, err := r.Find(c.Body)
	for i := range needs {
		name := []byte(needs[i].Field)
		if len(name) == 0 {
			name = nil // the body does not say
		}
		if !needs[i].one(name, fn) {
			return nil
		}
	}
	return err
}

// each calls fn with what the need asks for by the field's value; false when fn said so.
func (n *Need) each(value []byte, given bool, own []byte, fn func(Ask) bool) bool {
	switch {
	case given && n.Absent == AbsentBlank && len(bytes.TrimSpace(value)) == 0:
		return true
	case given && n.Split != "":
		for part := range bytes.SplitSeq(value, []byte(n.Split)) {
			if len(part) > 0 && !n.one(part, fn) {
				return false
			}
		}
		return true
	case given:
		return n.one(value, fn)
	case n.Absent == AbsentNothing, n.Absent == AbsentBlank:
		return true
	case n.Absent == AbsentCluster:
		return fn(Ask{Type: Cluster, Name: own, Actions: n.Actions})
	}
	return fn(Ask{Type: n.Type, Actions: n.Actions})
}

// one calls fn for the resource of that name.
func (n *Need) one(name []byte, fn func(Ask) bool) bool {
	ask := Ask{Type: n.Type, Name: name, Actions: n.Actions}
	of, retry := bytes.CutPrefix(name, []byte(prefixRetry))
	if !retry && n.Retry == RetryAlone {
		return true
	}
	if !retry || n.Retry == RetryTopic || n.Type == Cluster {
		return fn(ask)
	}
	ask.Type, ask.Name = Group, of
	switch n.Retry {
	case RetrySkip:
		return true
	case RetrySub:
		ask.Actions = Of(Sub)
	case RetryRead:
		ask.Actions = Of(Sub, Get)
	}
	return fn(ask)
}

// String is the need as docs have it: Topic topic: Pub.
func (n *Need) String() string {
	s := strings.ReplaceAll(n.Actions.String(), ",", " or ") + " on "
	if n.Retry == RetryAlone {
		return s + "the Group of a retry topic"
	}
	s += n.Type.String()
	if n.Field != "" {
		s += " " + n.Field
	}
	return s
}
