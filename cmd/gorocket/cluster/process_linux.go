package cluster

import "syscall"

// attributes of a member's process: its own group, since Ctrl-C at the prompt asks this process only, which then ends
// the members in order; and it ends with this process, however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
