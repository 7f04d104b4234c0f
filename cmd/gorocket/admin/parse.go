package admin

import (
	"fmt"
	"slices"
	"strings"
)

// values are the options that were given, by key, with their values; "" for flags. args is what was no option.
type values struct {
	given map[string]string
	args  []string
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// parser reads one command line as commons-cli's DefaultParser does: long names may be cut short and stand behind one
// dash, values may follow after = or at once, flags may be put together.
type parser struct {
	options []option
	out     values
	current *option     // waits for its value
	chosen  map[int]int // group → index of the option that was given
	plain   bool        // after --
}

func parse(options []option, args []string) (*values, error) {
	p := &parser{options: options, out: values{given: map[string]string{}}, chosen: map[int]int{}}
	for _, a := range args {
		if err := p.token(a); err != nil {
			return &p.out, err
		}
	}
	if p.current != nil {
		return &p.out, usagef("Missing argument for option: %s", p.current.key())
	}
	return &p.out, p.missing()
}

func (p *parser) token(t string) error {
	switch {
	case p.plain:
		p.out.args = append(p.out.args, t)
	case t == "--":
		p.plain = true
	case p.current != nil && p.isValue(t):
		p.value(t)
	case strings.HasPrefix(t, "--"):
		return p.long(t)
	case strings.HasPrefix(t, "-") && t != "-":
		return p.dashed(t)
	default:
		p.out.args = append(p.out.args, t)
	}
	return nil
}

func (p *parser) value(v string) {
	if len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' && !strings.Contains(v[1:len(v)-1], `"`) {
		v = v[1 : len(v)-1]
	}
	p.out.given[p.current.key()] = v
	p.current = nil
}

// isValue tells whether what follows an option is its value: no option, or a negative number.
func (p *parser) isValue(t string) bool {
	if !strings.HasPrefix(t, "-") || len(t) == 1 {
		return true
	}
	name, _, _ := strings.Cut(strings.TrimLeft(t, "-"), "=")
	if isNumber(t) {
		return true
	}
	single := !strings.HasPrefix(t, "--")
	return len(p.matching(name)) == 0 && !(single && (p.short(name) != nil || name != "" && p.short(name[:1]) != nil ||
		p.longPrefix(name) != nil))
}

func isNumber(t string) bool {
	digits := strings.TrimPrefix(t, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == ""
}

func (p *parser) short(name string) *option {
	for i := range p.options {
		if name != "" && p.options[i].short == name {
			return &p.options[i]
		}
	}
	return nil
}

// matching lists the options whose long name begins with name; one that is the same stands alone.
func (p *parser) matching(name string) (hits []*option) {
	for i := range p.options {
		o := &p.options[i]
		if o.long == name && name != "" {
			return []*option{o}
		}
		if o.long != "" && strings.HasPrefix(o.long, name) {
			hits = append(hits, o)
		}
	}
	return hits
}

// longPrefix is the option whose long name begins t, as in -brokerAddr127.0.0.1:10911.
func (p *parser) longPrefix(t string) *option {
	for i := len(t) - 2; i > 1; i-- {
		for j := range p.options {
			if p.options[j].long == t[:i] {
				return &p.options[j]
			}
		}
	}
	return nil
}

func (p *parser) long(t string) error {
	name, value, has := strings.Cut(strings.TrimLeft(t, "-"), "=")
	hits := p.matching(name)
	switch {
	case len(hits) == 0:
		return p.unknown(t)
	case len(hits) > 1:
		var names []string
		for _, h := range hits {
			names = append(names, "'"+h.long+"'")
		}
		return usagef("Ambiguous option: '%s'  (could be: %s)", "--"+name, strings.Join(names, ", "))
	case has && !hits[0].takesValue:
		return p.unknown(t)
	}
	if err := p.take(hits[0]); err != nil || !has {
		return err
	}
	p.value(value)
	return nil
}

func (p *parser) unknown(t string) error { return usagef("Unrecognized option: %s", t) }

// dashed reads -x, -xVALUE, -x=VALUE, -long, -long=VALUE, -longVALUE and -xyz.
func (p *parser) dashed(t string) error {
	name, value, has := strings.Cut(strings.TrimLeft(t, "-"), "=")
	o := p.short(name)
	switch {
	case has && o != nil && o.takesValue:
		if err := p.take(o); err != nil {
			return err
		}
		p.value(value)
		return nil
	case has && len(name) == 1:
		return p.unknown(t)
	case o != nil && !has:
		return p.take(o)
	case len(p.matching(name)) > 0:
		return p.long(t)
	case has:
		return p.unknown(t)
	}
	if o := p.longPrefix(name); o != nil && o.takesValue {
		if err := p.take(o); err != nil {
			return err
		}
		p.value(name[len(o.long):])
		return nil
	}
	return p.joined(t, name)
}

// joined reads flags that were put together, the last of which may have a value.
func (p *parser) joined(t, letters string) error {
	for i := range len(letters) {
		o := p.short(letters[i : i+1])
		if o == nil {
			return p.unknown(t)
		}
		if err := p.take(o); err != nil {
			return err
		}
		if o.takesValue && i+1 < len(letters) {
			p.value(letters[i+1:])
			return nil
		}
	}
	return nil
}

// take notes that an option was given.
func (p *parser) take(o *option) error {
	if p.current != nil {
		return usagef("Missing argument for option: %s", p.current.key())
	}
	at := slices.IndexFunc(p.options, func(x option) bool { return x.key() == o.key() })
	if before, has := p.chosen[o.group]; has && o.group != 0 && before != at {
		return usagef("The option '%s' was specified but an option from this group has already been selected: '%s'",
			o.key(), p.options[before].key())
	}
	if o.group != 0 {
		p.chosen[o.group] = at
	}
	if _, again := p.out.given[o.key()]; !again || !o.takesValue {
		p.out.given[o.key()] = ""
	}
	if o.takesValue {
		p.current = o
	}
	return nil
}

// missing says which options have to be given and were not.
func (p *parser) missing() error {
	var names []string
	groups := map[int]bool{}
	for i := range p.options {
		o := &p.options[i]
		_, given := p.out.given[o.key()]
		_, chosen := p.chosen[o.group]
		switch {
		case o.required && !given:
			names = append(names, o.key())
		case o.groupNeeds && !chosen && !groups[o.group]:
			groups[o.group] = true
			names = append(names, choiceText(p.options, o.group))
		}
	}
	if len(names) == 0 {
		return nil
	}
	s := ""
	if len(names) > 1 {
		s = "s"
	}
	return usagef("Missing required option%s: %s", s, strings.Join(names, ", "))
}

// choiceText is a group in messages. Java: OptionGroup.toString.
func choiceText(options []option, group int) string {
	var parts []string
	for i := range options {
		if o := &options[i]; o.group == group {
			name := "-" + o.short
			if o.short == "" {
				name = "--" + o.long
			}
			parts = append(parts, name+" "+o.help)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
