package config

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorocket/compat"
)

// telling are names of keys that say where something is, or who may do something.
var telling = regexp.MustCompile(`(?i)path|dir$|home|addr|host$|port$|ip[12]$|^tls|^auth[a-z]*(enabled|provider|strat|w)|` +
	`acl[a-z]*enable|aclfile|authentic|authoriz|credential|secret|password|blacklist|plugin|peers|selfid|filterserver|proxy`)

// open are those of them that are something else.
var openKeys = []string{"bottomMostCompressionTypeForConsumeQueueStore", "metricsExportBatchMaxDataPoints",
	"updateNameServerAddrPeriod", "fetchNamesrvAddrInterval", "scanAvailableNameSrv", "useSeparateStorePathForRocksdbCQ",
	"clientRequestThreadPoolNums"}

// TestLocalKeys: a key that is in several tables has one mark, and who says where something is, or who may do something,
// has it.
func TestLocalKeys(t *testing.T) {
	marks := map[string]Key{}
	for _, table := range []Table{Broker, Store, NameServer, Controller, Auth, Signing, TLS} {
		for _, k := range table {
			if was, has := marks[k.Name]; has && (was.Local != k.Local || was.Secret != k.Secret) {
				t.Errorf("%s is local or secret in one table and not in another", k.Name)
			}
			marks[k.Name] = k
			if k.Secret && !k.Local {
				t.Errorf("%s is secret, and a peer can change it", k.Name)
			}
		}
	}
	for name, k := range javaKeys() {
		if _, has := marks[name]; !has {
			marks[name] = k
		}
	}
	for name := range marks {
		if telling.MatchString(name) && !IsLocal(name) && !slices.Contains(openKeys, name) {
			t.Errorf("%s: a peer can change it; mark it .local(), or say here what else it is", name)
		}
	}
	if n := len(LocalKeys()); n < 80 {
		t.Errorf("%d keys are local", n)
	}
}

// TestClosed: one key is enough, however it is written; a list of one's own adds to what is marked.
func TestClosed(t *testing.T) {
	for text, want := range map[string]bool{"": false, "longPollingEnable=true": false, "brokerConfigPath=x": true,
		"longPollingEnable=true\nrocketmqHome=x": true, "rocketmq\\u0048ome : x": true, "\\ rocketmqHome = x": true,
		"filter\\\n  ServerNums=1": true, "mine=1": true, "other = 2": true, "fileReservedTime=1": false} {
		p, err := compat.ParseProperties([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := Closed(p, "mine; other ;"); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestShown: secrets of ours, of Java, and what looks like one are not told; their keys are.
func TestShown(t *testing.T) {
	p := &compat.Properties{}
	for _, key := range []string{"initAuthenticationUser", "innerClientAuthenticationCredentials",
		"metricsGrpcExporterHeader", "my.ownPassword", "someTOKEN", "brokerName"} {
		p.Set(key, "hush")
	}
	p.Set("other.secret", "")
	text := string(Shown(p).Format())
	if strings.Count(text, "=***") != 5 || !strings.Contains(text, "brokerName=hush") ||
		!strings.Contains(text, "other.secret=\n") {
		t.Error(text)
	}
}
