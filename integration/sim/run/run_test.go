package main

import (
	"os/exec"
	"testing"

	"gorocket/integration/sim/overlay"
)

// TestShort: some seeds without a violation.
func TestShort(t *testing.T) {
	try(t, "", 30, 0)
	if out, err := exec.Command(*binary, "-test.run", "LocksWait").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPlanted: each planted fault is found within 500 seeds.
func TestPlanted(t *testing.T) {
	for _, plant := range overlay.Plants() {
		t.Run(plant, func(t *testing.T) {
			if failed := try(t, plant, 500, 1); len(failed) == 0 {
				t.Error("not found within 500 seeds")
			} else {
				t.Logf("seed %d: %s", failed[0].Seed, failed[0].Broken[0])
			}
		})
	}
}

func try(t *testing.T, plant string, n, end int) (failed []outcome) {
	t.Helper()
	path, err := build(t.TempDir(), plant)
	if err != nil {
		t.Fatal(err)
	}
	*binary, *seeds, *most = path, n, end
	failed = runAll()
	if plant == "" {
		for _, o := range failed {
			t.Errorf("%s%v", o.Scene, o.Broken)
		}
	}
	return failed
}
