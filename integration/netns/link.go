package netns

import (
	"errors"
	"strconv"
)

// Link is a link between two namespaces.
type Link struct {
	Name  string // of the device, in both
	Addrs [2]string
	ends  [2]*Namespace
}

// Join makes link j (0 to 4) of this process.
func Join(j int, name string, a, b *Namespace) (*Link, error) {
	l := &Link{name, [2]string{addr(6 + 2*j), addr(7 + 2*j)}, [2]*Namespace{a, b}}
	if err := Run("ip", "link", "add", name, "netns", strconv.Itoa(a.pid), "type", "veth", "peer", "name", name, "netns",
		strconv.Itoa(b.pid)); err != nil {
		return nil, err
	}
	var failed []error
	for i, e := range l.ends {
		failed = append(failed, e.Run("ip", "addr", "add", l.Addrs[i]+"/31", "dev", name), l.up(i))
	}
	return l, errors.Join(failed...)
}

func (l *Link) up(i int) error { return l.ends[i].Run("ip", "link", "set", l.Name, "up") }

// Route has the two reach each other's address There by this link.
func (l *Link) Route() error {
	var failed []error
	for i, e := range l.ends {
		failed = append(failed, e.Run("ip", "route", "replace", l.ends[1-i].There+"/32", "via", l.Addrs[1-i], "dev", l.Name,
			"src", e.There))
	}
	return errors.Join(failed...)
}

// Cut takes the link down at the far end of e: what e sends is lost without a word, and nothing comes.
func (l *Link) Cut(e *Namespace) error {
	far := l.ends[0]
	if far == e {
		far = l.ends[1]
	}
	return far.Run("ip", "link", "set", l.Name, "down")
}

// Mend undoes Cut, with the routes.
func (l *Link) Mend() error { return errors.Join(l.up(0), l.up(1), l.Route()) }
