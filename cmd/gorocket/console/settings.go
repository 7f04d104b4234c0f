package console

import (
	"slices"
	"strings"

	"gorocket/compat/config"
	"gorocket/remoting/admin"
)

// settingRow is a key of a server's configuration.
type settingRow struct {
	admin.Setting
	Default string
	Known   bool // it is in the table of keys
	Changed bool
	Doc     string
}

// settingsView is the page of configurations.
type settingsView struct {
	Brokers     []admin.Node
	NameServers []string
	Addr        string
	Name        bool // Addr is that of a NameServer
	All         bool // also what is as it comes
	Search      string
	Rows        []settingRow
	Changed     int
	Refused     string
}

func showSettings(r *request) (any, error) {
	nodes, err := r.b.nodes(r.Context())
	if err != nil {
		return nil, err
	}
	v := settingsView{Brokers: nodes, NameServers: r.b.NameServers(), Addr: r.field("addr"), All: r.field("all") == "yes",
		Search: r.field("q")}
	if v.Addr == "" && len(nodes) > 0 {
		v.Addr = nodes[0].Addr
	}
	table := config.BrokerFile
	var settings []admin.Setting
	if v.Name = slices.Contains(v.NameServers, v.Addr); v.Name {
		table = config.NameServer
		settings, err = r.b.NameServerConfig(r.Context(), v.Addr)
	} else {
		if _, err := r.b.node(r.Context(), v.Addr); err != nil {
			return nil, err
		}
		settings, err = r.b.settings(r.Context(), v.Addr)
	}
	if err != nil {
		v.Refused = err.Error()
		return v, nil
	}
	for _, s := range settings {
		row := settingRowOf(s, table)
		if row.Changed {
			v.Changed++
		}
		if (v.All || row.Changed) && strings.Contains(strings.ToLower(s.Key), strings.ToLower(v.Search)) {
			v.Rows = append(v.Rows, row)
		}
	}
	return v, nil
}

// hidden stands where a secret is.
const hidden = "***"

// settingRowOf compares a setting with its default. Values of secrets are not shown, whatever a server answers: Java's
// tells them.
func settingRowOf(s admin.Setting, table config.Table) settingRow {
	row := settingRow{Setting: s}
	at := slices.IndexFunc(table, func(k config.Key) bool { return k.Name == s.Key })
	if at >= 0 {
		k := table[at]
		row.Known, row.Default, row.Doc = true, k.Default, k.Doc
		row.Changed = s.Value != k.Default
		if k.Secret && s.Value != "" {
			row.Value = hidden
		}
		return row
	}
	lower := strings.ToLower(s.Key)
	for _, word := range []string{"password", "secret", "credential", "accesskey", "token"} {
		if strings.Contains(lower, word) && s.Value != "" {
			row.Value = hidden
		}
	}
	return row
}
