package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/integration/load/client"
)

// What attacks the store: entries that recovery does not believe, zeros that look like a torn end, names that are
// paths, records inside records.
var storeAttacks = []*attack{
	{name: "prepared", about: "batches and messages whose sysFlag and inner properties lie about their entries, then " +
		"kill -9", kill: true, run: liars},
	{name: "zeros", about: "properties and bodies with runs of zero bytes, then kill -9", kill: true, run: zeros},
	{name: "forged", about: "half messages forged inside bodies, ended by their offsets", kill: true, run: forged},
	{name: "paths", about: "topic names that are paths, too long, or hold NUL, on every way in", kill: true, run: paths,
		check: nothingOutside},
	{name: "config", about: "configuration values that make the next start panic, fail or spin", kill: true, run: config},
}

// inner are the properties by which the store itself says which entries a record has.
var inner = []string{
	client.Props("INNER_BASE", "999999", "INNER_NUM", "7"), client.Props("INNER_NUM", "-1"),
	client.Props("INNER_MULTI_DISPATCH", "%LMQ%a,%LMQ%b"),
	client.Props("INNER_MULTI_DISPATCH", "%LMQ%a", "INNER_MULTI_QUEUE_OFFSET", "5000"),
	client.Props("INNER_MULTI_QUEUE_OFFSET", "1,2,3"), "",
}

func liars(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range 3000 {
		flag := []int{0, 4, 8, 12, 0x40, 0x80, 0x84, 0xff}[n%8]
		props := inner[n%len(inner)]
		if n%3 > 0 {
			if err := rude(c, n, flag, props); err != nil {
				return err
			}
			continue
		}
		items := []client.Message{{Body: []byte("one"), Props: props}, {Body: []byte("two")},
			{Body: []byte("three"), Props: inner[(n+1)%len(inner)]}}
		if _, err := c.SendBatch(&client.Message{Topic: victimTopic, Queue: n % victimQueues, SysFlag: flag, Props: props},
			items); err != nil {
			return err
		}
	}
	return nil
}

func zeros(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range 2000 {
		run := strings.Repeat("\x00", []int{4, 8, 9, 16, 63, 4096}[n%6])
		if err := rude(c, n, 0, client.Props("KEYS", "k", "z", run)); err != nil {
			return err
		}
		if _, err := c.Send(&client.Message{Topic: victimTopic, Queue: n % victimQueues, Body: []byte(run)}); err != nil {
			return err
		}
	}
	return nil
}

// record is a stored half message as the log holds it, at offset. Java: MessageExtEncoder.
func record(offset, queueOffset int64, realTopic string) []byte {
	const topic = "RMQ_SYS_TRANS_HALF_TOPIC"
	body := []byte("forged")
	props := client.Props("REAL_TOPIC", realTopic, "REAL_QID", "0", "TRAN_MSG", "true", "PGROUP", "victim", "UNIQ_KEY",
		"0123456789ABCDEF")
	be := binary.BigEndian
	b := make([]byte, 4, 256)
	for _, v := range []uint32{0xDAA320A7, crc32.ChecksumIEEE(body) & 0x7fffffff, 0, 0} {
		b = be.AppendUint32(b, v)
	}
	b = be.AppendUint64(be.AppendUint64(b, uint64(queueOffset)), uint64(offset))
	b = be.AppendUint32(b, 0)                   // sysFlag
	b = append(b, make([]byte, 8+8+8+8+4+8)...) // born, host, stored, host, times, prepared offset
	b = append(be.AppendUint32(b, uint32(len(body))), body...)
	b = append(append(b, byte(len(topic))), topic...)
	b = append(be.AppendUint16(b, uint16(len(props))), props...)
	be.PutUint32(b, uint32(len(b)))
	return b
}

func forged(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for n, real := range []string{"victim", "../../../forged", "RMQ_SYS_TRANS_OP_HALF_TOPIC", strings.Repeat("y", 300)} {
		first, err := c.Send(&client.Message{Topic: victimTopic, Queue: 0, Body: []byte("where am I")})
		if err != nil || len(first.IDs) == 0 {
			return fmt.Errorf("first send: %+v, %w", first, err)
		}
		at, err := offsetOf(first.IDs[0])
		if err != nil {
			return err
		}
		body := record(at+1024, 1<<40+int64(n), real)
		sent, err := c.Send(&client.Message{Topic: victimTopic, Queue: 0, Body: body})
		if err != nil || len(sent.IDs) == 0 {
			return fmt.Errorf("send: %+v, %w", sent, err)
		}
		if at, err = offsetOf(sent.IDs[0]); err != nil {
			return err
		}
		for shift := int64(-8); shift < 256; shift++ { // somewhere there the forged record begins
			for _, queueOffset := range []int64{0, 1<<40 + int64(n)} {
				ext := map[string]any{"producerGroup": "victim", "tranStateTableOffset": fmt.Sprint(queueOffset),
					"commitLogOffset": fmt.Sprint(at + shift), "commitOrRollback": "8",
					"fromTransactionCheck": "false", "msgId": "0123456789ABCDEF", "transactionId": "0123456789ABCDEF"}
				if _, err := c.Call(37, ext, nil); err != nil {
					return err
				}
			}
			for _, code := range []int{33, 36} {
				if _, err := c.Call(code, map[string]any{"offset": fmt.Sprint(at + shift), "group": "victim", "delayLevel": "0"},
					nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// offsetOf takes the commit log offset out of a message id: the last 16 hexadecimal digits.
func offsetOf(id string) (at int64, err error) {
	_, err = fmt.Sscanf(id[max(0, len(id)-16):], "%x", &at)
	return at, err
}

func paths(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	later := fmt.Sprint(time.Now().Add(2 * time.Second).UnixMilli())
	for _, name := range []string{"../../../outside", "..", ".", "a/b", "/tmp", "", strings.Repeat("n", 300), "nul\x00nul",
		"%RETRY%../../outside", "back\\slash", "space name"} {
		for _, topic := range []string{"rmq_sys_wheel_timer", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC",
			"RMQ_SYS_TRANS_OP_HALF_TOPIC", "rmq_sys_REVIVE_LOG_DefaultCluster"} {
			props := client.Props("REAL_TOPIC", name, "REAL_QID", "0", "TIMER_OUT_MS", later, "TIMER_DELIVER_MS", later, "DELAY",
				"1", "PGROUP", "p", "TRAN_MSG", "true")
			if _, err := c.Send(&client.Message{Topic: topic, Props: props, Body: []byte("x"), AutoMake: true}); err != nil {
				return err
			}
		}
		if _, err := c.Send(&client.Message{Topic: name, Body: []byte("x"), AutoMake: true}); err != nil {
			return err
		}
		for _, code := range []int{17, 215, 351, 30, 31, 202, 321} {
			ext := map[string]any{"topic": name, "defaultTopic": "TBW102", "readQueueNums": "4", "writeQueueNums": "4",
				"perm": "6", "topicFilterType": "SINGLE_TAG", "queueId": "0", "index": "0", "count": "1"}
			if _, err := c.Call(code, ext, nil); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
		table := fmt.Appendf(nil, `{"topicConfigList":[{"topicName":%q,"readQueueNums":1,"writeQueueNums":1,"perm":6}]}`,
			name)
		if _, err := c.Call(18, nil, table); err != nil {
			return err
		}
		offsets := map[string]any{"consumerGroup": name, "topic": name, "queueId": "0", "commitOffset": "1"}
		if _, err := c.Call(15, offsets, nil); err != nil {
			return err
		}
	}
	time.Sleep(4 * time.Second) // delay level 1 and the timer's message are delivered meanwhile
	return nil
}

// nothingOutside finds files where nobody but this program may have made any.
func nothingOutside(a *arena) error {
	var errs []error
	for _, dir := range []string{a.dir, a.broker.Dir, filepath.Dir(a.dir), a.broker.Store()} {
		list, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range list {
			if strings.Contains(f.Name(), "outside") || strings.Contains(f.Name(), "forged") {
				errs = append(errs, fmt.Errorf("%s is there", filepath.Join(dir, f.Name())))
			}
		}
	}
	return errors.Join(errs...)
}

// config sends each key the ends of the numbers. What is refused is well; what is accepted must not harm this run nor
// the next start.
func config(a *arena) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.OK(26, nil, nil)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(r.Body)) {
		key, old, _ := strings.Cut(strings.TrimSpace(line), "=")
		if harmless[key] || strings.Trim(old, "0123456789") != "" || old == "" {
			continue
		}
		for _, v := range []string{"9223372036854775807", "-9223372036854775808", "0", "-1", "2147483648", "1e9", ""} {
			if _, err := c.Call(25, nil, []byte(key+"="+v)); err != nil {
				return fmt.Errorf("%s=%s: %w", key, v, err)
			}
		}
		if _, err := c.Call(25, nil, []byte(key+"="+old)); err != nil {
			return err
		}
		if _, err := ask(a.names.Addr(), 318, nil, []byte("scanNotActiveBrokerInterval=9223372036854775807"),
			10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// harmless keys make a broker refuse sends by their meaning.
var harmless = map[string]bool{"startAcceptSendRequestTimeStamp": true, "brokerPermission": true,
	"maxMessageSize": true, "putMessageTimeout": true, "syncFlushTimeout": true,
	"diskSpaceWarningLevelRatio": true, "minFreeDiskBytes": true, "osPageCacheBusyTimeOutMills": true,
	"waitTimeMillsInSendQueue": true}

var attacks = slices.Concat(netAttacks, tlsAttacks, ackAttacks, storeAttacks, tableAttacks)
