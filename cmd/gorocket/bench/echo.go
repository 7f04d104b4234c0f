package bench

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// echoCommand is `bench echo`.
func echoCommand() *cobra.Command {
	var (
		listen string
		size   int
		pulls  int64
	)
	c := &cobra.Command{
		Use:   "echo",
		Short: "a server that answers every request at once: the floor of all measurements",
		Long: "Answer every request with code 0 at once, and every send with the header of a stored message, from the same " +
			"event loop as the broker's. What a load\n" +
			"costs here is what the protocol and the kernel cost; nothing is stored. It knows no topics: use it with -b and " +
			"with send, routes or overload.\n\n" +
			"  gorocket bench echo --listen 127.0.0.1:20911 &\n  gorocket bench send -b 127.0.0.1:20911 --pid $!\n\n" +
			"With --sendfile it answers pulls instead, out of a temporary file in the page cache and by nothing but sendfile: " +
			"the floor of all pulls.\n\n" +
			"  gorocket bench echo --sendfile 16000 --size 16384 &\n  gorocket bench pull -b 127.0.0.1:20911 --pid $!",
		Args: noArgs,
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:20911", "address to listen on")
	c.Flags().Int64Var(&pulls, "sendfile", 0, "answer pulls out of a file with so many messages")
	c.Flags().IntVar(&size, "size", 1024, "bytes of a message's body, with --sendfile")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkSendfile(size, pulls); err != nil {
			return err
		}
		ctx, cancel := signal.NotifyContext(contextOf(c), syscall.SIGINT, syscall.SIGTERM)
		defer cancel()
		ready := func() { fmt.Fprintf(c.OutOrStdout(), "ready echo=%s\n", listen) }
		if pulls > 0 {
			return serveSendfile(ctx, listen, size, pulls, ready)
		}
		return serveEcho(ctx, listen, ready)
	}
	return c
}

// contextOf is the context that the command was executed with, if any.
func contextOf(c *cobra.Command) context.Context {
	if ctx := c.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

func checkSendfile(size int, pulls int64) error {
	if pulls < 0 || size < 0 || size > maxRequest || pulls > maxMessageFile/int64(size+recHosts) {
		return usage("--sendfile %d messages of --size %d bytes: the file may have %d bytes", pulls, size,
			int64(maxMessageFile))
	}
	return nil
}

func serveEcho(ctx context.Context, listen string, ready func()) error {
	s, err := startEcho(listen)
	if err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	stop, done := context.WithTimeout(context.Background(), stopLimit)
	defer done()
	return s.Stop(stop)
}

// stopLimit is how long an echo server may take to stop.
const stopLimit = 3 * time.Second

// echoCodes is the range of request codes that have an entry of their own in the table; others go the slower way of
// unknown codes.
const echoCodes = 1024

func startEcho(listen string) (*remoting.Server, error) {
	var entries []remoting.Entry
	for code := range int32(echoCodes) {
		h := echoOK
		switch code {
		case wire.ReqSendMessage, wire.ReqSendMessageV2, wire.ReqSendBatchMessage:
			h = echoSend
		}
		entries = append(entries, remoting.Entry{Code: code, Handle: h})
	}
	table, err := remoting.NewTable(entries...)
	if err != nil {
		return nil, err
	}
	table.Fallback = echoOK
	s, err := remoting.NewServer(table, remoting.Options{}, listen)
	if err != nil {
		return nil, err
	}
	return s, s.Start()
}

func echoOK(ctx *remoting.Context) { ctx.OK(nil) }

// echoSend answers as a broker does, so that the answers have a broker's size.
func echoSend(ctx *remoting.Context) {
	h := wire.SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueOffset: 1_000_000,
		Region: "DefaultRegion", TraceOn: "true"}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.SendMessageResponse, &h, remoting.Body{})
}
