package main

import (
	"net"
	"os"
	"strconv"
	"time"

	"github.com/rs/zerolog"
)

// manager is the service manager that started the process and wants to hear how it does (systemd's Type=notify); the
// zero one wants to hear nothing. One goroutine at a time.
type manager struct {
	socket string        // NOTIFY_SOCKET
	every  time.Duration // at which it wants to hear that the process lives; 0: never
	log    zerolog.Logger
}

// What it is told.
const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
	stateAlive    = "WATCHDOG=1"
)

// serviceManager reads the environment.
func serviceManager(log zerolog.Logger) *manager {
	m := &manager{socket: os.Getenv("NOTIFY_SOCKET"), log: log}
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && micros > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.every = time.Duration(micros) * time.Microsecond / 2
	}
	return m
}

// tell sends a state.
func (m *manager) tell(state string) {
	if m.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err == nil {
		_, err = c.Write([]byte(state))
		_ = c.Close()
	}
	if err != nil {
		m.log.Warn().Err(err).Str("state", state).Msg("the service manager cannot be told")
	}
}

// reloading says that files are read again; ready has to follow.
func (m *manager) reloading() {
	if m.socket != "" {
		m.tell("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonicMicros(), 10))
	}
}

// ticks are the moments to say that the process lives; stop ends them.
func (m *manager) ticks() (c <-chan time.Time, stop func()) {
	if m.socket == "" || m.every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(m.every)
	return t.C, t.Stop
}
