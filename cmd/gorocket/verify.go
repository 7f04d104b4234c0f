package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
	"gorocket/cmd/gorocket/access"
	"gorocket/cmd/gorocket/against"
	"gorocket/store/check"
)

// Exit codes of verify.
const (
	verifyHealthy = 0
	verifyDamaged = 1
	verifyFailed  = 2 // the directory cannot be read, or a broker runs on it
)

// verifyCommand checks a store directory without changing anything in it.
func verifyCommand() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "check a store directory, read-only",
		Long: "Check everything in the store directory DIR of a stopped broker, Java's or gorocket's, and change nothing.\n" +
			"With --against HOST:PORT also compare it with the store of a running broker, master or slave, Java's or\n" +
			"gorocket's, byte by byte, and name the first difference. Without flags that say otherwise it is asked with\n" +
			"what -c says: the encryption of tls.enable and tls.client..., signed as innerClientAuthenticationCredentials.\n" +
			"Exit code 0: healthy, and the same. 1: damaged, or different. 2: cannot be read, or a broker runs on it, or\n" +
			"the other one does not answer, or nothing of both could be compared.",
	}
	c.Flags().StringVarP(&o.file, "configFile", "c", "", "broker.conf with the file sizes and commit log paths, if they "+
		"are not the defaults")
	c.Flags().StringVar(&o.against, "against", "", "HOST:PORT of a running broker whose store should be the same")
	o.access.Add(c)
	c.Flags().BoolVar(&o.json, "json", false, "print the report as one JSON object")
	c.Run = func(c *cobra.Command, args []string) {
		if code := verify(c.OutOrStdout(), c.ErrOrStderr(), args[0], o); code != verifyHealthy {
			os.Exit(code)
		}
	}
	return onStore(c)
}

// verifyOptions are the flags of verify.
type verifyOptions struct {
	file    string // broker.conf
	against string // host:port of a running broker; empty: none
	access  access.Flags
	json    bool
}

// peer is how to reach the broker that runs: as the flags say, and else as the one of broker.conf would.
func (o *verifyOptions) peer(cfg *brokerconfig.Config) (access.Access, error) {
	enc, err := cfg.ClientTLS()
	if err != nil {
		return access.Access{}, err
	}
	return o.access.Access(access.Access{Credentials: cfg.Credentials(), TLS: enc})
}

// verifyReport is what verify prints with --json.
type verifyReport struct {
	*check.Report
	Against *against.Report `json:"against,omitempty"`
}

// verify prints the report and returns the exit code.
func verify(out, errs io.Writer, dir string, o verifyOptions) int {
	fail := func(err error) int {
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	}
	cfg, _, err := brokerconfig.Load(o.file)
	if err != nil {
		return fail(err)
	}
	var r verifyReport
	if r.Report, err = cfg.Offline(dir).Verify(); err != nil {
		return fail(err)
	}
	if o.against != "" {
		how, err := o.peer(&cfg)
		if err == nil {
			r.Against, err = against.Compare(context.Background(), cfg.Offline(dir), o.against, how.Options())
		}
		if err != nil {
			return fail(fmt.Errorf("--against %s: %w", o.against, err))
		}
	}
	if o.json {
		err = writeJSON(r)(out)
	} else {
		err = r.print(out, dir)
	}
	switch {
	case err != nil:
		return fail(err)
	case !r.Healthy, r.Against != nil && r.Against.First != nil:
		return verifyDamaged
	}
	return verifyHealthy
}

// print writes the report for people.
func (r *verifyReport) print(out io.Writer, dir string) error {
	for _, f := range r.Findings {
		fmt.Fprintf(out, "%s %s %s: %s\n", f.Severity, f.Kind, f.Place(), f.Text)
	}
	_, err := fmt.Fprintf(out, "%s: %s: log %d..%d with %d records, %d queues with %d entries, %d index files with %d "+
		"entries, %d config files; %s\n",
		dir, map[bool]string{true: "healthy", false: "damaged"}[r.Healthy], r.LogFrom, r.LogTo, r.Records, r.Queues,
		r.QueueEntries, r.IndexFiles, r.IndexEntries, r.ConfigFiles,
		counted(r.Counts["damaged"], r.Counts["repairable"], r.Counts["note"]))
	a := r.Against
	if a == nil || err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "against %s, whose log is %d..%d: %d records in %d..%d are the same, %d are not shown "+
		"there, %d queues reach as far\n", a.Peer, a.PeerFrom, a.PeerTo, a.Compared, a.From, a.To, a.NotShown, a.Queues)
	if a.First != nil {
		_, err = fmt.Fprintf(out, "the first difference: %s\n", a.First)
	}
	return err
}

// counted says how many findings of each kind there are.
func counted(damaged, repairable, notes int) string {
	plural := "s"
	if notes == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d damaged, %d repairable, %d note%s", damaged, repairable, notes, plural)
}
