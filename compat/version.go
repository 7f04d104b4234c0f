package compat

import "fmt"

// Ordinals of Java's MQVersion.Version (common/.../MQVersion.java) that change behaviour, and those of the releases
// we name. A frame's version field holds such an ordinal.
const (
	VersionV3_0_7Snapshot = 28  // may receive reset-offset and get-status pushes
	VersionV3_0_11        = 37  // REGISTER_BROKER carries a RegisterBrokerBody
	VersionV3_1_8Snapshot = 62  // GET_CONSUMER_RUNNING_INFO and CONSUME_MESSAGE_DIRECTLY may be relayed
	VersionV3_4_9         = 121 // maxReconsumeTimes of a request is honoured
	VersionV4_1_0Snapshot = 232 // clients allow SQL92 with brokers from here on
	VersionV4_5_2         = 317 // rocketmq-client-go
	VersionV4_9_3         = 399 // up to here the signature leaves out _UNIQUE_KEY_QUERY
	VersionV4_9_4         = 401 // routes are answered as standard JSON
	VersionV4_9_8         = 409
	VersionV5_0_0         = 413 // compressed REGISTER_BROKER has the mapping part
	VersionV5_3_1         = 475 // GO_AWAY is understood above this one
	VersionV5_3_3         = 479
	VersionV5_5_0         = 513
	VersionHigher         = 612 // HIGHER_VERSION, the last one
)

// CurrentVersion is what we announce: the release we follow.
const CurrentVersion = VersionV5_5_0

// oldVersions are the ordinals before the regular part (V3_0_1_SNAPSHOT = 16).
var oldVersions = [...]string{
	"V3_0_0_SNAPSHOT", "V3_0_0_ALPHA1", "V3_0_0_BETA1", "V3_0_0_BETA2", "V3_0_0_BETA3", "V3_0_0_BETA4",
	"V3_0_0_BETA5", "V3_0_0_BETA6_SNAPSHOT", "V3_0_0_BETA6", "V3_0_0_BETA7_SNAPSHOT", "V3_0_0_BETA7",
	"V3_0_0_BETA8_SNAPSHOT", "V3_0_0_BETA8", "V3_0_0_BETA9_SNAPSHOT", "V3_0_0_BETA9", "V3_0_0_FINAL",
}

// VersionName gives the Java name of an ordinal, as MQVersion.getVersionDesc does: too large ones are HIGHER_VERSION.
// Java throws on negative ones; here they are named UNKNOWN.
func VersionName(ordinal int) string {
	switch {
	case ordinal < 0:
		return fmt.Sprintf("UNKNOWN(%d)", ordinal)
	case ordinal < len(oldVersions):
		return oldVersions[ordinal]
	case ordinal >= VersionHigher:
		return "HIGHER_VERSION"
	}
	return regularName(ordinal - len(oldVersions))
}

// regularName walks the minor releases; each patch has two ordinals, the snapshot first.
func regularName(n int) string {
	for minor := 30; ; minor++ {
		first, last := patches(minor)
		size := 2 * (last - first + 1)
		if n >= size {
			n -= size
			continue
		}
		name := fmt.Sprintf("V%d_%d_%d", minor/10, minor%10, first+n/2)
		if n%2 == 0 {
			name += "_SNAPSHOT"
		}
		return name
	}
}

// patches gives the patch numbers that Java lists for a minor release (30 = 3.0).
func patches(minor int) (first, last int) {
	switch {
	case minor == 30:
		return 1, 15
	case minor >= 33 && minor <= 39:
		return 1, 9
	default:
		return 0, 9
	}
}

// VersionOrdinal is the inverse of VersionName; false for a name that Java does not know. Not for hot paths.
func VersionOrdinal(name string) (int, bool) {
	for i := 0; i <= VersionHigher; i++ {
		if VersionName(i) == name {
			return i, true
		}
	}
	return 0, false
}
