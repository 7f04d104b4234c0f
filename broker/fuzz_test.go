package broker

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/broker/delay"
	"gorocket/broker/meta"
	"gorocket/broker/static"
)

// fuzzTable checks one file below config/: reading it never panics, and what was read is written and read again without
// a change. A load replaces nothing when it fails.
func fuzzTable(f *testing.F, seeds []string, open func() (load func([]byte) error, encode func() ([]byte, error))) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		load, encode := open()
		if load(data) != nil {
			return
		}
		first, err := encode()
		if err != nil {
			t.Fatalf("cannot write what was read: %v", err)
		}
		again, encodeAgain := open()
		if err := again(first); err != nil {
			t.Fatalf("cannot read what was written: %v\n%s", err, first)
		}
		second, err := encodeAgain()
		if err != nil || !bytes.Equal(stable(first), stable(second)) {
			t.Fatalf("%v\n%s\nbecame\n%s", err, first, second)
		}
	})
}

// stable takes the data version out: each write counts it up.
func stable(text []byte) []byte {
	i := bytes.Index(text, []byte(`"dataVersion"`))
	if i < 0 {
		return text
	}
	end := bytes.IndexByte(text[i:], '}')
	return append(append([]byte(nil), text[:i]...), text[i+end:]...)
}

func FuzzTopicsFile(f *testing.F) {
	fuzzTable(f, []string{`{"topicConfigTable":{"T":{"topicName":"T","readQueueNums":4,"writeQueueNums":4,"perm":6,"topicFilterType":"SINGLE_TAG","attributes":{"queue.type":"BatchCQ"}}},"dataVersion":{"counter":3,"timestamp":5}}`,
		`{"topicConfigTable":{"T":null}}`, `{}`}, func() (func([]byte) error, func() ([]byte, error)) {
		t := meta.NewTopics()
		return t.Load, t.Encode
	})
}

func FuzzTopicQueueMappingFile(f *testing.F) {
	fuzzTable(f, []string{`{"topicQueueMappingInfoMap":{"T":{"topic":"T","bname":"a","epoch":3,"totalQueues":1,"hostedQueues":{"0":[{"bname":"a","gen":0,"queueId":1,"endOffset":-1}]}}},"dataVersion":{"counter":3,"timestamp":5}}`,
		`{"topicQueueMappingInfoMap":{"T":null,"U":{"hostedQueues":{0:null,1:[]}}}}`, `{}`},
		func() (func([]byte) error, func() ([]byte, error)) {
			t := static.NewService(static.Deps{})
			return t.Load, t.Encode
		})
}

func FuzzGroupsFile(f *testing.F) {
	fuzzTable(f, []string{`{"subscriptionGroupTable":{"g":{"groupName":"g","retryMaxTimes":16,"attributes":{}}},"forbiddenTable":{"g":{"T":4}},"dataVersion":{"counter":3,"timestamp":5}}`,
		`{"subscriptionGroupTable":{"g":null}}`}, func() (func([]byte) error, func() ([]byte, error)) {
		t := meta.NewGroups(func() bool { return true })
		return t.Load, t.Encode
	})
}

func FuzzConsumerOffsetFile(f *testing.F) {
	fuzzTable(f, []string{`{"dataVersion":{"counter":1,"timestamp":2},"offsetTable":{"T@g":{0:5,1:6}}}`,
		`{"offsetTable":{"T":{0:1},"T@g@h":{"0":1}}}`}, func() (func([]byte) error, func() ([]byte, error)) {
		t := meta.NewOffsets()
		return t.Load, t.Encode
	})
}

func FuzzLightOffsetFile(f *testing.F) {
	fuzzTable(f, []string{`{"lmqOffsetTable":{"%LMQ%a@%LMQ%g":5},"offsetTable":{"T@g":{0:5}},"dataVersion":{"counter":1}}`}, func() (func([]byte) error, func() ([]byte, error)) {
		t := meta.NewOffsets()
		t.Light = true
		return t.LoadLight, t.EncodeLight
	})
}

func FuzzDelayOffsetFile(f *testing.F) {
	fuzzTable(f, []string{`{"dataVersion":{"counter":1,"timestamp":2},"offsetTable":{1:5,18:6}}`,
		`{"offsetTable":{"99":1,"-1":2}}`}, func() (func([]byte) error, func() ([]byte, error)) {
		s, err := delay.NewLevels(delay.Deps{}, config.Default().MessageDelayLevel)
		if err != nil {
			f.Fatal(err)
		}
		return s.Load, s.Encode
	})
}

func FuzzRequestModeFile(f *testing.F) {
	fuzzTable(f, []string{`{"messageRequestModeMap":{"T":{"g":{"consumerGroup":"g","mode":"POP","popShareQueueNum":3,"topic":"T"}}}}`, `{"messageRequestModeMap":null}`}, func() (func([]byte) error, func() ([]byte, error)) {
		r := meta.NewModes()
		return r.Load, r.Encode
	})
}

func FuzzFilterFile(f *testing.F) {
	fuzzTable(f, []string{`{"filterDataByTopic":{"T":{"filterDataMap":{"g":{"consumerGroup":"g","topic":"T","expression":"a > 1","expressionType":"SQL92","bornTime":1,"deadTime":0,"clientVersion":2}},"topic":"T"}}}`}, func() (func([]byte) error, func() ([]byte, error)) {
		c := config.Default()
		c.StorePathRootDir, c.BrokerIP1 = "/nowhere", "127.0.0.1"
		b, err := New(c, zerolog.Nop())
		if err != nil {
			f.Fatal(err)
		}
		return b.filters.load, b.filters.Encode
	})
}
