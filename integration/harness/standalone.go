package harness

import (
	"fmt"
	"strings"
	"time"
)

// StartStandalone runs `gorocket standalone --dev` with further arguments, its log and its store below dir, and returns
// it with the addresses of its ready line.
func StartStandalone(dir string, args ...string) (p *Process, namesrv, broker string, err error) {
	p, err = StartProcess("standalone", dir, []string{"TMPDIR=" + dir},
		append([]string{Binary("gorocket"), "standalone", "--dev"}, args...)...)
	if err != nil {
		return nil, "", "", err
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) &&
		!p.Ended(); time.Sleep(time.Millisecond) {
		for line := range strings.Lines(p.Tail(40)) {
			if _, err := fmt.Sscanf(strings.TrimSpace(line), "ready namesrv=%s broker=%s", &namesrv, &broker); err == nil {
				return p, namesrv, broker, nil
			}
		}
	}
	p.Kill()
	return nil, "", "", fmt.Errorf("harness: no ready line\n%s", p.Tail(40))
}
