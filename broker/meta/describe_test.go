package meta

import (
	"strings"
	"testing"

	"gorocket/remoting/protocol"
)

// TestDescribeTopic: each permission has its letter, as in Java's remark.
func TestDescribeTopic(t *testing.T) {
	for perm, want := range map[int]string{0: "---", protocol.PermRead: "R--", protocol.PermWrite: "-W-",
		protocol.PermInherit: "--X", protocol.PermRead | protocol.PermWrite: "RW-"} {
		if got := DescribeTopic(&protocol.TopicConfig{TopicName: "T", Perm: perm}); !strings.Contains(got, "perm="+want+",") {
			t.Errorf("%d: %s", perm, got)
		}
	}
}
