package ha

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"gorocket/integration/harness"
)

// volume is how many messages a pair gets, and how often its slave is killed: HA_MESSAGES=60000 HA_KILLS=10 make ha.
func volume() (messages, kills int) { return number("HA_MESSAGES", 8000), number("HA_KILLS", 3) }

// number is that of an environment variable.
func number(name string, normal int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return normal
}

// TestMixes runs each pair of kinds under load; the slave is killed meanwhile. Then its queues end where the master's do,
// its files are the master's byte for byte, and its messages are read.
func TestMixes(t *testing.T) {
	for _, k := range []struct{ master, slave harness.Kind }{{harness.Go, harness.Go}, {harness.Java, harness.Go},
		{harness.Go, harness.Java}} {
		t.Run(fmt.Sprintf("%s-with-%s", k.master, k.slave), func(t *testing.T) {
			harness.NeedJava(t)
			p := startPair(t, k.master)
			n, kills := volume()
			p.send(n/(kills+1), nil)
			p.slave = p.c.Broker(k.slave, "second", conf("SLAVE", 1))
			for range kills {
				p.send(n/(kills+1), func() {
					p.slave.Kill()
					if err := p.slave.Start(); err != nil {
						t.Error(err)
					}
				})
			}
			p.caughtUp()
			p.sameFiles()
			if k.slave == harness.Go {
				p.read(p.slave)
			}
			c := p.dial(p.slave)
			for q := range queues {
				if err := p.view(c, q); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestMigration brings a Java master's store to ours by nothing but stop and start, and back: our broker follows Java's,
// becomes the master, and Java's comes back as its slave, on the store that it had, and becomes the master again.
func TestMigration(t *testing.T) {
	harness.NeedJava(t)
	p := startPair(t, harness.Java)
	p.slave = p.c.Broker(harness.Go, "second", conf("SLAVE", 1))
	p.send(3000, nil)
	swap := func() {
		t.Helper()
		p.caughtUp()
		p.stop(p.master)
		p.stop(p.slave)
		p.master, p.slave = p.slave, p.master
		p.role(p.master, "ASYNC_MASTER", 0)
		p.role(p.slave, "SLAVE", 1)
		p.start(p.master)
		p.start(p.slave)
	}
	for range 2 {
		swap()
		p.send(2000, nil)
		p.caughtUp()
		p.sameFiles()
		p.read(p.master)
	}
}
