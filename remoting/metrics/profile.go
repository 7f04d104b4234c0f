package metrics

import (
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
)

// profiles serves Go's profiles (go tool pprof) below /debug/pprof/, to this machine only: they tell what the process
// does, and cost it time. A request that came through a proxy, or by a name that is not this machine's, as one that a
// web page has a browser send, is not from here.
func profiles(mux *http.ServeMux) {
	for path, h := range map[string]http.HandlerFunc{"/debug/pprof/": pprof.Index, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if !fromHere(r) {
				http.Error(w, "profiles are for this machine only: ask http://127.0.0.1", http.StatusForbidden)
				return
			}
			h(w, r)
		})
	}
}

func fromHere(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Origin", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
