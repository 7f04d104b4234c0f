package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gorocket/integration/harness"
)

// Markers around what is written into the READMEs.
const (
	markBegin = "<!-- bench-java:begin -->\n"
	markEnd   = "<!-- bench-java:end -->"
)

// readmeRows are the figures of the READMEs' tables, by name, with their names in Chinese.
var readmeRows = []struct{ name, zh string }{
	{startTime.name, "两个服务从启动到第一条消息发送成功"},
	{idleMemory.name, "两个服务空闲时的内存（RssAnon）"},
	{loadMemory.name, "发送 1 KiB 消息、8 x 64 条在途时 Broker 的内存（RssAnon）"},
	{rate1K.name, "每秒发送的 1 KiB 消息，8 x 64 条在途"},
	{cpu(send1K, 0).name, "每发送一条 1 KiB 消息 Broker 的 CPU，8 x 64 条在途"},
	{cpuBatch.name, "32 x 128 B 的批量发送，每条消息 Broker 的 CPU"},
	{syncRate.name, "SYNC_FLUSH 每秒发送的 1 KiB 消息，64 条在途"},
	{cpuPull.name, "每拉取一条 1 KiB 消息 Broker 的 CPU"},
	{latency(e2eFast, "receipt", "p99", 0).name, "每秒 10,000 条时的端到端延迟，p99"},
	{longP999.name, "每秒 20,000 条 1 KiB 消息，同时滚动和删除文件，p99.9"},
	{topicRestart.name, "10,000 个 Topic x 8 个队列：重启到第一条消息发送成功"},
}

// language is what differs between the READMEs.
type language struct {
	file string
	name func(row struct{ name, zh string }) string
	head string // of the table
	note string // below it; %d rounds, %d cores, the date
}

var languages = []language{
	{"README.md", func(row struct{ name, zh string }) string { return row.name },
		"| | Java %s | gorocket | ratio |\n|---|---|---|---|\n",
		"\nMedians of %d rounds on %d cores, %s; the rows with 10,000 topics and with rolling files were measured once. " +
			"The\n" +
			"servers on one core, the load tool on another. Java runs with the options of its own start scripts and a heap " +
			"of\n" +
			"2 GiB, which it takes at the start (`AlwaysPreTouch`); that is most of its memory here. All figures, method, " +
			"spread,\n" +
			"plot, and what is not reached: [docs/performance.md](docs/performance.md).\n"},
	{"README.zh-CN.md", func(row struct{ name, zh string }) string { return row.zh },
		"| | Java %s | gorocket | 比值 |\n|---|---|---|---|\n",
		"\n%[3]s 在 %[2]d 核机器上测得，%[1]d 轮的中位数，其中一万个主题与文件滚动两项只测了一次；服务占一个核，压测程序占另一个核。Java 使用它自己启动脚本的参数，堆为 2 " +
			"GiB，启动时就占满（`AlwaysPreTouch`），这就是它内存的主要部分。\n" +
			"方法、波动、图表以及尚未达到的指标见 [docs/performance.md](docs/performance.md)。\n"},
}

// readmes writes the tables into the READMEs of a folder. They stay as they are when nothing was measured of both
// kinds.
func (r *report) readmes(folder string) error {
	if len(r.kinds) < 2 {
		return nil
	}
	for _, l := range languages {
		if err := r.readme(filepath.Join(folder, l.file), &l); err != nil {
			return err
		}
	}
	return nil
}

func (r *report) readme(name string, l *language) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err = between(text, r.short(l))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, text, 0o644)
}

// between replaces what stands between the markers.
func between(text, inside []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(text, []byte(markBegin))
	_, tail, ok2 := bytes.Cut(rest, []byte(markEnd))
	if !ok || !ok2 {
		return nil, fmt.Errorf("no lines %s and %s", strings.TrimSpace(markBegin), markEnd)
	}
	return bytes.Join([][]byte{head, []byte(markBegin), inside, []byte(markEnd), tail}, nil), nil
}

// short is the table for a README: the figures that both kinds have.
func (r *report) short(l *language) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, l.head, harness.JavaVersion)
	unit := map[string]*figure{}
	for _, f := range figures() {
		unit[f.name] = &f
	}
	for _, row := range readmeRows {
		f, java, ours := unit[row.name], r.spread(harness.Java, row.name), r.spread(harness.Go, row.name)
		if f == nil || java.rounds == 0 || ours.rounds == 0 {
			continue
		}
		ratio, _ := r.verdict(f)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", l.name(row), java.middle(f.unit), ours.middle(f.unit),
			strings.ReplaceAll(ratio, "*", ""))
	}
	all, parts := r.origins()
	var main origin // that of most parts
	for _, o := range all {
		if len(parts[o]) > len(parts[main]) {
			main = o
		}
	}
	fmt.Fprintf(&b, l.note, main.Rounds, main.Cores, main.Date)
	return b.Bytes()
}
