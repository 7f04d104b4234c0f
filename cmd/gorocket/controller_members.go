package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/access"
	"gorocket/namesrv/controller"
	"gorocket/namesrv/controller/consensus"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// memberTimeout bounds a question to one controller.
const memberTimeout = 8 * time.Second

// memberCommands are those that look at, and change, who belongs to a group of controllers.
func memberCommands() []*cobra.Command {
	var addr string
	var flags access.Flags
	do := func(steps ...onLeader) error {
		a, err := flags.Access(access.Access{})
		if err != nil {
			return err
		}
		return withClient(addr, a, steps...)
	}
	list := &cobra.Command{Use: "members", Args: cobra.NoArgs,
		Short: "list the controllers of a group, and which of them leads",
		RunE:  func(c *cobra.Command, _ []string) error { return do(printMembers(c.OutOrStdout())) }}
	add := &cobra.Command{Use: "add ID-HOST:PORT", Args: cobra.ExactArgs(1),
		Short: "take a controller into the group; start it before, with controllerJoin=true",
		RunE: func(c *cobra.Command, args []string) error {
			p, err := consensus.ParsePeers(args[0])
			if err != nil {
				return err
			}
			h := &controller.ChangeMembersHeader{ID: p[0].ID, Addr: p[0].Addr}
			return do(changeMembers(h), printMembers(c.OutOrStdout()))
		}}
	remove := &cobra.Command{Use: "remove ID", Short: "take a controller out of the group", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			h := &controller.ChangeMembersHeader{ID: args[0]}
			return do(changeMembers(h), printMembers(c.OutOrStdout()))
		}}
	all := []*cobra.Command{list, add, remove}
	for _, c := range all {
		c.Flags().StringVarP(&addr, "addr", "a", "", "host:port of any controller of the group")
		_ = c.MarkFlagRequired("addr")
		flags.Add(c)
	}
	return all
}

// leaderTries is how often a leader that is none any more is looked for again, after a pause.
const (
	leaderTries = 20
	leaderPause = 200 * time.Millisecond
)

// onLeader is something to do with a group whose leader is known.
type onLeader func(ctx context.Context, client *remoting.Client, group *wire.ControllerMetadataHeader) error

// withClient finds the leader from any member before each step.
func withClient(addr string, a access.Access, steps ...onLeader) error {
	none, err := remoting.NewTable()
	if err != nil {
		return err
	}
	opts := a.Options()
	opts.EventLoops = 1
	client, err := remoting.NewClient(none, opts)
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		return err
	}
	for _, step := range steps {
		for try := 0; ; try++ {
			var refused *remoting.ResponseError
			err = oneStep(client, addr, step)
			if !errors.As(err, &refused) || refused.Code != wire.ControllerNotLeader || try == leaderTries {
				break
			}
			time.Sleep(leaderPause) // who is taken out hands over first
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, client.Stop())
}

func oneStep(client *remoting.Client, addr string, step onLeader) error {
	ctx, cancel := context.WithTimeout(context.Background(), memberTimeout)
	defer cancel()
	group, err := remoting.AskHeader(ctx, client, addr, wire.ReqControllerGetMetadataInfo, wire.ControllerMetadataResponse)
	var refused *remoting.ResponseError
	if errors.As(err, &refused) && refused.Code == wire.RequestCodeNotSupported {
		return fmt.Errorf("%s is no controller: its port is in controllerDLegerPeers: %w", addr, err)
	}
	if err != nil {
		return err
	}
	return step(ctx, client, &group)
}

func changeMembers(h *controller.ChangeMembersHeader) onLeader {
	return func(ctx context.Context, client *remoting.Client, group *wire.ControllerMetadataHeader) error {
		if group.LeaderAddress == "" {
			return errors.New("the group has no leader at the moment: a majority of its members has to run")
		}
		_, err := remoting.Call(ctx, client, group.LeaderAddress, controller.ChangeMembersCode, controller.ChangeMembers,
			h, nil)
		return err
	}
}

func printMembers(out io.Writer) onLeader {
	return func(_ context.Context, _ *remoting.Client, group *wire.ControllerMetadataHeader) error {
		fmt.Fprintf(out, "group %s\n", group.Group)
		for member := range strings.SplitSeq(strings.TrimSuffix(group.Peers, ";"), ";") {
			id, addr, _ := strings.Cut(member, ":")
			mark := ""
			if id == group.LeaderID {
				mark = "  leads"
			}
			if id != "" {
				fmt.Fprintf(out, "%s  %s%s\n", id, addr, mark)
			}
		}
		switch {
		case strings.Trim(group.Peers, ";") == "":
			fmt.Fprintln(out, "this controller belongs to no group yet (controllerJoin=true): ask one that does to add it")
		case group.LeaderID == "":
			fmt.Fprintln(out, "none leads: a majority of them has to run")
		}
		return nil
	}
}
