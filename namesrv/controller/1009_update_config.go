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
	old := s.config()
	next := *old
	extra, err := config.BindChange(p, old, &next, old.extra, "controller")
	if err != nil {
		return err
	}
	next.extra = extra
	if _, _, err := next.validate(); err != nil {
		return err
	}
	edit := func(text []byte) []byte { return compat.EditProperties(text, p) }
	if err := vfs.EditFile(s.fs, next.ConfigStorePath, edit); err != nil {
		return err
	}
	s.cfg.Store(&next)
	return nil
}

// GET_CONTROLLER_CONFIG (1010). Java: ControllerRequestProcessor.handleGetControllerConfig.
func (s *Server) getConfig(ctx *remoting.Context) {
	c := s.config()
	ctx.OK(config.Text(c, c.extra))
}
