package remoting

import (
	"crypto/tls"
	"time"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// Options are the limits of an engine. Zero values mean the defaults.
type Options struct {
	MaxFrame int // bytes; default MaxFrame. Java: com.rocketmq.remoting.frameMaxLength
	// bytes that may wait for one peer to read them; beyond, its connection is closed. Default 64 MiB
	MaxOutbound int
	// a connection without traffic for so long is closed; default 120 s. Java: serverChannelMaxIdleTimeSeconds
	IdleTimeout time.Duration
	EventLoops  int // default GOMAXPROCS
	// for pooled handlers, and as many again for blocking ones; default 4 per CPU, at least 8
	Workers int
	// requests that may wait for a worker; default 10000. Java: sendThreadPoolQueueCapacity and its likes
	QueueCapacity int
	QueueBytes    int64 // bytes of those requests; default 256 MiB
	// MaxConnections is how many connections may be open; more are closed at once. Default: three quarters of the
	// descriptors that the process may open, less when ReserveFiles are more than the rest. A client has no such
	// limit.
	MaxConnections int
	ReserveFiles   int // descriptors that others in the process need
	// bytes that may wait on all connections together, in and out and for workers; default an eighth of the memory, 48
	// to 128 MiB
	MaxWaiting   int64
	FrameTimeout time.Duration // a frame has to be whole in this time and a second more for each 64 KiB; default 15 s
	MaxHeader    int           // bytes of a frame's header; default 1 MiB
	FastPort     int           // requests coming in on this port skip entries marked NotFast; 0 = none
	// Overdue is asked about each request that waits for a worker, every 10 ms: "" lets it wait on, else it is
	// answered SYSTEM_BUSY with this cause, such as TIMEOUT_CLEAN_QUEUE. Any goroutine; it must not block. nil: all
	// wait. Java: BrokerFastFailure
	Overdue func(code int32, waited time.Duration) (cause string)
	// Barrier makes what answers say true up to the highest number that Context.Barrier was called with. It runs on the
	// event loop before the answers of the turn leave; after an error they are dropped and their connections closed.
	Barrier func(n int64) error
	// TLS has the certificates of connections that are accepted or dialled; nil: plain ones only.
	TLS *transport.TLS
	// Guard decides about each request before its handler: the zero Refusal lets it in, else it is answered so. On
	// the handler's goroutine, an event loop as a rule: it must not block. nil: all are let in. Java:
	// AuthenticationPipeline, AuthorizationPipeline
	Guard func(c *Conn, req *wire.Command) Refusal
	// Sign signs the requests that are sent on connections of this engine; nil: they are not signed.
	Sign Signer
	// Acks decides about answers that RespondAck keeps back; nil when nobody calls that.
	Acks Acks
	// Network is what connections run over; nil: the kernel's. One in memory is for simulations.
	Network Network
	Events  Events
}

// Refusal is the answer to a request that is not let in; the zero one: it is.
type Refusal struct {
	Code   int32
	Remark string
}

// Signer signs requests. Any goroutine.
type Signer interface {
	// Sign returns what has to be added to the extFields of a request with these and this body.
	Sign(fields []wire.Field, body []byte) []wire.StringField
}

// Network is transport.Network, for those who do not know that package.
type Network = transport.Network

// Events are optional callbacks; remoting itself knows no logger. They run on event loops and must not block.
type Events struct {
	Opened   func(c *Conn)
	Closed   func(c *Conn, err error) // once per connection that was opened
	BadFrame func(c *Conn, err error) // the connection is being closed
	// Overflow: the peer does not read, or does not send the rest of a frame while others need the memory; the
	// connection is being closed.
	Overflow func(c *Conn, bytes int)
	// TooMany: a connection was closed because there are open ones already. Any goroutine.
	TooMany func(peer string, open int)
	// AcceptFailed: accept failed, as it does without descriptors; it is tried again after a pause. Any goroutine.
	AcceptFailed func(err error)
	// Failed: an event loop has ended, which nobody asked for; its connections are gone, new ones may hang. Once; any
	// goroutine.
	Failed func(err error)
	// Refused: a request was answered SYSTEM_BUSY unserved; cause is OVERLOAD (the queue is full) or what
	// Options.Overdue said.
	Refused func(c *Conn, code int32, cause string)
	// Answered: a request is being answered with another code than SUCCESS. Any goroutine; it must not answer.
	Answered func(c *Conn, code int32, remark string)
	Panicked func(c *Conn, code int32, value any, stack []byte)
}

func (o *Options) defaults(cpus int) {
	set := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	set(&o.MaxFrame, wire.MaxFrame)
	set(&o.MaxOutbound, 64<<20)
	set(&o.EventLoops, cpus)
	set(&o.Workers, max(8, 4*cpus))
	set(&o.QueueCapacity, 10000)
	if o.QueueBytes <= 0 {
		o.QueueBytes = 256 << 20
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = defaultConnections(DescriptorLimit(), o.ReserveFiles)
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = defaultWaiting(MemoryLimit())
	}
	set(&o.MaxHeader, wire.MaxHeader)
	if o.FrameTimeout <= 0 {
		o.FrameTimeout = 15 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 120 * time.Second
	}
}

// DialTLS is Options.TLS of a client that encrypts with cfg; nil: it does not.
func DialTLS(cfg *tls.Config) *transport.TLS {
	return &transport.TLS{Client: func() *tls.Config { return cfg }}
}
