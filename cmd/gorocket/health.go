package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// healthPorts are where servers of this machine serve /health by default: broker, NameServer, and what
// docs/operating.md gives a controller.
var healthPorts = []string{"127.0.0.1:5557", "127.0.0.1:5577", "127.0.0.1:5567"}

// healthCommand asks servers for their health: for containers, which have no curl.
func healthCommand() *cobra.Command {
	var patience time.Duration
	c := &cobra.Command{Use: "health [HOST:PORT...]", Short: "ask servers how they are, on their metrics ports",
		Long: "Ask servers how they are, on their metrics ports (default: " + strings.Join(healthPorts, ", ") +
			", of which one has to answer).\n\nExit status: 0 when all that were asked are well, 1 when one is not, or does " +
			"not answer."}
	c.Flags().DurationVar(&patience, "timeout", 3*time.Second, "for all of them")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return askHealth(ctx, c.OutOrStdout(), args, healthPorts)
	}
	return c
}

// askHealth asks named, or those of usual that are there.
func askHealth(ctx context.Context, out io.Writer, named, usual []string) error {
	addrs, optional := named, len(named) == 0
	if optional {
		addrs = usual
	}
	answered := 0
	var errs []error
	for _, addr := range addrs {
		text, err := healthOf(ctx, addr)
		switch {
		case optional && errors.Is(err, syscall.ECONNREFUSED):
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", addr, err))
		default:
			fmt.Fprintf(out, "%s: %s", addr, text)
		}
		answered++
	}
	if answered == 0 {
		return fmt.Errorf("no server answers at %s: is it started, and are its metrics on?", strings.Join(addrs, ", "))
	}
	return errors.Join(errs...)
}

func healthOf(ctx context.Context, addr string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	return string(text), err
}
