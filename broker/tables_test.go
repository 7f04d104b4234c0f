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
		"brokerId=0":               func(c *config.Config) { c.BrokerRole = "SLAVE" },
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
