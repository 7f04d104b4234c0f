package remoting

// Interner turns the short strings that repeat from request to request (topics, groups, client ids) into Go strings without
// allocating each time. It is a direct-mapped cache: bounded, and a hostile peer can only make it miss.
// Not safe for concurrent use: each event loop and each worker has its own. A nil Interner copies.
type Interner struct {
	slots [internSlots]string
}

const (
	internSlots  = 1024
	internMaxLen = 300 // longest topic or group name with its prefix, in bytes
)

// String returns b as a string that outlives the frame.
func (in *Interner) String(b []byte) string {
	if in == nil || len(b) == 0 || len(b) > internMaxLen {
		return string(b)
	}
	h := uint32(2166136261)
	for _, ch := range b {
		h = (h ^ uint32(ch)) * 16777619
	}
	slot := &in.slots[h%internSlots]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
