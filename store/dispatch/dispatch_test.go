package dispatch

import (
	"strings"
	"testing"

	"gorocket/store/record"
)

// FuzzLightEntries: properties from a log never lead outside the folder of the queues.
func FuzzLightEntries(f *testing.F) {
	f.Add([]byte("INNER_MULTI_DISPATCH\x01%LMQ%a,b,%LMQ%/../c\x02INNER_MULTI_QUEUE_OFFSET\x011,,3\x02"))
	f.Fuzz(func(t *testing.T, props []byte) {
		m := record.View{Topic: []byte("T"), Properties: props}
		rules, f := Rules{Light: true}, FactsOf(&m)
		rules.Own(&f, new(Entry))
		_ = rules.Lights(&f, func(name string, offset int64) error {
			if offset < 0 || strings.Contains(name, "/") || !strings.HasPrefix(name, LightPrefix) {
				t.Fatalf("%q %d", name, offset)
			}
			return nil
		})
	})
}

func BenchmarkNotedProperties(b *testing.B) {
	text := []byte("UNIQ_KEY\x01AC1E0A640000000000000000DEADBEEF\x02WAIT\x01true\x02TAGS\x01TagA\x02" +
		"MSG_REGION\x01DefaultRegion\x02TRACE_ON\x01true\x02CLUSTER\x01DefaultCluster\x02")
	b.ReportAllocs()
	for b.Loop() {
		var n Noted
		if n.Read(text); n.Unique == nil {
			b.Fatal("no UNIQ_KEY")
		}
	}
}
