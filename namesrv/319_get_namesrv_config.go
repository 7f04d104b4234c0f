package namesrv

import "gorocket/remoting"

// GET_NAMESRV_CONFIG (319). Java: DefaultRequestProcessor.getConfig. All versions. Properties text, sorted by key.
func (s *Server) getNamesrvConfig(ctx *remoting.Context) { ctx.OK(s.config().text()) }
