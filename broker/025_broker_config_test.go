package broker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/remoting/wire"
)

func TestUpdateBrokerConfig(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerConfigPath = filepath.Join(t.TempDir(), "broker.conf")
	const original = "# ours\nbrokerName = broker-a\n\n! the old value\nmaxMessageSize = 4194304\nfileReservedTime=48"
	if err := os.WriteFile(cfg.BrokerConfigPath, []byte(original), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRig(t, cfg)
	var none wire.HeartbeatRequestHeader
	update := func(text string) string {
		return ask(r, wire.ReqUpdateBrokerConfig, wire.HeartbeatRequest, &none, text, nil)
	}
	for text, want := range map[string]string{
		"brokerConfigPath=x": "16 Can not update config in black list.", `a=\u12`: "1 string2Properties error",
		"longPollingEnable=false\nmaxMessageSize=x": `1 config key maxMessageSize: value "x"`,
		"brokerName=b": "16 Can not update", "mappedFileSizeCommitLog=8192": "1 config key mappedFileSizeCommitLog",
		"listenPort=1234": "16 Can not update", "longPollingEnable=false\naclEnable=true": "16 Can not update",
		"storePathRootDir=/x":      "16 Can not update",
		"tls.server.mode=disabled": "16 Can not update", "tls.config.file=/x": "16 Can not update",
		"longPollingEnable=false\nmaxMesageSize=9": "1 config key maxMesageSize: value \"9\": " +
			"unknown key: do you mean maxMessageSize?",
		"longPollingEnable=false\nmapedFileSizeCommitLog=9": "1 config key mapedFileSizeCommitLog: value " +
			"\"9\": unknown key: do you mean mappedFileSizeCommitLog?",
		"longPollingEnable=false\nflushIntervalCommitLog=9223372036854775807": "1 config key flushIntervalCommitLog",
	} {
		if got := update(text); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if !r.b.Config().LongPollingEnable {
		t.Error("a refused update acts")
	}
	if got := update("longPollingEnable=false\nsendThreadPoolQueueCapacity=7\nmaxMessageSize=10"); got != "" ||
		r.b.Config().LongPollingEnable {
		t.Errorf("update: %q, longPollingEnable %v", got, r.b.Config().LongPollingEnable)
	}
	resp, err := call(r, wire.ReqGetBrokerConfig, wire.HeartbeatRequest, &none, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(resp.Body)
	if !strings.Contains(text, "longPollingEnable=false\n") || !strings.Contains(text, "sendThreadPoolQueueCapacity=7\n") {
		t.Errorf("configuration:\n%s", text)
	}
	if v := resp.GetString("version"); !strings.Contains(v, `"counter":1`) {
		t.Errorf("version %s", v)
	}
	if got := update("fileReservedTime=49"); got != "" {
		t.Error(got)
	}
	for name, want := range map[string]string{
		"": "# ours\nbrokerName = broker-a\n\n! the old " +
			"value\nmaxMessageSize=10\nfileReservedTime=49\nlongPollingEnable=false\nsendThreadPoolQueueCapacity=7\n",
		".orig": original,
		".bak": "# ours\nbrokerName = broker-a\n\n! the old " +
			"value\nmaxMessageSize=10\nfileReservedTime=48\nlongPollingEnable=false\nsendThreadPoolQueueCapacity=7\n",
	} {
		if file, err := os.ReadFile(cfg.BrokerConfigPath + name); err != nil || string(file) != want {
			t.Errorf("file%s: %q, %v, want %q", name, file, err, want)
		}
	}
	if again, _, err := config.Load(cfg.BrokerConfigPath); err != nil || again.LongPollingEnable ||
		again.BrokerName != "broker-a" {
		t.Errorf("file read again: %v %v", again.LongPollingEnable, err)
	}
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4}
	if got := ask(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, "more than ten bytes",
		nil); !strings.HasPrefix(got, "13 ") {
		t.Errorf("the new maxMessageSize does not act: %q", got)
	}
}

// TestBrokerConfigOverRawFrames: an empty update is none, and the answer's version counts changes.
func TestBrokerConfigOverRawFrames(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	version := func() string { return r.ask(wire.ReqGetBrokerConfig, "", "").is(t, 0, "").ext["version"] }
	before := version()
	r.ask(wire.ReqUpdateBrokerConfig, "", "").is(t, 0, "")
	if version() != before {
		t.Error("an empty update counts")
	}
	r.ask(wire.ReqUpdateBrokerConfig, "", "brokerPermission=4").is(t, 0, "")
	if version() == before {
		t.Error("a change does not count")
	}
	r.ask(wire.ReqGetBrokerConfig, "", "").has(t, "\nbrokerPermission=4\n")
}
