package namesrv

import (
	"gorocket/compat"
	"gorocket/compat/config"
)

// config is the present configuration; it is immutable, updates replace it.
func (s *Server) config() *Config { return s.cfg.Load() }

// Config is the configuration in use.
func (s *Server) Config() Config { return *s.config() }

// updateConfig applies all of p or nothing, and writes the changed lines to the file before the new configuration acts.
// Keys that neither we nor Java know, values that do not parse and a file that cannot be written are errors; Java
// answers success. Keys of Java without a meaning here are kept.
func (s *Server) updateConfig(p *compat.Properties) error {
	s.cfgMu.Lock()
	defer s.cfgMu.Unlock()
	later, err := s.apply(p, func(path string) error { return s.files.edit(path, p) })
	if len(later) > 0 {
		s.log.Warn().Strs("keys", later).Msg("changed configuration keys act at the next start")
	}
	return err
}

// Reload applies what has changed in the file of -c since it was last, by the rules of a change that a peer sends; the
// file is not written. now is a file that the start takes. Any goroutine.
func (s *Server) Reload(now, last *compat.Properties) (*config.Reread, error) {
	s.cfgMu.Lock()
	defer s.cfgMu.Unlock()
	c := s.config()
	return config.Reload(now, last, c, c.ConfigBlackList, func(p *compat.Properties) ([]string, error) {
		return s.apply(p, func(string) error { return nil })
	})
}

// apply makes all of p or nothing the configuration, once it is written. later are the keys that act at the next start.
// Under cfgMu.
func (s *Server) apply(p *compat.Properties, write func(path string) error) (later []string, err error) {
	old := s.config()
	next := *old
	extra, err := config.BindChange(p, old, &next, old.extra, "NameServer")
	if err != nil {
		return nil, err
	}
	next.extra = extra
	if err := next.validate(); err != nil {
		return nil, err
	}
	if err := write(next.ConfigStorePath); err != nil {
		return nil, err
	}
	s.cfg.Store(&next)
	next.Logs.Apply(&old.Logs)
	s.routes.cache.clear()
	return config.Changed(old, &next, config.Restart), nil
}

// text is the whole configuration as properties, sorted by key as Java writes it.
func (c *Config) text() []byte { return config.Text(c, c.extra) }
