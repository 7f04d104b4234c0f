package namesrv

import (
	"strings"

	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// UPDATE_NAMESRV_CONFIG (318). Java: DefaultRequestProcessor.updateConfig, Configuration.update. All versions.
//
// The body is properties text. A key that is Local (compat/config) or in configBlackList: NO_PERMISSION, nothing
// changes. What is accepted is written to configStorePath before the answer. A key that nobody knows and a value that
// does not parse are SYSTEM_ERROR and nothing changes; Java ignores them and answers SUCCESS.
func (s *Server) updateNamesrvConfig(ctx *remoting.Context) {
	if len(ctx.Req.Body) == 0 {
		ctx.OK(nil)
		return
	}
	props, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		ctx.Status(wire.SystemError, "string2Properties error")
		return
	}
	if config.Closed(props, s.config().ConfigBlackList) { // Java: DefaultRequestProcessor.validateBlackListConfigExist
		s.noise.Warn("config").Str("peer", ctx.Conn().RemoteAddr()).Strs("keys", props.Keys()).Msg(remoting.LogClosedKey)
		ctx.Status(wire.NoPermission, remoting.ClosedKey)
		return
	}
	if err := s.updateConfig(props); err != nil {
		fail(ctx, err)
		return
	}
	s.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("keys", strings.Join(props.Keys(),
		",")).Msg("configuration updated")
	ctx.OK(nil)
}
