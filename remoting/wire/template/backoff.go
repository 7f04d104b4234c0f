package template

// Backoff keeps templates from being tried in vain: after maxMisses in a row only one header of retryEvery is tried.
// Each connection has one for its requests, each header type one for its answers. Event loop only.
type Backoff struct{ misses uint8 }

const (
	maxMisses  = 16
	retryEvery = 64
)

// try tells whether to try the templates.
func (b *Backoff) try() bool {
	if b.misses < maxMisses {
		return true
	}
	if b.misses++; b.misses < maxMisses+retryEvery {
		return false
	}
	b.misses = maxMisses
	return true
}

// hit notes that a template was of use.
func (b *Backoff) hit() { b.misses = 0 }

// miss notes that none was.
func (b *Backoff) miss() { b.misses = min(b.misses+1, maxMisses) }
