package admin

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Widths of help texts. Java: HelpFormatter, ServerUtil.
const (
	helpWidth = 110
	usageHead = "usage: "
	leftPad   = 1
	descPad   = 3
)

// printHelp writes what a command understands, as Java's tool does, and below it what is ours.
func printHelp(w io.Writer, name string, c *command) {
	options := c.all()
	slices.SortStableFunc(options, func(a, b option) int {
		return strings.Compare(strings.ToLower(a.key()), strings.ToLower(b.key()))
	})
	text := usageText(name, options)
	wrap(w, text, strings.IndexByte(text, ' ')+1)
	rows := make([]string, len(options))
	widest := 0
	for i := range options {
		rows[i] = optionText(&options[i])
		widest = max(widest, len(rows[i]))
	}
	for i, row := range rows {
		row += strings.Repeat(" ", widest-len(row)+descPad) + options[i].help
		wrap(w, row, widest+descPad)
	}
}

// usageText is the line that shows all options; those of a group stand together where the first of them does, and leave
// blanks where the others would be, as in Java.
func usageText(name string, options []option) string {
	text := usageHead + name + " "
	groups := map[int]bool{}
	for i := range options {
		o := &options[i]
		if o.group == 0 {
			text += bracket(shown(o), o.required)
		} else if !groups[o.group] {
			groups[o.group] = true
			var parts []string
			for j := range options {
				if options[j].group == o.group {
					parts = append(parts, shown(&options[j]))
				}
			}
			text += bracket(strings.Join(parts, " | "), o.groupNeeds)
		}
		if i < len(options)-1 {
			text += " "
		}
	}
	return text
}

func bracket(text string, required bool) string {
	if required {
		return text
	}
	return "[" + text + "]"
}

func shown(o *option) string {
	text := "-" + o.short
	if o.short == "" {
		text = "--" + o.long
	}
	if o.takesValue {
		text += " <arg>"
	}
	return text
}

func optionText(o *option) string {
	text := strings.Repeat(" ", leftPad)
	switch {
	case o.short == "":
		text += "   --" + o.long
	case o.long == "":
		text += "-" + o.short
	default:
		text += "-" + o.short + ",--" + o.long
	}
	if o.takesValue {
		text += " <arg>"
	}
	return text
}

// wrap breaks a text at blanks; lines after the first are indented. Java: HelpFormatter.renderWrappedText.
func wrap(w io.Writer, text string, indent int) {
	if indent >= helpWidth {
		indent = 1
	}
	for at := breakAt(text); at >= 0; {
		fmt.Fprintln(w, strings.TrimRight(text[:at], " \n"))
		text = strings.Repeat(" ", indent) + strings.TrimSpace(text[at:])
		at = breakAt(text)
		if at == indent-1 && len(text) > helpWidth {
			at = helpWidth // a word longer than the column
		}
	}
	fmt.Fprintln(w, strings.TrimRight(text, " "))
}

// breakAt is where a text that is too long is broken, -1 when it fits. Java: HelpFormatter.findWrapPos.
func breakAt(text string) int {
	if at := strings.IndexByte(text, '\n'); at >= 0 && at <= helpWidth {
		return at + 1
	}
	if len(text) <= helpWidth {
		return -1
	}
	if at := strings.LastIndexByte(text[:helpWidth+1], ' '); at > 0 {
		return at
	}
	return helpWidth
}

// printCommands lists all commands.
func printCommands(w io.Writer) {
	fmt.Fprintln(w, "The most commonly used mqadmin commands are:")
	for _, c := range javaCommands() {
		fmt.Fprintf(w, "   %-35s %s\n", c.name, c.summary)
	}
	if own := ownCommands(); len(own) > 0 {
		fmt.Fprintln(w, "\nOf gorocket only:")
		for _, c := range own {
			fmt.Fprintf(w, "   %-35s %s\n", c.name, c.summary)
		}
	}
	fmt.Fprintln(w, "\nSee 'mqadmin help <command>' for more information on a specific command.")
}
