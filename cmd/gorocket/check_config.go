package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
)

// checked is what check-config says about a file.
type checked struct {
	File     string         `json:"file"`
	Server   string         `json:"server"`
	OK       bool           `json:"ok"`       // a start takes the file
	Problems []string       `json:"problems"` // of the file as a whole, or of keys that it does not have
	Keys     []config.Entry `json:"keys"`
}

// errRefused says that no server starts with the file; what is wrong has been printed.
var errRefused = errors.New("no server starts with this file")

// checkConfigFlags are the flags of check-config.
type checkConfigFlags struct {
	as                  string
	asJSON, all, strict bool
}

// checkConfigCommand reads the file of a server as its start does, and says what each key is.
func checkConfigCommand() *cobra.Command {
	var f checkConfigFlags
	c := &cobra.Command{Use: "check-config FILE",
		Short: "what each key of a configuration file is, and whether a server starts with it",
		Long: "Read the configuration file of a broker, NameServer or controller as a start does: each key with its type, " +
			"range, default and\nmeaning, and whether it is known. Nothing is opened or written.\n\n" +
			"Exit status: 0 when a server starts with it, 1 when none does (--strict: or when a key is unknown), 2 when the " +
			"file cannot be read\nor the command line is wrong."}
	c.Flags().StringVar(&f.as, "as", "", "broker, namesrv or controller (default: whose keys are in the file)")
	c.Flags().BoolVar(&f.asJSON, "json", false, "one JSON object instead of text")
	c.Flags().BoolVar(&f.all, "all", false, "also the keys that are not in the file, with their defaults")
	c.Flags().BoolVar(&f.strict, "strict", false, "keys that nobody knows are mistakes")
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("%s needs one file, not %d words: see %s --help", c.Name(), len(args),
				c.CommandPath())}
		}
		return nil
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	})
	c.RunE = func(c *cobra.Command, args []string) error { return f.run(args[0], c.OutOrStdout()) }
	return c
}

func (f *checkConfigFlags) run(path string, out io.Writer) error {
	p, err := readProperties(path)
	if err != nil {
		return &usageError{err}
	}
	as := f.as
	if as == "" {
		as = whose(p)
	}
	server, ok := checkers[as]
	if !ok {
		return &usageError{fmt.Errorf("--as %s: want broker, namesrv or controller", as)}
	}
	r := &checked{File: path, Server: as, Problems: []string{}}
	r.Keys = config.Explain(p, server.targets(p)...)
	r.judge(server.start(path))
	if f.all {
		r.Keys = append(r.Keys, defaultsOf(p, server.targets(p)[0])...)
	}
	if f.asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = r.print(out)
	}
	if strict := f.strict && slices.ContainsFunc(r.Keys, nobodys); err == nil && (!r.OK || strict) {
		return errRefused
	}
	return err
}

// nobodys tells whether nobody knows a key.
func nobodys(e config.Entry) bool { return !e.Known && !e.Java }

// checker is how the file of one kind of server is checked.
type checker struct {
	targets func(*compat.Properties) []config.Target // whose tables count, the server's own first
	start   func(path string) error                  // why a start refuses the file
}

var checkers = map[string]checker{
	"broker": {func(*compat.Properties) []config.Target { return []config.Target{new(brokerconfig.Config)} },
		startsBroker},
	"namesrv": {namesrvTargets, checkNamesrv},
	"controller": {func(*compat.Properties) []config.Target { return []config.Target{new(controller.Config)} },
		checkController},
}

func startsBroker(path string) error {
	err := checkBroker(path)
	if err == nil {
		cfg, _, _ := brokerconfig.Load(path)
		_, err = broker.New(cfg, zerolog.Nop())
	}
	return err
}

// namesrvTargets are two with enableControllerInNamesrv.
func namesrvTargets(p *compat.Properties) []config.Target {
	all := []config.Target{new(namesrv.Config)}
	if v, _ := p.Get("enableControllerInNamesrv"); strings.EqualFold(strings.TrimSpace(v), "true") {
		all = append(all, new(controller.Config))
	}
	return all
}

// whose guesses the server of a file: the one that has most of its keys, of two a broker, of two others the NameServer.
func whose(p *compat.Properties) string {
	best, most := "broker", 0
	for _, s := range []struct {
		name string
		keys config.Table
	}{{"broker", config.BrokerFile}, {"namesrv", config.NameServer}, {"controller", config.Controller}} {
		n := 0
		for _, key := range p.Keys() {
			if s.keys.Has(key) {
				n++
			}
		}
		if n > most {
			best, most = s.name, n
		}
	}
	return best
}

// judge adds what a start says: to the key that it is about, or to the file.
func (r *checked) judge(err error) {
	r.OK = err == nil
	refusals, others := config.Refusals(err)
	r.Problems = append(r.Problems, others...)
	for _, e := range refusals {
		i := slices.IndexFunc(r.Keys, func(k config.Entry) bool { return k.Key == e.Key })
		if i < 0 {
			r.Problems = append(r.Problems, e.Error())
		} else if r.Keys[i].Refused == "" {
			r.Keys[i].Refused = e.Msg
		}
	}
}

// defaultsOf are the keys that are not in the file.
func defaultsOf(p *compat.Properties, target config.Target) []config.Entry {
	rest := &compat.Properties{}
	for _, k := range target.Keys() {
		if _, has := p.Get(k.Name); !has {
			rest.Set(k.Name, k.Default)
		}
	}
	return config.Explain(rest, target)
}

func (r *checked) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s, %d keys\n", r.File, r.Server, len(r.Keys))
	bad := 0
	for _, e := range r.Keys {
		printEntry(&text, &e)
		if e.Refused != "" {
			bad++
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&text, "\nWRONG  %s\n", p)
	}
	if r.OK {
		fmt.Fprintf(&text, "\nA %s starts with it.\n", r.Server)
	} else {
		fmt.Fprintf(&text, "\nNo %s starts with it: %d mistakes.\n", r.Server, bad+len(r.Problems))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func printEntry(out io.Writer, e *config.Entry) {
	mark, note := "ok", ""
	switch {
	case e.Refused != "":
		mark, note = "WRONG", "  <- "+e.Refused
	case !e.Known && e.Java:
		mark, note = "unused", "  <- a key of Java without effect here"
	case !e.Known && e.Hint != "":
		mark, note = "UNKNOWN", "  <- nobody has this key: do you mean "+e.Hint+"?"
	case !e.Known:
		mark, note = "UNKNOWN", "  <- nobody has this key"
	case e.Differs:
		mark = "changed"
	}
	at := "default"
	if e.Line > 0 {
		at = fmt.Sprintf("line %d", e.Line)
	}
	fmt.Fprintf(out, "\n%-8s %-9s %s=%s%s\n", mark, at, e.Key, e.Value, note)
	if !e.Known {
		return
	}
	kind := e.Type
	if e.Range != "" {
		kind += ", " + e.Range
	}
	def := e.Default
	if def == "" {
		def = "nothing"
	}
	fmt.Fprintf(out, "%19s%s; default %s; changes act %s\n%19s%s\n", "", kind, def, e.Changes, "", e.Meaning)
}
