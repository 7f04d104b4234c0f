package config

// network are the keys of both servers for what their peers may use.
var network = Table{
	number("maxConnections", 0, 0, 10000000, Count, Restart,
		"connections on all ports; more are closed at once; 0 = what the limit of open files allows").ours(),
	number("maxWaitingBytes", 0, 0, 1099511627776, Bytes, Restart,
		"what may wait on all connections together: unfinished frames, unread answers, requests for workers; "+
			"0 = an eighth of the memory, 48 to 128 MiB; less than 33554432 counts as that").ours(),
	number("frameTimeoutMillis", 15000, 100, 3600000, Millis, Restart,
		"in which a frame has to come in; a second more for each 64 KiB").ours(),
	number("maxHeaderBytes", 1048576, 65536, 16777215, Bytes, Restart,
		"header of a frame; it may have 1024 fields").ours(),
}
