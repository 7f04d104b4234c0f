package admin

// Which brokers a command is for, and what is done at one after the other.

import (
	"errors"

	"gorocket/remoting/admin"
)

// done is the result of commands that do something at brokers.
type done struct {
	Brokers []string `json:"brokers"` // addresses at which it was done
	DryRun  bool     `json:"dryRun,omitempty"`
	Value   any      `json:"value,omitempty"` // what was set there
	Order   string   `json:"orderConf,omitempty"`
}

// targets are the broker of -b, or the masters of the cluster of -c.
func (c *call) targets(cl *admin.Client) ([]string, error) {
	if c.has("b") {
		return []string{c.value("b")}, nil
	}
	if c.has("c") {
		return cl.Masters(c.ctx, c.value("c"))
	}
	return nil, errUsage
}

// clientAndTargets are the client and the targets.
func (c *call) clientAndTargets() (cl *admin.Client, addrs []string, err error) {
	if cl, err = c.client(); err == nil {
		addrs, err = c.targets(cl)
	}
	return cl, addrs, err
}

// allTargets are the broker of -b, or all brokers of the cluster of -c, slaves too; of all clusters without.
func (c *call) allTargets(cl *admin.Client) ([]string, error) {
	if c.has("b") {
		return []string{c.value("b")}, nil
	}
	return cl.MastersAndSlaves(c.ctx, c.value("c"))
}

// atEach does something at each of the brokers of -b or -c, up to the first that fails.
func (c *call) atEach(value any, do func(cl *admin.Client, addr string) error, print func(w *text, addr string)) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	return c.at(cl, addrs, value, do, print)
}

// at does something at each of the addresses, up to the first that fails, and prints a line for each where it did.
func (c *call) at(cl *admin.Client, addrs []string, value any, do func(cl *admin.Client, addr string) error,
	print func(w *text, addr string)) (err error) {
	d := done{Value: value, DryRun: c.own.dryRun}
	for _, addr := range addrs {
		if !c.own.dryRun {
			if err = do(cl, addr); err != nil {
				break
			}
		}
		d.Brokers = append(d.Brokers, addr)
	}
	return errors.Join(err, c.emit(d, func(w *text) {
		for _, addr := range d.Brokers {
			print(w, addr)
		}
	}))
}

// atEachToo does something at each of the brokers of -b or -c; in a cluster it goes on when one fails. last is printed
// behind all of them unless the broker of -b failed.
func (c *call) atEachToo(value any, do func(cl *admin.Client, addr string) error, print func(w *text, addr string),
	last func(w *text)) error {
	cl, addrs, err := c.clientAndTargets()
	if err != nil {
		return err
	}
	return c.atAll(cl, addrs, value, do, print, last)
}

func (c *call) atAll(cl *admin.Client, addrs []string, value any, do func(cl *admin.Client, addr string) error,
	print func(w *text, addr string), last func(w *text)) error {
	d := done{Value: value}
	for _, addr := range addrs {
		if err := do(cl, addr); err == nil {
			d.Brokers = append(d.Brokers, addr)
		} else if c.has("b") {
			return err
		} else {
			c.fail(err)
		}
	}
	return c.emit(d, func(w *text) {
		for _, addr := range d.Brokers {
			print(w, addr)
		}
		if last != nil {
			last(w)
		}
	})
}

// atMembers does something at the broker of -b, or at all brokers of the cluster of -c, slaves too, up to the first
// that fails.
func (c *call) atMembers(value any, do func(cl *admin.Client, addr string) error, verb string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs, err := c.allTargets(cl)
	if err != nil {
		return err
	}
	return c.at(cl, addrs, value, do, func(w *text, addr string) {
		if c.own.dryRun {
			w.f("would %s to %s\n", verb, addr)
		} else {
			w.f("%s to %s success.\n", verb, addr)
		}
	})
}
