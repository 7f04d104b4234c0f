package bench

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// preset is a sub-command with flags that fit a question.
type preset struct {
	name  string
	short string // the question
	args  string // sub-command and flags, as a user would type them
}

// presets in the order of the help. Those of docs/performance.md have the flags of its figures.
var presets = []preset{
	{"small", "128 B messages, many at a time: what a message costs the broker",
		"send --size 128 --connections 8 --in-flight 64"},
	{"medium", "1 KiB messages, many at a time: how many a second",
		"send --size 1024 --connections 8 --in-flight 64"},
	{"large", "16 KiB messages, many at a time: how many bytes a second",
		"send --size 16384 --connections 8 --in-flight 64"},
	{"batch", "32 messages of 128 B in a request", "send --size 128 --batch 32 --connections 8 --in-flight 16"},
	{"one", "one message at a time, as a producer that waits for each answer",
		"send --size 1024 --connections 1 --in-flight 1"},
	{"producers", "1,000 connections, each of which waits for its answer",
		"send --size 1024 --connections 1000 --in-flight 1"},
	{"steady", "1,000 messages a second for a minute: latency of a send that is not the queue's",
		"send --size 1024 --rate 1000 --duration 1m"},
	{"consume", "200,000 messages of 1 KiB, read again and again", "pull --fill 200000"},
	{"e2e-slow", "from producer to consumer at 1,000 messages a second", "e2e --rate 1000"},
	{"e2e-fast", "from producer to consumer at 10,000 messages a second", "e2e --rate 10000"},
	{"idle", "memory of 5,000 connections that do nothing; give --pid", "connections --count 5000"},
	{"topics", "500 topics, made and deleted", "topics --count 500 --delete"},
	{"overload", "40,000 requests at once: how much of the peak is still served",
		"overload --in-flight 40000 --connections 64"},
}

const presetLong = `Run a command with flags that fit a question. A flag that you give counts more than that of the preset. The report says which command it was.

  gorocket bench preset small -n 127.0.0.1:9876
  gorocket bench preset steady -n 127.0.0.1:9876 --rate 5000
`

// presetCommand is `bench preset`; commands are the sub-commands of bench.
func presetCommand(commands map[string]func() (*cobra.Command, *common)) *cobra.Command {
	root := &cobra.Command{
		Use:   "preset NAME",
		Short: "one of these commands with flags that fit a question; without NAME: which there are",
		Long:  presetLong + "\n" + presetTable(),
		// A wrong name with flags of the command that was meant: the name is what to speak about.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown preset %q; there are %s", args[0], strings.Join(presetNames(), ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), presetTable())
			return err
		},
	}
	for _, p := range presets {
		root.AddCommand(p.command(commands))
	}
	return root
}

// command is the preset's sub-command with other defaults.
func (p preset) command(commands map[string]func() (*cobra.Command, *common)) *cobra.Command {
	name, flags, _ := strings.Cut(p.args, " ")
	c, k := commands[name]()
	c.Use, c.Short, k.preset = p.name, p.short, p
	c.Long = fmt.Sprintf("%s%s.\n\n  gorocket bench %s\n\n%s", strings.ToUpper(p.short[:1]), p.short[1:], p.args, c.Long)
	for _, words := range strings.Split(flags, "--")[1:] {
		flag, value, has := strings.Cut(strings.TrimSpace(words), " ")
		f := c.Flags().Lookup(flag)
		if !has {
			value = f.NoOptDefVal
		}
		_ = f.Value.Set(value) // the table is tested
		f.DefValue = f.Value.String()
	}
	return c
}

func presetNames() (names []string) {
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// presetTable has a line for each, and its command.
func presetTable() string {
	var b strings.Builder
	for _, p := range presets {
		fmt.Fprintf(&b, "%-10s %s\n%-10s   gorocket bench %s\n", p.name, p.short, "", p.args)
	}
	return b.String()
}
