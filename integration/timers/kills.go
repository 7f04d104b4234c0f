package main

import (
	"fmt"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
)

func killLoop(b *harness.Server, n int) error {
	report, err := kills.Run(b, n, &kills.Timers{}, &kills.Transactions{})
	for _, line := range report {
		fmt.Printf("%d kills: %s\n", n, line)
	}
	return err
}
