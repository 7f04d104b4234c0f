package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
)

// exportOptions are the flags of export.
type exportOptions struct {
	file     string // broker.conf
	topic    string
	queue    int32
	from, to string
}

// exportCommand reads what can be read of a store directory.
func exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export DIR",
		Short: "print the messages of a store directory, damaged or not, as JSON lines",
		Long: "Print the messages in the store directory DIR of a stopped broker, Java's or gorocket's, one JSON object\n" +
			"a line, in the order of the commit log, and change nothing. What cannot be read is stepped over and\n" +
			"reported on standard error. Topic and queue are those a message is stored under: one that waits for its\n" +
			"time or for the end of its transaction has the real ones in its properties. Times are store times: ms\n" +
			"since 1970, or 2006-01-02T15:04:05Z, or '2006-01-02 15:04:05' in local time.\n" +
			"Exit code 0: everything was read. 1: something was stepped over. 2: cannot be read, or a broker runs on it.",
	}
	c.Flags().StringVarP(&o.file, "configFile", "c", "",
		"broker.conf with the file sizes and commit log paths, if they are not the defaults")
	c.Flags().StringVar(&o.topic, "topic", "", "this topic only")
	c.Flags().Int32Var(&o.queue, "queue", -1, "this queue only; -1: all")
	c.Flags().StringVar(&o.from, "from", "", "messages stored at this time or later")
	c.Flags().StringVar(&o.to, "to", "", "messages stored before this time")
	c.Run = func(c *cobra.Command, args []string) {
		if code := export(c.OutOrStdout(), c.ErrOrStderr(), args[0], o); code != verifyHealthy {
			os.Exit(code)
		}
	}
	return onStore(c)
}

// export prints the messages and returns the exit code.
func export(out, errs io.Writer, dir string, o exportOptions) int {
	fail := func(err error) int {
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	}
	cfg, _, err := brokerconfig.Load(o.file)
	if err != nil {
		return fail(err)
	}
	from, err := exportTime("from", o.from)
	if err != nil {
		return fail(err)
	}
	to, err := exportTime("to", o.to)
	if err != nil {
		return fail(err)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	whole, err := cfg.Offline(dir).ExportLines(w, errs, o.topic, o.queue, from, to)
	if ferr := w.Flush(); err == nil {
		err = ferr
	}
	switch {
	case err != nil:
		return fail(err)
	case !whole:
		return verifyDamaged
	}
	return verifyHealthy
}

// exportTime reads a time as ms since 1970; "" is 0.
func exportTime(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return ms, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UnixMilli(), nil
	}
	t, err := time.ParseInLocation(time.DateTime, text, time.Local)
	if err != nil {
		return 0, fmt.Errorf("--%s=%s: want ms since 1970, 2006-01-02T15:04:05Z or '2006-01-02 15:04:05'", flag, text)
	}
	return t.UnixMilli(), nil
}
