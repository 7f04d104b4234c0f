package namesrv

import (
	"strings"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// UPDATE_NAMESRV_CONFIG (318). Java: DefaultRequestProcessor.updateConfig, Configuration.update. All versions.
//
// The body is properties text. Keys of configBlackList (and the four fixed ones): NO_PERMISSION, nothing changes. The
// whole configuration is written to configStorePath before the answer. Unknown keys are ignored. A value that does not
// parse is SYSTEM_ERROR and nothing changes; Java ignores it and answers SUCCESS.
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
	if s.blackListed(props) {
		ctx.Status(wire.NoPermission, "Can not update config in black list.")
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
