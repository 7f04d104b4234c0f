package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"gorocket/remoting/admin"
)

// call is one run of a command.
type call struct {
	ctx  context.Context
	cmd  *command
	vals *values
	own  *ownOptions
	out  io.Writer
	errs io.Writer
	env  func(string) string

	cl     *admin.Client // see client
	failed bool          // a part failed, which was told already
	sender *admin.Sender // see sendAny
}

// text is what a result is printed to.
type text struct{ w *bufio.Writer }

// f prints in the manner of Java's printf, whose verbs for texts and numbers are Go's; %n is "\n" here.
func (t *text) f(format string, args ...any) { fmt.Fprintf(t.w, format, args...) }

// emit prints one result: the text, or with --json the value. A command that shows something again and again emits as
// often, one JSON document a line.
func (c *call) emit(value any, print func(t *text)) error {
	w := bufio.NewWriter(c.out)
	if c.own.json {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		if !c.repeats() {
			e.SetIndent("", "  ")
		}
		if err := e.Encode(value); err != nil {
			return err
		}
	} else if print != nil {
		print(&text{w})
	}
	return w.Flush()
}

// repeats tells whether the command goes on until it is ended.
func (c *call) repeats() bool {
	if c.cmd.name == "top" {
		return !c.has("o")
	}
	return c.has("i") && isInterval[c.cmd.name]
}

// isInterval are the commands whose -i is a pause between looks.
var isInterval = map[string]bool{"clusterList": true, "clusterRT": true, "haStatus": true, "getSyncStateSet": true,
	"getBrokerEpoch": true}

// say prints words that are no result, such as why nothing was done; not with --json.
func (c *call) say(format string, args ...any) {
	if !c.own.json {
		fmt.Fprintf(c.out, format, args...)
	}
}

// fail tells of a part that failed while others go on; the command ends with status 1.
func (c *call) fail(err error) {
	c.failed = true
	report(c.errs, c.own.json, c.cmd.name, err)
}

// has tells whether an option was given.
func (c *call) has(key string) bool {
	_, ok := c.vals.given[key]
	return ok
}

// value is the value of an option without the blanks around it, "" when it was not given.
func (c *call) value(key string) string { return strings.TrimSpace(c.vals.given[key]) }

// or is the value of an option, other when it was not given.
func (c *call) or(key, other string) string {
	if !c.has(key) {
		return other
	}
	return c.value(key)
}

// is tells whether an option was given as true; other is what it means when it was not given. Java:
// Boolean.parseBoolean.
func (c *call) is(key string, other bool) bool {
	if !c.has(key) {
		return other
	}
	return strings.EqualFold(c.value(key), "true")
}

// number is the value of an option as a number, other when it was not given. A text that is none is a wrong command
// line.
func (c *call) number(key string, other int64) (int64, error) {
	if !c.has(key) {
		return other, nil
	}
	n, err := strconv.ParseInt(c.value(key), 10, 64)
	if err != nil {
		return 0, usagef("option -%s: %q is no number", key, c.value(key))
	}
	return n, nil
}

// timeLayout is how times are given: 2006-01-02#15:04:05:000, in local time. Java: yyyy-MM-dd#HH:mm:ss:SSS.
const timeLayout = "2006-01-02#15:04:05"

// timestamp is the value of an option as ms since 1970: a number, or a date.
func (c *call) timestamp(key string) (int64, error) {
	v := c.value(key)
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return n, nil
	}
	at := strings.LastIndexByte(v, ':')
	if at > 0 {
		ms, err1 := strconv.ParseInt(v[at+1:], 10, 16)
		t, err2 := time.ParseInLocation(timeLayout, v[:at], time.Local)
		if err1 == nil && err2 == nil {
			return t.UnixMilli() + ms, nil
		}
	}
	return 0, usagef("option -%s: %q is neither ms since 1970 nor yyyy-MM-dd#HH:mm:ss:SSS", key, v)
}

// client is the client of the run.
func (c *call) client() (*admin.Client, error) {
	if c.cl != nil {
		return c.cl, nil
	}
	names := c.value("n")
	if names == "" {
		names = c.env("NAMESRV_ADDR")
	}
	sign, tlsConfig, err := c.own.access.open()
	if err != nil {
		return nil, err
	}
	c.cl, err = admin.Open(admin.Options{NameServers: admin.SplitAddrs(names), Timeout: c.own.timeout, Sign: sign,
		TLS: tlsConfig})
	return c.cl, err
}

func (c *call) close() {
	if c.cl != nil {
		_ = c.cl.Close() // the process ends
	}
}

// errUsage is returned by commands that were asked for nothing: they show their help.
var errUsage = errors.New("nothing is asked for")

// every runs f, again and again with a pause of the option key in seconds when that was given.
func (c *call) every(key string, f func() error) error {
	pause, err := c.number(key, 0)
	if err != nil {
		return err
	}
	for {
		if err := f(); err != nil || !c.has(key) {
			return err
		}
		select {
		case <-time.After(time.Duration(max(1, pause)) * time.Second):
		case <-c.ctx.Done():
			return nil
		}
	}
}
