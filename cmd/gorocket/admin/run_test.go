package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker"
	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/namesrv"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// rig is a NameServer and a broker in this process.
type rig struct {
	t             *testing.T
	names, broker string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	nc := namesrv.DefaultConfig()
	nc.ListenPort, nc.BindAddress, nc.MetricsExporterType = testutil.FreePort(t), "127.0.0.1", "DISABLE"
	nc.KVConfigPath, nc.ConfigStorePath = filepath.Join(dir, "kv.json"), filepath.Join(dir, "namesrv.properties")
	n, err := namesrv.New(nc, zerolog.Nop())
	if err == nil {
		err = n.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	cfg, _, err := config.Load("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.StorePathRootDir, cfg.BrokerIP1, cfg.BindAddress = filepath.Join(dir, "store"), "127.0.0.1", "127.0.0.1"
	cfg.ListenPort, cfg.BrokerName = testutil.FreePort(t, -2, 1), "broker-a"
	cfg.NamesrvAddr = fmt.Sprintf("127.0.0.1:%d", nc.ListenPort)
	cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = 1<<20, 100, 400
	cfg.MetricsExporterType, cfg.DiskSpaceWarningLevelRatio = "DISABLE", 100
	b, err := broker.New(cfg, zerolog.Nop())
	if err == nil {
		err = b.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(context.Background()) })
	return &rig{t: t, names: cfg.NamesrvAddr, broker: fmt.Sprintf("127.0.0.1:%d", cfg.ListenPort)}
}

// run runs a command line and returns its status and what it printed.
func (r *rig) run(line string) (code int, out, errs string) {
	r.t.Helper()
	var o, e bytes.Buffer
	line = strings.ReplaceAll(line, "BROKER", r.broker)
	code = Run(r.t.Context(), strings.Fields(line), &o, &e, func(key string) string {
		return map[string]string{"NAMESRV_ADDR": r.names}[key]
	})
	return code, o.String(), e.String()
}

// want runs a command line that has to end with a status and to print texts.
func (r *rig) want(line string, code int, texts ...string) string {
	r.t.Helper()
	got, out, errs := r.run(line)
	if got != code {
		r.t.Errorf("%s: status %d, want %d\n%s%s", line, got, code, out, errs)
	}
	for _, text := range texts {
		if !strings.Contains(out+errs, text) {
			r.t.Errorf("%s: no %q in\n%s%s", line, text, out, errs)
		}
	}
	return out
}

// TestCommands goes through what operators do with topics, messages, groups and brokers.
func TestCommands(t *testing.T) {
	r := newRig(t)
	r.want("clusterList", 0, "#Cluster Name", "DefaultCluster          broker-a                0     "+r.broker)
	r.want("clusterList -m", 0, "#InTotalToday")
	r.want("updateTopic -c DefaultCluster -t T -r 2 -w 2 -a +message.type=FIFO", 0, "create topic to "+r.broker+" success.",
		"TopicConfig [topicName=T, readQueueNums=2, writeQueueNums=2, perm=RW-, topicFilterType=SINGLE_TAG, topicSysFlag=0, "+
			"order=false, attributes={+message.type=FIFO}]")
	r.want("updateTopic -b BROKER -t Ordered -o true", 0, "set broker orderConf. isOrder=true, orderConf=[broker-a:8]")
	r.want("updateOrderConf -t Ordered -m get", 0, "get orderConf success. topic=[Ordered], orderConf=[broker-a:8] ")
	r.want("topicRoute -t T", 0, "\t\t\t\"readQueueNums\":2,")
	r.want("topicRoute -t T -l", 0, "Total:                                        1 ")
	r.want("topicList", 0, "T\n")
	r.want("topicList -c", 0, "#Cluster Name")
	r.want("topicClusterList -t T", 0, "DefaultCluster\n")
	r.want("sendMessage -t T -p hello -k key -c tag -b broker-a -i 1", 0, "broker-a                          1     SEND_OK ")
	r.want("topicStatus -t T", 0, "broker-a                          1     0                     1 ", "Topic Put TPS: 0.0")
	r.want("queryMsgByKey -t T -k key", 0, "#Message ID", "@T@K@key@")
	r.want("printMsg -t T", 0, "minOffset=0, maxOffset=1, MessageQueue [topic=T, brokerName=broker-a, queueId=1]", "BODY: hello")
	r.want("printMsgByQueue -t T -a broker-a -i 1 -f true", 0, "Tag: tag                            Count: 1")
	r.want("consumeMessage -t T -b broker-a -i 1", 0, "Consume ok", "print msg finished. status=NO_NEW_MSG, offset=1")
	r.want("queryMsgByOffset -t T -b broker-a -i 1 -o 0", 0, "OffsetID:", "WARN: No Consumer")
	r.want("checkMsgSendRT -t T -a 3 -s 10", 0, "Avg RT: ")
	r.want("updateSubGroup -c DefaultCluster -g g -r 3", 0, "create subscription group to", "retryMaxTimes=3, "+
		"groupRetryPolicy=GroupRetryPolicy{type=CUSTOMIZED, exponentialRetryPolicy=null, customizedRetryPolicy=null}")
	r.want("resetOffsetByTime -g g -t T -s 0", 0, "#brokerName")
	r.want("getConsumerConfig -g g", 0, "retryMaxTimes                           =  3")
	r.want("skipAccumulatedMessage -g g -t T", 0, "#offset")
	r.want("statsAll", 0, "#InMsg24Hour")
	r.want("brokerStatus -b BROKER", 0, "brokerVersionDesc               : V5_5_0")
	r.want("getBrokerConfig -b BROKER", 0, "============"+r.broker+"============", "brokerName                                        =  broker-a")
	r.want("updateBrokerConfig -b BROKER -k fileReservedTime -v 24", 0, "update broker config success, "+r.broker)
	r.want("getNamesrvConfig", 0, "============"+r.names)
	r.want("wipeWritePerm -b broker-a", 0, "OK, ")
	r.want("addWritePerm -b broker-a", 0, "OK, ")
	r.want("haStatus -b BROKER", 0, "#MasterCommitLogMaxOffset")
	r.want("cleanExpiredCQ", 0, "success")
	r.want("queryCq -t T -q 1 -i 0 -c 1", 0, "max: ", "physicOffset=0")
	r.want("updateKvConfig -s N -k a -v b", 0, "create or update kv config to namespace success.")
	r.want("deleteKvConfig -s N -k a --dry-run", 0, "would delete a of namespace N (b)")
	r.want("deleteKvConfig -s N -k a", 0, "delete kv config from namespace success.")
	r.want("deleteTopic -c DefaultCluster -t T --dry-run", 0, "would delete topic [T]")
	r.want("topicStatus -t T", 0)
	r.want("deleteTopic -c DefaultCluster -t T", 0, "delete topic [T] from NameServer success.")
	r.want("deleteSubGroup -c DefaultCluster -g g -r true", 0, "delete subscription group [g] from broker")
	r.want("topicRoute -t T", 1, "code 17")
}

// TestStatus: what a command ends with, and how it says what is wrong.
func TestStatus(t *testing.T) {
	r := newRig(t)
	r.want("", 0, "The most commonly used mqadmin commands are:", "clusterList")
	r.want("help topicRoute", 0, "usage: mqadmin topicRoute")
	r.want("topicRoute -h", 0, "usage: mqadmin topicRoute")
	r.want("nonsense", 2, "The sub command nonsense not exist.")
	r.want("nonsense --java-exit", 0)
	r.want("topicRoute", 2, "Missing required option: t", "usage: mqadmin topicRoute")
	r.want("topicRoute --java-exit", 1)
	r.want("topicRoute -t none", 1, "mqadmin topicRoute: ", "code 17")
	r.want("topicRoute -t none --java-exit", 0)
	r.want("updateTopic -b BROKER -t T -r many", 2, `option -r: "many" is no number`)
	r.want("topicRoute -t T --dry-run", 2, "deletes nothing")
	r.want("deleteTopic -c nowhere -t T", 1, "Make sure the specified clusterName exists")
	r.want("brokerStatus -b 127.0.0.1:1 --timeout 2s", 1, "127.0.0.1:1")
	r.want("topicList -n 127.0.0.1:1;"+r.names, 0) // the second one answers
	_, _, errs := r.run("topicRoute -t none --json")
	var f failure
	if err := json.Unmarshal([]byte(errs), &f); err != nil || f.Command != "topicRoute" || f.Code == nil || *f.Code != 17 {
		t.Errorf("%v %+v %s", err, f, errs)
	}
}

// TestJSON: each command that shows something prints one JSON document.
func TestJSON(t *testing.T) {
	r := newRig(t)
	r.want("updateTopic -b BROKER -t T -r 1 -w 1", 0)
	r.want("sendMessage -t T -p hello -k key", 0)
	for _, line := range []string{"clusterList", "topicList", "topicList -c", "topicRoute -t T", "topicStatus -t T", "brokerStatus -b BROKER",
		"getBrokerConfig -b BROKER", "queryMsgByKey -t T -k key", "queryMsgByOffset -t T -b broker-a -i 0 -o 0", "printMsg -t T", "statsAll",
		"consumerProgress", "haStatus -b BROKER", "getNamesrvConfig", "brokerConsumeStats -b BROKER", "topicClusterList -t T",
		"updateSubGroup -b BROKER -g g", "getConsumerConfig -g g", "producer -b BROKER"} {
		out := r.want(line+" --json", 0)
		var v any
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// TestExports: files are written where -f says, and hold what there is.
func TestExports(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	r.want("updateTopic -b BROKER -t T", 0)
	for line, text := range map[string]string{"exportMetadata -c DefaultCluster -f DIR": `"T":{`,
		"exportConfigs -c DefaultCluster -f DIR": `"masterBrokerSize":1`, "exportMetrics -c DefaultCluster -f DIR": `"rocketmqVersion":"V5_5_0"`} {
		out := r.want(strings.ReplaceAll(line, "DIR", dir), 0, "success")
		file := strings.Fields(out)[1]
		data, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(data), text) {
			t.Errorf("%s: %v\n%s", line, err, data)
		}
	}
}
