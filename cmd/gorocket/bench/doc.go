// Package bench is `gorocket bench`: a load tool for any RocketMQ NameServer and broker, Java's or ours. It speaks the
// protocol that every broker speaks and uses nothing that only ours understands.
//
// A run has workers, each one a goroutine with its own epoll set and connections (worker.go, poller.go). What goes over
// a connection is a job: requests encoded beforehand and sent from a ring (ring.go, send.go), pulls (pull.go), held
// pulls (e2e.go). The coordinator (run.go) lets them warm up, opens and closes the measured window, prints a line a
// second and collects what the workers' recorders counted (recorder.go).
//
// gnet is not used on this side: a load tool must be cheaper than the server it loads, and its clock more precise than
// what it measures. A closed loop costs well under a microsecond a message; an open loop sends within some microseconds
// of the intended moment and counts latency from that moment.
package bench
