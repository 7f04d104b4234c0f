package console

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"gorocket/remoting/admin"
)

// brokerRow is a broker of the cluster page.
type brokerRow struct {
	admin.BrokerStatus
	P99, P999 float64 // ms; of the last minute's puts
}

// clusterView is the cluster page.
type clusterView struct {
	NameServers []string
	Clusters    []clusterRows
}

// clusterRows are the brokers of a cluster.
type clusterRows struct {
	Name    string
	Brokers []brokerRow
	In, Out float64 // messages per second
}

// statuses asks all brokers how they are, and notes the answers for the plots.
func (b *backend) statuses(ctx context.Context) ([]brokerRow, error) {
	return rememberFor(ctx, b, "statuses", briefly, func(ctx context.Context) ([]brokerRow, error) {
		nodes, err := b.nodes(ctx)
		if err != nil {
			return nil, err
		}
		all, _ := b.StatusesOf(ctx, nodes) // the rows have their errors
		rows := make([]brokerRow, len(all))
		for i, s := range all {
			rows[i] = brokerRow{BrokerStatus: s}
			rows[i].P99, _ = strconv.ParseFloat(s.Info["putLatency99"], 64) // 0 when a broker does not tell
			rows[i].P999, _ = strconv.ParseFloat(s.Info["putLatency999"], 64)
		}
		b.history.add(time.Now(), rows)
		return rows, nil
	})
}

func showCluster(r *request) (any, error) {
	rows, err := r.b.statuses(r.Context())
	if err != nil {
		return nil, err
	}
	v := clusterView{NameServers: r.b.NameServers()}
	for _, row := range rows {
		at := slices.IndexFunc(v.Clusters, func(c clusterRows) bool { return c.Name == row.Cluster })
		if at < 0 {
			at, v.Clusters = len(v.Clusters), append(v.Clusters, clusterRows{Name: row.Cluster})
		}
		c := &v.Clusters[at]
		c.Brokers, c.In, c.Out = append(c.Brokers, row), c.In+row.InTPS, c.Out+row.OutTPS
	}
	return v, nil
}

// infoRow is a line of what a broker says of itself.
type infoRow struct{ Key, Value string }

// brokerView is the page of one broker.
type brokerView struct {
	admin.Node
	Rows []infoRow
}

func showBroker(r *request) (any, error) {
	n, err := r.b.node(r.Context(), r.field("addr"))
	if err != nil {
		return nil, err
	}
	info, err := r.b.RuntimeInfo(r.Context(), n.Addr)
	if err != nil {
		return nil, err
	}
	v := &brokerView{Node: n}
	for _, k := range slices.Sorted(maps.Keys(info)) {
		v.Rows = append(v.Rows, infoRow{k, info[k]})
	}
	return v, nil
}

// Limits of the plots.
const (
	maxSamples = 300
	maxLines   = 16 // brokers
)

// history is what was seen of the brokers lately, for the plots.
type history struct {
	mu      sync.Mutex
	samples []sample // guarded by mu; in the order of time
}

// sample is one look.
type sample struct {
	at      int64 // s
	brokers map[string][4]float64
}

// Places in a sample.
const (
	plotIn = iota
	plotOut
	plotP99
	plotP999
)

func (h *history) add(now time.Time, rows []brokerRow) {
	s := sample{now.Unix(), map[string][4]float64{}}
	for _, r := range rows {
		if r.Error == "" && len(s.brokers) < maxLines {
			s.brokers[r.Broker+":"+strconv.FormatInt(r.ID, 10)] = [4]float64{r.InTPS, r.OutTPS, r.P99, r.P999}
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.samples); n > 0 && h.samples[n-1].at >= s.at {
		return
	}
	if len(h.samples) >= maxSamples {
		h.samples = slices.Delete(h.samples, 0, 1)
	}
	h.samples = append(h.samples, s)
}

// plot is what a plot draws: uPlot's form, a list of times and one of values for each line; null where a broker did not
// answer.
type plot struct {
	Names  []string     `json:"names"`
	Values [][]*float64 `json:"values"`
}

// plots is the answer of /data/cluster.
type plotData struct {
	Times []int64         `json:"times"` // s
	Plots map[string]plot `json:"plots"`
}

// plots draws the samples.
func (h *history) plots(lang string) plotData {
	h.mu.Lock()
	samples := slices.Clone(h.samples)
	h.mu.Unlock()
	d := plotData{Times: []int64{}, Plots: map[string]plot{}}
	seen := map[string]bool{}
	for _, s := range samples {
		d.Times = append(d.Times, s.at)
		for b := range s.brokers {
			seen[b] = true
		}
	}
	brokers := slices.Sorted(maps.Keys(seen))
	brokers = brokers[:min(len(brokers), maxLines)]
	line := func(broker string, place int) (values []*float64) {
		for _, s := range samples {
			var v *float64
			if x, ok := s.brokers[broker]; ok {
				v = &x[place]
			}
			values = append(values, v)
		}
		return values
	}
	draw := func(name string, places map[int]string) {
		p := plot{Names: []string{}, Values: [][]*float64{}}
		for _, b := range brokers {
			for _, place := range slices.Sorted(maps.Keys(places)) {
				p.Names, p.Values = append(p.Names, b+" "+places[place]), append(p.Values, line(b, place))
			}
		}
		d.Plots[name] = p
	}
	draw("throughput", map[int]string{plotIn: say(lang, "plot.in"), plotOut: say(lang, "plot.out")})
	draw("latency", map[int]string{plotP99: "p99", plotP999: "p99.9"})
	return d
}

// plots answers the script that draws.
func (s *Server) plots(r *request) {
	if r.b == nil {
		http.Error(r.w, "log in", http.StatusUnauthorized)
		return
	}
	if _, err := r.b.statuses(r.Context()); err != nil {
		http.Error(r.w, "the cluster cannot be asked", http.StatusBadGateway)
		return
	}
	data, err := json.Marshal(r.b.history.plots(r.lang))
	if err != nil {
		http.Error(r.w, "no plots", http.StatusInternalServerError)
		return
	}
	r.w.Header().Set("Content-Type", "application/json")
	_, _ = r.w.Write(data) // a browser that has gone away
}
