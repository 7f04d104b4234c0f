package sim

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

const topics = `{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1},"topicConfigTable":{"T":{"attributes":{},"order":false,"perm":6,"readQueueNums":2,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":2}}}`

func TestSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim(1, 1, 1, os.Stderr)
		for _, c := range s.controllers {
			if err := c.start(); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range s.brokers {
			if err := b.mem.MkdirAll("/store/config"); err != nil {
				t.Fatal(err)
			}
			if err := vfs.WriteFileAtomic(b.mem, "/store/config/topics.json", []byte(topics)); err != nil {
				t.Fatal(err)
			}
			if err := b.start(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		cl, err := s.client("10.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4}
		resp, err := remoting.Call(ctx, cl, s.brokers[0].addr(), wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		t.Log(resp.Code, resp.Remark)
		_ = cl.Stop()
		for _, n := range append(s.brokers, s.controllers...) {
			n.stop()
		}
	})
}
