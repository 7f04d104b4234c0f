package namesrv

import (
	"slices"
	"strings"

	"gorocket/compat"
)

// fixedBlackList are keys that UPDATE_NAMESRV_CONFIG refuses whatever configBlackList says (DefaultRequestProcessor.initConfigBlackList).
var fixedBlackList = [...]string{"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"}

// config is the present configuration; it is immutable, updates replace it.
func (s *Server) config() *Config { return s.cfg.Load() }

// blackListed says whether p touches a key that may not be changed over the wire.
func (s *Server) blackListed(p *compat.Properties) bool {
	list := append(strings.Split(s.config().ConfigBlackList, ";"), fixedBlackList[:]...)
	return slices.ContainsFunc(p.Keys(), func(key string) bool { return slices.Contains(list, key) })
}

// updateConfig applies known keys, persists the whole file and only then lets the new configuration act. Unknown keys are ignored unless
// the config file had them already. Java also answers success when a value does not parse or the file cannot be written; here both are errors.
func (s *Server) updateConfig(p *compat.Properties) error {
	s.cfgMu.Lock()
	defer s.cfgMu.Unlock()
	next := *s.config()
	unknown, err := compat.BindProperties(p, &next)
	if err != nil {
		return err
	}
	next.extra = mergeExtra(next.extra, p, unknown)
	if err := next.validate(); err != nil {
		return err
	}
	if err := s.files.write(next.ConfigStorePath, next.text()); err != nil {
		return err
	}
	s.cfg.Store(&next)
	s.routes.cache.clear()
	return nil
}

func mergeExtra(old, update *compat.Properties, unknown []string) *compat.Properties {
	out := &compat.Properties{}
	if old == nil {
		return out
	}
	for _, key := range old.Keys() {
		value, _ := old.Get(key)
		if slices.Contains(unknown, key) {
			value, _ = update.Get(key)
		}
		out.Set(key, value)
	}
	return out
}

// text is the whole configuration as properties, sorted by key as Java writes it.
func (c *Config) text() []byte {
	all := compat.ToProperties(c)
	if c.extra != nil {
		for _, key := range c.extra.Keys() {
			value, _ := c.extra.Get(key)
			all.Set(key, value)
		}
	}
	keys := all.Keys()
	slices.Sort(keys)
	sorted := &compat.Properties{}
	for _, key := range keys {
		value, _ := all.Get(key)
		sorted.Set(key, value)
	}
	return sorted.Format()
}
