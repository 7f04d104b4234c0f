//go:build !linux

package cluster

import "syscall"

// attributes of a member's process: its own group, since Ctrl-C at the prompt asks this process only, which then ends
// the members in order. When this process is killed they go on: no signal says so here.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
