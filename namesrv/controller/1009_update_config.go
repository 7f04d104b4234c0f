package controller

import (
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// UPDATE_CONTROLLER_CONFIG (1009), of this controller only. Java: ControllerRequestProcessor
// .handleUpdateControllerConfig; there unknown keys and values that do not parse are answered SUCCESS.
func (s *Server) updateConfig(ctx *remoting.Context) {
	if len(ctx.Req.Body) == 0 {
		ctx.OK(nil)
		return
	}
	if !small(ctx, maxConfigBody) {
		return
	}
	props, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		ctx.Status(wire.SystemError, "string2Properties error")
		return
	}
	if config.Closed(props, s.config().ConfigBlackList) { // Java: ControllerRequestProcessor.validateBlackListConfigExist
		s.noise.Warn("config").Str("peer", ctx.Conn().RemoteAddr()).Strs("keys", props.Keys()).Msg(remoting.LogClosedKey)
		ctx.Status(wire.NoPermission, remoting.ClosedKey)
		return
	}
	if err := s.change(props); err != nil {
		fail(ctx, err)
		return
	}
	s.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Strs("keys", props.Keys()).Msg("configuration updated")
	ctx.OK(nil)
}

// change applies all of p or nothing, and writes the changed lines to the file before the new configuration acts.
func (s *Server) change(p *compat.Properties) error {
	s.cfgMu.Lock()
	defer s.cfgMu.Unlock()
	_, err := s.apply(p, func(path string) error {
		return vfs.EditFile(s.fs, path, func(text []byte) []byte { return compat.EditProperties(text, p) })
	})
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
	extra, err := config.BindChange(p, old, &next, old.extra, "controller")
	if err != nil {
		return nil, err
	}
	next.extra = extra
	if _, _, err := next.validate(); err != nil {
		return nil, err
	}
	if err := write(next.ConfigStorePath); err != nil {
		return nil, err
	}
	s.cfg.Store(&next)
	next.Logs.Apply(&old.Logs)
	return config.Changed(old, &next, config.Restart), nil
}

// GET_CONTROLLER_CONFIG (1010). Java: ControllerRequestProcessor.handleGetControllerConfig.
func (s *Server) getConfig(ctx *remoting.Context) {
	c := s.config()
	ctx.OK(config.Text(c, c.extra))
}
