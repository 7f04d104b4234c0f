package admin

import "strings"

// command is a row of the table of commands.
type command struct {
	name    string
	alias   string // another name, "" for none
	summary string
	options []option
	deletes bool // it understands --dry-run
	run     func(c *call) error
}

// option is what a command understands beside -h and -n. Java: commons-cli's Option.
type option struct {
	short, long string // without dashes; one of both may be ""
	help        string
	takesValue  bool
	required    bool
	group       int  // 0, or the number of the group of which exactly one has to be given
	groupNeeds  bool // the group must not be missing
}

// Constructors of options, one for each kind that the table has.
func word(short, long, help string) option { // may be given, with a value
	return option{short: short, long: long, help: help, takesValue: true}
}

func need(short, long, help string) option { // has to be given
	return option{short: short, long: long, help: help, takesValue: true, required: true}
}

func flag(short, long, help string) option { // no value
	return option{short: short, long: long, help: help}
}

func either(short, long, help string) option { // exactly one of these
	return option{short: short, long: long, help: help, takesValue: true, group: 1, groupNeeds: true}
}

func eitherToo(short, long, help string) option { // and exactly one of these
	return option{short: short, long: long, help: help, takesValue: true, group: 2, groupNeeds: true}
}

// key is what the option is looked up by: its short name, if it has one.
func (o *option) key() string {
	if o.short != "" {
		return o.short
	}
	return o.long
}

// common are the options of all commands. Java: ServerUtil.buildCommandlineOptions.
var common = []option{
	flag("h", "help", "Print help"),
	word("n", "namesrvAddr", "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'"),
}

// all returns the options of a command with the common ones; one of the same name takes the place of a common one.
func (c *command) all() []option {
	var list []option
	for _, o := range common {
		if c.option(o.short) == nil {
			list = append(list, o)
		}
	}
	return append(list, c.options...)
}

func (c *command) option(key string) *option {
	for i := range c.options {
		if c.options[i].key() == key {
			return &c.options[i]
		}
	}
	return nil
}

// find looks a command up, in any case of letters, nil when there is none.
func find(name string) *command {
	for _, list := range [][]command{javaCommands(), ownCommands()} {
		for i := range list {
			if c := &list[i]; strings.EqualFold(c.name, name) || c.alias != "" && strings.EqualFold(c.alias, name) {
				return c
			}
		}
	}
	return nil
}
