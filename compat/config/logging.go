package config

// Logs is the part of each server's configuration that says what is logged.
type Logs struct {
	LogLevel string `prop:"logLevel"`

	// SetLogLevel makes a level that of the program; "" is the one that it was started with. nil: nobody can. No key
	SetLogLevel func(level string)
}

// Apply makes the level that of the program, if the change from old has another one.
func (l *Logs) Apply(old *Logs) {
	if l.SetLogLevel != nil && (old == nil || old.LogLevel != l.LogLevel) {
		l.SetLogLevel(l.LogLevel)
	}
}

// logs are the keys of all servers for it.
var logs = Table{
	choice("logLevel", "", Now, []string{"", "debug", "info", "warn", "error"},
		"what is logged from which level on; empty: what --log-level says").ours(),
}
