//go:build java

package filter

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Java's own filter, asked over a pipe. Needs a JDK and the jars of a Java broker: ROCKETMQ_FILTER_LIB is their class
// path. From the folder integration, `JAVAFILTER=1 go test ./javafilter` fetches the jars and runs the tests here.
const (
	envLib   = "ROCKETMQ_FILTER_LIB"
	envSeed  = "ROCKETMQ_FILTER_SEED"  // replays a run
	envPairs = "ROCKETMQ_FILTER_PAIRS" // expression/property pairs, 120,000 unless told

	envRecord = "ROCKETMQ_FILTER_RECORD"
)

// oracle is a JVM running Oracle.java. For one goroutine.
type oracle struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Scanner
}

func startOracle(t *testing.T) *oracle {
	lib := os.Getenv(envLib)
	if lib == "" {
		t.Fatal(envLib + " is not set: no Java to compare with")
	}
	dir := t.TempDir()
	quiet := []byte(`<configuration><root level="OFF"/></configuration>`)
	if err := os.WriteFile(filepath.Join(dir, "rmq.logback.xml"), quiet, 0o644); err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("../../integration/javafilter/Oracle.java")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Duser.home="+dir, "-cp",
		dir+":"+lib, source)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &oracle{t: t, in: bufio.NewWriterSize(in, 1<<16), out: bufio.NewScanner(out)}
	o.out.Buffer(nil, 64<<20)
	t.Cleanup(func() { o.stop(cmd, in) })
	return o
}

func (o *oracle) stop(cmd *exec.Cmd, in io.Closer) {
	in.Close()
	if err := cmd.Wait(); err != nil {
		o.t.Errorf("oracle: %v", err)
	}
}

// ask sends requests, each a command and texts, and returns the answers: without their "ok", or with "error " before
// the decoded text.
func (o *oracle) ask(requests [][]string) []string {
	o.t.Helper()
	go func() {
		for _, r := range requests {
			fmt.Fprintln(o.in, strings.Join(r, " "))
		}
		o.in.Flush()
	}()
	answers := make([]string, 0, len(requests))
	for range requests {
		if !o.out.Scan() {
			o.t.Fatalf("oracle: ended: %v", o.out.Err())
		}
		line := o.out.Text()
		if text, ok := strings.CutPrefix(line, "error "); ok {
			line = "error " + decode64(o.t, text)
		} else {
			line = strings.TrimPrefix(line, "ok ")
		}
		answers = append(answers, line)
	}
	return answers
}

func encode64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func decode64(t *testing.T, s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func envNumber(t *testing.T, name string, def uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, s, err)
	}
	return n
}

// ours answers as the oracle does.
func ours(expr string, properties []string) string {
	e, err := Compile(expr)
	if err != nil {
		return "error " + err.Error()
	}
	var b strings.Builder
	for _, p := range properties {
		b.WriteByte("NFTX"[e.EvalProperties([]byte(p))])
	}
	return b.String()
}

func filterRequest(expr string, properties []string) []string {
	r := []string{"filter", encode64(expr)}
	for _, p := range properties {
		r = append(r, encode64(p))
	}
	return r
}

var doubles = regexp.MustCompile(`\d+\.\d+(E-?\d+)?`)

// canonical prints a number in one way.
func canonical(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	return fmt.Sprint(f, err)
}

// TestJavaAgrees compares results, and texts of errors, for random expressions.
func TestJavaAgrees(t *testing.T) {
	o := startOracle(t)
	seed := envNumber(t, envSeed, uint64(time.Now().UnixNano())%1_000_000_007)
	pairs := int(envNumber(t, envPairs, 120_000))
	t.Logf("replay with %s=%d %s=%d", envSeed, seed, envPairs, pairs)
	const each = 6
	g := newGenerator(seed)
	compiled, refused, results, differences, digits := 0, 0, map[rune]int{}, 0, 0
	for compiled*each < pairs {
		type item struct {
			expr       string
			properties []string
		}
		var items []item
		var requests [][]string
		for range 500 {
			it := item{expr: g.expression()}
			for range each {
				it.properties = append(it.properties, g.properties())
			}
			items = append(items, it)
			requests = append(requests, filterRequest(it.expr, it.properties))
		}
		for i, want := range o.ask(requests) {
			got := ours(items[i].expr, items[i].properties)
			if got != want && doubles.ReplaceAllStringFunc(got, canonical) == doubles.ReplaceAllStringFunc(want, canonical) {
				digits++ // up to JDK 18 Double.toString gives a digit too many now and then
			} else if got != want {
				t.Errorf("%q with %q:\n got %q\nwant %q", items[i].expr, items[i].properties, got, want)
				if differences++; differences > 20 {
					t.FailNow()
				}
			}
			if strings.HasPrefix(want, "error ") {
				refused++
				continue
			}
			compiled++
			for _, r := range want {
				results[r]++
			}
		}
	}
	t.Logf("%d expressions accepted, %d refused with Java's text, %d pairs evaluated: %d true, %d false, %d null, %d "+
		"failed",
		compiled, refused, compiled*each, results['T'], results['F'], results['N'], results['X'])
	t.Logf("%d texts with other digits of the same number", digits)
	for _, r := range "TFNX" {
		if results[r] < pairs/100 {
			t.Errorf("only %d results %c: the generator is one-sided", results[r], r)
		}
	}
}

// TestJavaBloom compares the sizes, positions and bit maps of bloom filters.
func TestJavaBloom(t *testing.T) {
	o := startOracle(t)
	g := newGenerator(envNumber(t, envSeed, 7))
	var requests [][]string
	type item struct {
		rate, consumers int
		key             string
	}
	var items []item
	for rate := 1; rate < 100; rate++ {
		for _, consumers := range []int{1, 2, 7, 32, 64, 100, 128, 1000, 1 + g.IntN(4000)} {
			key := g.condition(1)[:1] + strings.Repeat("组", g.IntN(3)) + g.list()[:g.IntN(5)] + "#" +
				pick(g, "t", "TopicTest", "a-longer-topic-name_0123456789", "é", "主题")
			key = strings.ToValidUTF8(key, "")
			items = append(items, item{rate, consumers, key})
			requests = append(requests,
				[]string{"bloom", strconv.Itoa(rate), strconv.Itoa(consumers), encode64(key)},
				[]string{"bits", strconv.Itoa(rate), strconv.Itoa(consumers), encode64(key), encode64("g#t")})
		}
	}
	answers := o.ask(requests)
	for i, it := range items {
		b, err := NewBloom(it.rate, it.consumers)
		if err != nil {
			t.Errorf("%+v: %v", it, err)
			continue
		}
		d := b.Positions(it.key)
		positions := strings.ReplaceAll(strings.Trim(fmt.Sprint(d.BitPos), "[]"), " ", ",")
		if got := fmt.Sprintf("%d %d %s", b.Hashes(), b.Bits(), positions); got != answers[2*i] {
			t.Errorf("%+v: got %s, Java has %s", it, got, answers[2*i])
		}
		bits := make([]byte, b.Bits()/8)
		b.Mark(d, bits)
		b.Mark(b.Positions("g#t"), bits)
		if want := decode64(t, answers[2*i+1]); string(bits) != want {
			t.Errorf("%+v: bit map %x, Java has %x", it, bits, want)
		}
		if !b.Hit(d, bits) {
			t.Errorf("%+v: no hit on its own bits", it)
		}
	}
}

// TestJavaReadsOurFile and writes it again; then we read Java's.
func TestJavaReadsOurFile(t *testing.T) {
	o := startOracle(t)
	m := newTestManager(t, 64)
	m.Register("g", []Subscription{{"t", "a > 1 AND b = '价'", Type, 7}, {"t2", "a IS NULL", Type, 8}})
	m.Register("组", []Subscription{{"t", "TRUE", Type, 9}})
	m.Unregister("组")
	ours, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	theirs := o.ask([][]string{{"load", encode64(string(ours))}})[0]
	n := newTestManager(t, 64)
	if problems, err := n.Decode([]byte(decode64(t, theirs))); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	for _, key := range [][2]string{{"t", "g"}, {"t2", "g"}, {"t", "组"}} {
		x, y := m.Get(key[0], key[1]), n.Get(key[0], key[1])
		if x == nil || y == nil {
			t.Fatalf("%v: %v became %v", key, x, y)
		}
		if x.Expression != y.Expression || x.BornTime != y.BornTime || x.ClientVersion != y.ClientVersion ||
			!sameBits(x.Bloom, y.Bloom) || !y.Dead() {
			t.Errorf("%v: %v became %v", key, x, y)
		}
	}
}

// TestJavaRecords asks Java for the recorded files again: it compares them, or with ROCKETMQ_FILTER_RECORD=1 writes
// them.
func TestJavaRecords(t *testing.T) {
	o := startOracle(t)
	record := os.Getenv(envRecord) != ""
	var requests [][]string
	all := readRefusals(t)
	for _, r := range all {
		requests = append(requests, filterRequest(r.expr, nil))
	}
	var out bytes.Buffer
	for i, answer := range o.ask(requests) {
		remark, refused := strings.CutPrefix(answer, "error ")
		if !refused || !record && remark != all[i].remark {
			t.Errorf("%q: recorded %q, Java now says %q", all[i].expr, all[i].remark, answer)
		}
		fmt.Fprintf(&out, "%s\t%s\n", strconv.Quote(all[i].expr), strconv.Quote(remark))
	}
	if !record || t.Failed() {
		return
	}
	if err := os.WriteFile(refusedFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	text := o.ask([][]string{{"json", encode64("group"), encode64("topic"), encode64("a > 1 AND b = '价'")}})[0]
	if err := os.WriteFile(recordedTop, []byte(decode64(t, text)), 0o644); err != nil {
		t.Fatal(err)
	}
}
