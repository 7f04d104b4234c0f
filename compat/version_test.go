package compat

import "testing"

// Ordinals taken from MQVersion.java of 5.3.3.
func TestVersions(t *testing.T) {
	for ordinal, name := range map[int]string{
		0: "V3_0_0_SNAPSHOT", 15: "V3_0_0_FINAL", 16: "V3_0_1_SNAPSHOT", VersionV3_0_7Snapshot: "V3_0_7_SNAPSHOT",
		VersionV3_0_11: "V3_0_11",
		46:             "V3_1_0_SNAPSHOT", VersionV3_1_8Snapshot: "V3_1_8_SNAPSHOT", VersionV3_4_9: "V3_4_9",
		VersionV4_1_0Snapshot: "V4_1_0_SNAPSHOT",
		VersionV4_5_2:         "V4_5_2", VersionV4_9_3: "V4_9_3", VersionV4_9_4: "V4_9_4", VersionV4_9_8: "V4_9_8",
		VersionV5_0_0: "V5_0_0", VersionV5_3_1: "V5_3_1",
		VersionV5_3_3: "V5_3_3", VersionV5_5_0: "V5_5_0", 611: "V5_9_9", VersionHigher: "HIGHER_VERSION",
		9999: "HIGHER_VERSION",
	} {
		if got := VersionName(ordinal); got != name {
			t.Errorf("VersionName(%d) = %s, want %s", ordinal, got, name)
		}
		if ordinal > VersionHigher {
			continue
		}
		if got, ok := VersionOrdinal(name); !ok || got != ordinal {
			t.Errorf("VersionOrdinal(%s) = %d, %v, want %d", name, got, ok, ordinal)
		}
	}
	if got := VersionName(-1); got != "UNKNOWN(-1)" {
		t.Errorf("VersionName(-1) = %s", got)
	}
	if _, ok := VersionOrdinal("V9"); ok {
		t.Error("V9 is known")
	}
}
