package admin

import (
	"slices"
	"strings"
	"time"

	"gorocket/compat"
)

// Scripts for shells: they ask the program itself what may stand next.
var completionScripts = map[string]string{
	"bash": `_mqadmin() {
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$(mqadmin __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _mqadmin mqadmin
`,
	"zsh": `#compdef mqadmin
_mqadmin() {
	local -a words_
	words_=("${(@f)$(mqadmin __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	compadd -a words_
}
compdef _mqadmin mqadmin
`,
	"fish": `function __mqadmin_complete
	set -l words (commandline -opc) (commandline -ct)
	mqadmin __complete $words[2..-1] 2>/dev/null
end
complete -c mqadmin -f -a '(__mqadmin_complete)'
`,
}

func runCompletion(c *call) error {
	if len(c.vals.args) != 1 || completionScripts[c.vals.args[0]] == "" {
		return usagef("completion: for bash, zsh or fish?")
	}
	script := completionScripts[c.vals.args[0]]
	return c.emit(script, func(w *text) { w.f("%s", script) })
}

// completeTimeout bounds questions for names: a key was pressed.
const completeTimeout = 500 * time.Millisecond

// complete prints what may stand in the place of the last of words, one a line.
func (c *call) complete(words []string) error {
	var hits []string
	last := words[len(words)-1]
	if len(words) == 1 {
		for _, list := range [][]command{javaCommands(), ownCommands()} {
			for _, cmd := range list {
				hits = append(hits, cmd.name)
			}
		}
		hits = append(hits, "help")
	} else if cmd := find(words[0]); cmd != nil {
		hits = c.completeOption(cmd, words[1:], last)
	}
	hits = slices.DeleteFunc(hits, func(h string) bool { return !strings.HasPrefix(h, last) })
	return c.emit(hits, func(w *text) {
		for _, h := range hits {
			w.f("%s\n", h)
		}
	})
}

// completeOption lists the values of the option before the last word, else the options.
func (c *call) completeOption(cmd *command, words []string, last string) (hits []string) {
	if len(words) > 1 {
		before := strings.TrimLeft(words[len(words)-2], "-")
		for _, o := range cmd.all() {
			if o.takesValue && before != "" && (before == o.short || before == o.long) {
				return c.names(&o)
			}
		}
	}
	if !strings.HasPrefix(last, "-") && last != "" {
		return nil
	}
	for _, o := range cmd.all() {
		if o.short != "" {
			hits = append(hits, "-"+o.short)
		}
		if long := strings.TrimSpace(o.long); long != "" {
			hits = append(hits, "--"+long)
		}
	}
	hits = append(hits, "--json", "--java-exit", "--timeout", "--credentials", "--tls")
	if cmd.deletes {
		hits = append(hits, "--dry-run")
	}
	return hits
}

// names asks the cluster for values of an option, by what the option is called; nothing when it cannot be asked.
func (c *call) names(o *option) (all []string) {
	c.own.timeout = completeTimeout
	cl, err := c.client()
	if err != nil {
		return nil
	}
	long := strings.ToLower(o.long)
	switch {
	case strings.Contains(long, "topic"):
		all, _ = cl.Topics(c.ctx) // a completion has nobody to tell
		return slices.DeleteFunc(all, func(t string) bool { return strings.HasPrefix(t, "%") })
	case strings.Contains(long, "group"):
		topics, _ := cl.Topics(c.ctx)
		for _, t := range topics {
			if strings.HasPrefix(t, compat.RetryTopicPrefix) {
				all = append(all, parseGroup(t))
			}
		}
		return all
	case !strings.Contains(long, "broker") && !strings.Contains(long, "cluster"):
		return nil
	}
	nodes, _ := cl.Nodes(c.ctx, "")
	for _, n := range nodes {
		switch {
		case strings.Contains(long, "cluster"):
			all = append(all, n.Cluster)
		case strings.Contains(long, "addr"):
			all = append(all, n.Addr)
		default:
			all = append(all, n.Broker)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
