//go:build !linux || portable

package transport

// lowPriority does nothing: threads have no priority of their own here that a process may lower.
func lowPriority() {}
