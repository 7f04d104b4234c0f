package docs_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gorocket/broker/exporter"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
	"gorocket/remoting/metrics"
)

// exported are the labels of every metric by its name, with what Prometheus and its client for Go have themselves.
func exported() map[string][]string {
	all := map[string][]string{"process_cpu_seconds_total": nil, "process_resident_memory_bytes": nil,
		"go_memstats_heap_inuse_bytes": nil}
	for _, m := range slices.Concat(exporter.Metrics(), namesrv.Metrics(), controller.Metrics(), metrics.Common()) {
		all[m.Name] = append(all[m.Name], m.Labels...)
	}
	return all
}

// fixedLabels are those that every server or Prometheus adds.
var fixedLabels = []string{"cluster", "node_type", "node_id", "job", "instance"}

var (
	selector = regexp.MustCompile(`\b([a-z][a-z0-9_]*)(\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!=|!~|=)`)
	grouping = regexp.MustCompile(`\b(?:by|without)\s*\(([^)]*)\)`)
)

// words of PromQL that are no metrics.
var words = strings.Fields("sum count max min rate increase topk by without unless or vector label_values on s m")

// checkExpr looks up what an expression names.
func checkExpr(t *testing.T, where, expr string, known map[string][]string) {
	t.Helper()
	var labels []string
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, strings.Split(g[1], ",")...)
	}
	rest := grouping.ReplaceAllString(expr, "")
	rest = regexp.MustCompile(`\[\w+\]|\b\d[\w.]*`).ReplaceAllString(rest, "")
	found, has := 0, slices.Clone(fixedLabels)
	for _, m := range selector.FindAllStringSubmatch(rest, -1) {
		if slices.Contains(words, m[1]) {
			continue
		}
		of, ok := known[m[1]]
		if !ok {
			t.Errorf("%s: %s is no metric of ours: %s", where, m[1], expr)
		}
		found++
		has = append(has, of...)
		for _, l := range matcher.FindAllStringSubmatch(m[3], -1) {
			labels = append(labels, l[1])
		}
	}
	for _, l := range labels {
		if l = strings.TrimSpace(l); !slices.Contains(has, l) {
			t.Errorf("%s: label %s is not of these metrics: %s", where, l, expr)
		}
	}
	if found == 0 {
		t.Errorf("%s names no metric: %s", where, expr)
	}
}

// TestAlertRules: every rule names metrics and labels that exist, says how bad it is, and what to read.
func TestAlertRules(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	d := yaml.NewDecoder(strings.NewReader(read(t, "monitoring/alerts.yml")))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	known, names := exported(), map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			checkExpr(t, r.Alert, r.Expr, known)
			if names[r.Alert] || r.Annotations["summary"] == "" || r.Annotations["description"] == "" ||
				r.Labels["severity"] != "critical" && r.Labels["severity"] != "warning" {
				t.Errorf("%+v", r)
			}
			names[r.Alert] = true
		}
	}
	if len(names) < 15 {
		t.Errorf("only %d rules", len(names))
	}
	for name := range names {
		if !strings.Contains(read(t, "metrics.md"), name) {
			t.Errorf("metrics.md does not name the alert %s", name)
		}
	}
}

// TestDashboard: every panel of the Grafana dashboard asks for metrics and labels that exist.
func TestDashboard(t *testing.T) {
	var d struct {
		UID        string
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, W, Y, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "monitoring/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	known, vars, ids := exported(), map[string]bool{}, map[int]bool{}
	for _, v := range d.Templating.List {
		if vars[v.Name] = true; v.Type == "query" {
			checkExpr(t, v.Name, strings.Replace(v.Definition, ", "+lastWord(v.Definition), "", 1), known)
		}
	}
	for _, p := range d.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%+v", p)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			checkExpr(t, p.Title, q.Expr, known)
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(q.Expr, -1) {
				if !vars[v[1]] {
					t.Errorf("%s: no variable %s: have %v", p.Title, v[1], slices.Sorted(maps.Keys(vars)))
				}
			}
		}
	}
	if d.UID == "" || len(ids) < 25 {
		t.Errorf("%d panels", len(ids))
	}
}

func lastWord(definition string) string {
	at := strings.LastIndex(definition, ", ")
	return strings.TrimSuffix(definition[at+2:], ")")
}
