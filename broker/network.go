package broker

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"gorocket/broker/cluster"
	"gorocket/broker/replication"
	"gorocket/remoting"
	"gorocket/remoting/guard"
	"gorocket/remoting/secure"
	"gorocket/remoting/wire"
)

// serve starts the client and both ports.
func (b *Broker) serve() (err error) {
	if b.certs, err = secure.New(b.cfg().Settings, secure.FromJava(), b.certificates); err != nil {
		return err
	}
	b.oldCertificate()
	if b.haPeer, err = b.replicationPeer(); err != nil {
		return err
	}
	b.certs.Start()
	events := remoting.Events{Closed: b.dialledClosed, Failed: b.fail}
	o := remoting.Options{TLS: b.certs.TLS(), Sign: guard.Sign(b.cfg().Credentials()), Network: b.network, Events: events}
	if b.client, err = remoting.NewClient(&remoting.Table{}, o); err != nil {
		return err
	}
	if err = b.client.Start(); err != nil {
		return err
	}
	b.register = b.newRegistrar()
	b.peers, b.escape = cluster.NewPeers(b.register), cluster.NewEscape(b.register)
	b.topics.Publish = b.register.Publish
	if !b.cfg().IsSlave() {
		b.takeProgress(context.Background())
	}
	if err = b.openReplicas(); err != nil {
		return err
	}
	b.replica = replication.New(b.replicationDeps())
	entries := b.entries()
	if b.cfg().IsSlave() {
		entries = forSlave(entries, b.isSlave, b.reads, b.cfg().EnableSlaveActingMaster)
	}
	table, err := remoting.NewTable(entries...)
	if err != nil {
		return err
	}
	c := b.cfg()
	server, err := remoting.NewServer(table, b.netOptions(), b.listen(c.ListenPort), b.listen(c.ListenPort-2))
	if err != nil {
		return err
	}
	b.asking.Store(server)
	if err = server.Start(); err != nil {
		return err
	}
	b.server = server
	return nil
}

// isSlave tells whether the broker is one now. With controllers that may change with each request.
func (b *Broker) isSlave() bool { return b.cfg().IsSlave() }

// reads tells whether pulls are served. What is not confirmed yet may be truncated: nobody reads it.
func (b *Broker) reads() bool {
	if b.store.Unconfirmed() {
		return false
	}
	c := b.cfg()
	return c.SlaveReadEnable || b.members.Acting() || !c.IsSlave()
}

func (b *Broker) netOptions() remoting.Options {
	c := b.cfg()
	o := remoting.Options{FastPort: c.ListenPort - 2,
		IdleTimeout: time.Duration(c.ServerChannelMaxIdleTimeSeconds) * time.Second,
		MaxOutbound: c.MaxOutboundBytes, MaxConnections: c.MaxConnections,
		ReserveFiles: b.queueFiles() + otherFiles, MaxHeader: c.MaxHeaderBytes,
		FrameTimeout: ms(c.FrameTimeout), Overdue: b.overload.Overdue, Barrier: b.publish, Acks: acks{b},
		TLS: b.certs.TLS(), Guard: b.guardian(), Network: b.network, Events: b.connEvents()}
	if c.MaxWaitingBytes > 0 {
		o.MaxWaiting = max(c.MaxWaitingBytes, 2*wire.MaxFrame)
	}
	return o
}

// certificates logs that the files of TLS were read again, or cannot be used; what was read before stays then.
func (b *Broker) certificates(err error) {
	if err != nil {
		b.log.Error().Err(err).Msg(remoting.LogBadCertificate)
	} else {
		b.log.Info().Msg(remoting.LogNewCertificate)
		b.oldCertificate()
	}
}

// oldCertificate warns of a certificate that ends soon.
func (b *Broker) oldCertificate() {
	if err := b.certs.Expiring(time.Now()); err != nil {
		b.log.Warn().Err(err).Msg(remoting.LogOldCertificate)
	}
}

// otherFiles is how many descriptors the broker needs beside consume queue files: log, index, tables, NameServers,
// metrics.
const otherFiles = 128

// queueFiles is how many consume queue files may be open: no more than a quarter of what the process may open.
func (b *Broker) queueFiles() int {
	return max(1, min(b.cfg().MaxOpenConsumeQueueFiles, remoting.DescriptorLimit()/4))
}

func (b *Broker) listen(port int) string {
	return net.JoinHostPort(b.cfg().BindAddress, strconv.Itoa(port))
}

// fail notes that the network has ended, which nobody asked for.
func (b *Broker) fail(err error) {
	b.log.Error().Err(err).Msg(remoting.LogFailed)
	select {
	case b.failed <- err:
	default:
	}
}

// Failed delivers the reason why the broker cannot go on, if that comes to pass; the process should end then.
func (b *Broker) Failed() <-chan error { return b.failed }

// health tells why the broker does not serve as it should, nil when it does.
func (b *Broker) health() error {
	if err := b.store.Health(); err != nil {
		return err
	}
	if err := b.replica.Health(); err != nil {
		return err
	}
	if b.controlled() {
		if err := b.replicas.Health(); err != nil {
			return err
		}
	}
	return b.server.Health()
}

func (b *Broker) tooMany(peer string, open int) {
	b.throttled.Warn("connections").Str("peer", peer).Int("connections", open).
		Msg(remoting.LogTooMany)
}

func (b *Broker) acceptFailed(err error) {
	b.throttled.Warn("accept").Err(err).Msg(remoting.LogAcceptFailed)
}

// whole is what /health tells: why the store takes no messages, the network does not turn, or clients cannot find the
// broker through a NameServer that answers.
func (b *Broker) whole() (err error, warnings []string) {
	if err := b.health(); err != nil {
		return err, nil
	}
	err, warnings = b.register.Health()
	if n := b.changes.Confirmed.Load(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("%d bytes of acknowledged messages were truncated since the start, as a "+
			"broker became master that lacked them; they are kept in a folder beside the log", n))
	}
	if b.controlled() {
		if text := b.replicas.Warning(); text != "" {
			warnings = append(warnings, text)
		}
	}
	if b.hearing.Load() {
		warnings = append(warnings, "not online yet: this master hears what its slaves know")
	}
	return err, warnings
}

// resolve finds the address that message ids carry for a host name, IPv4 before IPv6. Java:
// BrokerController.getStoreHost.
func resolve(host string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, nil
	}
	ips, err := net.LookupIP(host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, ip := range ips {
		if v4 := ip.To4(); v4 != nil {
			return netip.AddrFrom4([4]byte(v4)), nil
		}
	}
	ip, _ := netip.AddrFromSlice(ips[0])
	return ip, nil
}
