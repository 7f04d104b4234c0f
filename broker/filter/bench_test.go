package filter

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// typical is what a message of a Java client carries, with three properties of the application.
var typical = props("a", "15", "region", "hangzhou", "vip", "true", "KEYS", "order-000123", "UNIQ_KEY",
	"7F0000010B2C18B4AAC2089D3C1A0000", "CLUSTER", "DefaultCluster",
	"TAGS", "TagA", "WAIT", "true", "MSG_REGION", "DefaultRegion", "TRACE_ON", "true")

var benchExpressions = []struct{ name, expr string }{
	{"int", "a > 10"},
	{"double", "a >= 10.5"},
	{"string", "region = 'hangzhou'"},
	{"missing", "nothing IS NOT NULL"},
	{"in", "region IN ('beijing', 'shanghai', 'hangzhou')"},
	{"in20", "region IN ('" + strings.Repeat("x','", 20) + "hangzhou')"},
	{"typical", "(TAGS IS NOT NULL AND TAGS IN ('TagA', 'TagB')) AND (a BETWEEN 0 AND 30) AND region <> 'beijing'"},
}

func BenchmarkMatchProperties(b *testing.B) {
	for _, c := range benchExpressions {
		e, err := Compile(c.expr)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.MatchProperties(typical)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, c := range benchExpressions {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(c.expr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCacheHit(b *testing.B) {
	c := NewCache(JavaCacheSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compile(benchExpressions[6].expr); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBitMap(b *testing.B) {
	for _, groups := range []int{1, 32} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			m, err := NewManager(Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			for i := range groups {
				m.register1(fmt.Sprint("g", i), "t", fmt.Sprint("a > ", i), 1)
			}
			var bits []byte
			b.ReportAllocs()
			for b.Loop() {
				bits = m.BitMap("t", typical, bits)
			}
		})
	}
}

func BenchmarkMatchBitMap(b *testing.B) {
	m := newTestManager(b, 32)
	m.register1("g", "t", "a > 1", 1)
	f := m.NewFilter("t", m.Get("t", "g"), false)
	bits := m.BitMap("t", typical, nil)
	later := m.now() + 1
	b.ReportAllocs()
	for b.Loop() {
		f.MatchBitMap(later, bits)
	}
}

// TestHotPathDoesNotAllocate keeps the promise of MatchProperties, Match and MatchBitMap.
func TestHotPathDoesNotAllocate(t *testing.T) {
	m := newTestManager(t, 32)
	for _, c := range benchExpressions {
		e, err := Compile(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		m.register1("g", "t", c.expr, int64(len(c.expr)))
		f := m.NewFilter("t", m.Get("t", "g"), true)
		bits := m.BitMap("t", typical, nil)
		lookup := func(name string) (string, bool) { return "5", name == "a" }
		n := testing.AllocsPerRun(100, func() {
			e.MatchProperties(typical)
			e.Match(lookup)
			f.MatchProperties(typical)
			f.MatchBitMap(1<<60, bits)
			m.BitMap("t", typical, bits)
		})
		if n > 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
