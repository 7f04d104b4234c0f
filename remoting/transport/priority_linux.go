//go:build !portable

package transport

import "syscall"

// lowered is the nice value of threads that compute what anybody may ask for: next to a thread that has always
// something to do, such a one gets a tenth of a processor.
const lowered = 10

// lowPriority lets the kernel prefer other threads to the one that calls, which has to be locked. Where it does not
// work nothing is worse than before.
func lowPriority() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowered) }
