package namesrv

import (
	"gorocket/compat"
	"gorocket/compat/config"
)

// config is the present configuration; it is immutable, updates replace it.
func (s *Server) config() *Config { return s.cfg.Load() }

// updateConfig applies all of p or nothing, and writes the changed lines to the file before the new configuration acts.
// Keys that neither we nor Java know, values that do not parse and a file that cannot be written are errors; Java
// answers success. Keys of Java without a meaning here are kept.
func (s *Server) updateConfig(p *compat.Properties) error {
	s.cfgMu.Lock()
	defer s.cfgMu.Unlock()
	old := s.config()
	next := *old
	extra, err := config.BindChange(p, old, &next, old.extra, "NameServer")
	if err != nil {
		return err
	}
	next.extra = extra
	if err := next.validate(); err != nil {
		return err
	}
	if err := s.files.edit(next.ConfigStorePath, p); err != nil {
		return err
	}
	s.cfg.Store(&next)
	s.routes.cache.clear()
	if later := config.Changed(old, &next, config.Restart); len(later) > 0 {
		s.log.Warn().Strs("keys", later).Msg("changed configuration keys act at the next start")
	}
	return nil
}

// text is the whole configuration as properties, sorted by key as Java writes it.
func (c *Config) text() []byte { return config.Text(c, c.extra) }
