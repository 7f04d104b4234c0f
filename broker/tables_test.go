package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/remoting/protocol"
)

func TestLockBatchBody(t *testing.T) {
	var l lockBatch
	if err := compat.Unmarshal([]byte(`{"consumerGroup":"g","clientId":"c","mqSet":[{"topic":"t","brokerName":"b","queueId":2}]}`), &l); err != nil {
		t.Fatal(err)
	}
	want := []protocol.MessageQueue{{BrokerName: "b", QueueID: 2, Topic: "t"}}
	if diff := cmp.Diff(want, l.MQSet); diff != "" {
		t.Error(diff)
	}
	data, err := compat.Marshal(lockedQueues{LockOKMQSet: want})
	if err != nil || string(data) != `{"lockOKMQSet":[{"brokerName":"b","queueId":2,"topic":"t"}]}` {
		t.Errorf("%s %v", data, err)
	}
}

func TestSendProperties(t *testing.T) {
	var p sendProps
	p.parse([]byte("TAGS\x01a\x02KEYS\x01k1 " +
		"k2\x02POP_CK\x01x\x02\x01v\x02n\x01\x02WAIT\x01FALSE\x02DELAY\x013\x02CLUSTER\x01old\x02UNIQ_KEY\x01U1"))
	if want := "TAGS\x01a\x02KEYS\x01k1 k2\x02WAIT\x01FALSE\x02DELAY\x013\x02UNIQ_KEY\x01U1\x02"; string(p.text) != want {
		t.Errorf("text %q, want %q", p.text, want)
	}
	if string(p.tags) != "a" || string(p.uniqKey) != "U1" || p.wait || p.delay != 3 || p.badDelay || p.tran || p.timer {
		t.Errorf("%+v", p)
	}
	p.parkForLevel("T", 7, 2)
	for _, want := range []string{"REAL_TOPIC\x01T\x02", "REAL_QID\x017\x02", "DELAY\x012\x02"} {
		if !strings.Contains(string(p.text), want) {
			t.Errorf("%q lacks %q", p.text, want)
		}
	}
	p.parse([]byte("DELAY\x01x\x02TRAN_MSG\x01TRUE\x02TIMER_DELAY_MS\x015\x02INNER_NUM\x012\x02"))
	if !p.badDelay || !p.tran || !p.timer || !p.inner || !p.wait {
		t.Errorf("%+v", p)
	}
}

func TestConfigErrorsNameFileKeyAndValue(t *testing.T) {
	c := config.Default()
	p, err := compat.ParseProperties([]byte("listenPort=abc\nnoSuchKey=1\nflushDiskType=ASYNC_FLUSH\n"))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := c.Bind(p)
	if err == nil || !strings.Contains(err.Error(), "listenPort") || !strings.Contains(err.Error(), "abc") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff([]string{"noSuchKey"}, unknown); diff != "" {
		t.Error(diff)
	}
	for key, set := range map[string]func(*config.Config){
		"namesrvAddr=x":            func(c *config.Config) { c.NamesrvAddr = "x" },
		"brokerRole=SLAVE":         func(c *config.Config) { c.BrokerRole = "SLAVE" },
		"flushDiskType=NO":         func(c *config.Config) { c.FlushDiskType = "NO" },
		"listenPort=2":             func(c *config.Config) { c.ListenPort = 2 },
		"storeType=defaultRocksDB": func(c *config.Config) { c.StoreType = "defaultRocksDB" },
	} {
		c := config.Default()
		set(&c)
		name, value, _ := strings.Cut(key, "=")
		if err := c.Complete(); err == nil || !strings.Contains(err.Error(),
			fmt.Sprintf("config key %s: value %q", name, value)) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
