package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

func found(kind harness.Kind, name string, values ...float64) (all []*round) {
	for _, v := range values {
		r := &round{kind: kind, values: map[string]float64{name: v}}
		for i, share := range shares {
			r.curve = append(r.curve, point{1000 * share, 100 + float64(i), 1000 * float64(i+1)})
		}
		all = append(all, r)
	}
	return all
}

func TestTable(t *testing.T) {
	name := startTime.name
	r := newReport([]harness.Kind{harness.Java, harness.Go}, map[harness.Kind][]*round{harness.Java: found(harness.Java, name, 5000, 9000, 7000), harness.Go: found(harness.Go, name, 70, 60, 80)})
	var b bytes.Buffer
	r.table(&b)
	if want := "| 7000 ms (5000–9000) | 70.0 ms (60.0–80.0) | **100.0x** | 50x |"; !strings.Contains(b.String(), want) {
		t.Errorf("no %s in\n%s", want, &b)
	}
	if n := strings.Count(b.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want the head and one figure:\n%s", n, &b)
	}
	slow := newReport(r.kinds, map[harness.Kind][]*round{harness.Java: found(harness.Java, name, 5000), harness.Go: found(harness.Go, name, 1000)})
	b.Reset()
	slow.table(&b)
	if want := " 5.0x | 50x, not reached |"; !strings.Contains(b.String(), want) {
		t.Errorf("no %s in\n%s", want, &b)
	}
}

func TestPlotIsXML(t *testing.T) {
	r := newReport([]harness.Kind{harness.Java, harness.Go}, map[harness.Kind][]*round{harness.Java: found(harness.Java, "x", 1), harness.Go: found(harness.Go, "x", 1)})
	text, err := r.plot()
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 {
		t.Errorf("%d lines, want p50 and p99 of two servers", lines)
	}
}

func TestNumber(t *testing.T) {
	v := map[string]any{"perSecond": 7.0, "latencyMicros": map[string]any{"send": map[string]any{"p50": 3.0}}}
	if n, err := number(v, "latencyMicros.send.p50"); n != 3 || err != nil {
		t.Errorf("%v %v", n, err)
	}
	for _, key := range []string{"none", "perSecond.p50", "latencyMicros.send"} {
		if _, err := number(v, key); !errors.Is(err, errNoFigure) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestParts(t *testing.T) {
	if _, err := chosen("send nothing"); err == nil {
		t.Error("an unknown part is taken")
	}
	all, err := chosen("")
	if err != nil || len(all) != len(partNames()) {
		t.Errorf("%v %v", all, err)
	}
}
