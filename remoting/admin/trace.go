package admin

import (
	"net/netip"
	"strconv"
	"strings"
)

// TraceStep is a step of a message's way.
type TraceStep struct {
	Type       string `json:"type"` // Pub, SubAfter
	Group      string `json:"group"`
	ClientHost string `json:"clientHost"`
	Time       int64  `json:"time"` // ms
	Cost       int    `json:"costTime"`
	Status     string `json:"status"`
}

// Separators in trace messages. Java: TraceConstants.
const (
	traceField   = "\x02"
	traceContent = "\x01"
)

// DecodeTrace reads what a trace message says about the message id. Lines that are not whole are left out, as are steps
// that the tool does not show. Java: TraceDataEncoder, TraceView.
func DecodeTrace(id string, m *Message) (rows []TraceStep) {
	host := m.BornHost
	if at, err := netip.ParseAddrPort(host); err == nil {
		host = at.Addr().String()
	}
	for _, context := range strings.Split(string(m.Body), traceField) {
		f := strings.Split(context, traceContent)
		r := TraceStep{Type: f[0], ClientHost: host, Status: "failed"}
		good, cost := "", ""
		switch {
		case f[0] == "Pub" && len(f) >= 13 && f[5] == id:
			r.Time, _ = strconv.ParseInt(f[1], 10, 64)
			r.Group, cost, good = f[3], f[10], f[12]
			if len(f) >= 14 {
				good = f[13]
			}
		case f[0] == "SubAfter" && len(f) >= 6 && f[2] == id:
			cost, good = f[3], f[4]
			if len(f) >= 9 {
				r.Time, _ = strconv.ParseInt(f[7], 10, 64)
				r.Group = f[8]
			}
		default:
			continue
		}
		r.Cost, _ = strconv.Atoi(cost)
		if strings.EqualFold(good, "true") {
			r.Status = "success"
		}
		rows = append(rows, r)
	}
	return rows
}
