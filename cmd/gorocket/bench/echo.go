package bench

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gorocket/remoting"
)

// echoCommand is `bench echo`.
func echoCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "echo",
		Short: "a server that answers every request at once: the floor of all measurements",
		Long: "Answer every request with code 0 at once, and every send with the header of a stored message, from the same event loop as the broker's. What a load\n" +
			"costs here is what the protocol and the kernel cost; nothing is stored. It knows no topics: use it with -b and with send, routes or overload.\n\n" +
			"  gorocket bench echo --listen 127.0.0.1:20911 &\n  gorocket bench send -b 127.0.0.1:20911 --pid $!",
		Args: noArgs,
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:20911", "address to listen on")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer cancel()
		s, err := startEcho(listen)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "ready echo=%s\n", listen)
		<-ctx.Done()
		stop, done := context.WithTimeout(context.Background(), 3*time.Second)
		defer done()
		return s.Stop(stop)
	}
	return c
}

// echoCodes is the range of request codes that have an entry of their own in the table; others go the slower way of unknown codes.
const echoCodes = 1024

func startEcho(listen string) (*remoting.Server, error) {
	var entries []remoting.Entry
	for code := range int32(echoCodes) {
		h := echoOK
		switch code {
		case remoting.ReqSendMessage, remoting.ReqSendMessageV2, remoting.ReqSendBatchMessage:
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
	h := remoting.SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueOffset: 1_000_000, Region: "DefaultRegion", TraceOn: "true"}
	remoting.Respond(&ctx.Replier, remoting.Success, "", remoting.SendMessageResponse, &h, remoting.Body{})
}
