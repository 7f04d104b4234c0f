package statictopic

import (
	"fmt"
	"strings"
	"time"

	"gorocket/integration/wire"
)

// each runs f for both brokers and all queues, hosted or not.
func (s *Script) each(f func(name, addr string, queue int)) {
	for _, b := range []struct{ name, addr string }{{"a", s.A}, {"b", s.B}} {
		for _, q := range []int{0, 1, 2, 3, 7} {
			f(fmt.Sprintf("%s/%d", b.name, q), b.addr, q)
		}
	}
}

// refused are mappings that a broker must not take.
func (s *Script) refused() error {
	for _, c := range []struct{ name, text string }{
		{"older", mapping("broker-a", epoch-1, hostA)},
		{"same epoch, queue missing", mapping("broker-a", epoch, queue1+","+queue2+","+queue3)},
		{"same epoch, other leader", mapping("broker-a", epoch, `"0":[`+item(0, "broker-a", 3, 0, 9)+","+item(1, "broker-b",
			3, 1000, -1)+"],"+queue1+","+queue2+","+queue3)},
		{"negative", mapping("broker-a", epoch+1, `"0":[`+item(0, "broker-a", -3, 0, -1)+"]")},
		{"undecided in the middle", mapping("broker-a", epoch+1, `"0":[`+item(0, "broker-a", 3, -1, -1)+","+item(1,
			"broker-b", 3, 1000, -1)+"]")},
		{"generation", mapping("broker-a", epoch+1, `"0":[`+item(1, "broker-a", 3, 0, 5)+","+item(1, "broker-b", 3, 1000,
			-1)+"]")},
		{"end", mapping("broker-a", epoch+1,
			`"0":[{"bname":"broker-a","endOffset":1,"gen":0,"logicOffset":0,"queueId":0,"startOffset":5}]`)},
		{"base", mapping("broker-a", epoch+1, `"0":[`+item(0, "broker-a", 3, 1000, -1)+","+item(1, "broker-b", 3, 1000,
			-1)+"]")},
		{"overlap", mapping("broker-a", epoch+1, `"0":[`+item(0, "broker-a", 3, 0, 1000)+","+item(1, "broker-b", 3, 1000,
			-1)+"]")},
		{"no items", mapping("broker-a", epoch+1, `"0":[]`)},
	} {
		s.ask("513 "+c.name, s.A, codeMapping, headerOf513(nil), c.text)
	}
	s.ask("513 filter type", s.A, codeMapping, headerOf513(map[string]any{"topicFilterType": "X"}),
		mapping("broker-a", epoch, hostA))
	s.ask("513 name", s.A, codeMapping, headerOf513(map[string]any{"topic": "a b"}), mapping("broker-a", epoch, hostA))
	s.ask("513 system topic", s.A, codeMapping, headerOf513(map[string]any{"topic": "TBW102"}),
		mapping("broker-a", epoch, hostA))
	s.ask("513 no body", s.A, codeMapping, headerOf513(map[string]any{"topic": "Plain"}), "")
	s.ask("513 again", s.A, codeMapping, headerOf513(nil), mapping("broker-a", epoch, hostA))
	return nil
}

func (s *Script) sends() error {
	s.each(func(name, addr string, queue int) {
		s.ask("send "+name, addr, codeSend, sendTo(queue), "sent-"+name)
	})
	time.Sleep(time.Second) // Java builds its consume queues behind the log
	return nil
}

// held is a long poll at the end of a queue: a message to the queue ends it.
func (s *Script) held() error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ext := pullAt(1, 1005)
		ext["sysFlag"], ext["suspendTimeoutMillis"] = "6", "8000"
		s.ask("held pull b/1", s.B, codePull, ext, "")
	}()
	time.Sleep(500 * time.Millisecond)
	r, err := wire.Call(s.B, wire.Request{Code: codeSend, Ext: sendTo(1), Body: []byte("wakes")}, 5*time.Second)
	if err != nil || r.Code != 0 {
		return fmt.Errorf("send: %w, code %d %s", err, r.Code, r.Remark)
	}
	<-done
	return nil
}

func pullAt(queue, offset int) map[string]any {
	return map[string]any{"consumerGroup": group, "topic": topic, "queueId": fmt.Sprint(queue),
		"queueOffset": fmt.Sprint(offset), "maxMsgNums": "32", "sysFlag": "4", "commitOffset": "0",
		"suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "1", "expressionType": "TAG"}
}

func sendTo(queue int) map[string]any {
	return map[string]any{"a": "p", "b": topic, "c": "TBW102", "d": "4", "e": fmt.Sprint(queue), "f": "0",
		"g": "1700000000000", "h": "0", "i": "", "j": "0", "k": "false", "m": "false"}
}

func (s *Script) pulls() error {
	s.each(func(name, addr string, queue int) {
		for _, off := range []int{-1, 0, 2, 3, 5, 6, 40, 999, 1000, 1001, 1002, 1004, 1005, 1006, 2000, 2002, 2003, 2004,
			5000} {
			s.ask(fmt.Sprintf("pull %s at %d", name, off), addr, codePull, pullAt(queue, off), "")
		}
	})
	return nil
}

func (s *Script) offsets() error {
	s.each(func(name, addr string, queue int) {
		ext := map[string]any{"topic": topic, "queueId": fmt.Sprint(queue)}
		s.ask("max "+name, addr, codeMax, ext, "")
		s.ask("min "+name, addr, codeMin, ext, "")
		s.ask("earliest "+name, addr, codeEarliest, ext, "")
		for _, at := range []string{"0", "9999999999999"} {
			s.ask("search "+name+" "+at, addr, codeSearch, map[string]any{"topic": topic, "queueId": fmt.Sprint(queue),
				"timestamp": at}, "")
		}
	})
	return nil
}

func (s *Script) commits() error {
	query := func(name, addr string, queue int) {
		s.ask("query "+name, addr, codeQuery, map[string]any{"consumerGroup": group, "topic": topic,
			"queueId": fmt.Sprint(queue)}, "")
	}
	s.each(query)
	for _, off := range []int{1, 4, 1001, 2001} {
		s.each(func(name, addr string, queue int) {
			s.ask(fmt.Sprintf("commit %s %d", name, off), addr, codeCommit, map[string]any{"consumerGroup": group,
				"topic": topic, "queueId": fmt.Sprint(queue), "commitOffset": fmt.Sprint(off)}, "")
		})
		s.each(query)
	}
	return nil
}

func (s *Script) tables() error {
	for i, addr := range []string{s.A, s.B} {
		name := "ab"[i : i+1]
		s.ask("stats "+name, addr, codeStats, map[string]any{"topic": topic}, "")
		s.ask("consumed "+name, addr, codeConsumed, map[string]any{"consumerGroup": group, "topic": topic}, "")
		for _, lo := range []string{"true", "false"} {
			s.ask("config "+name+" lo="+lo, addr, codeConfig, map[string]any{"topic": topic, "lo": lo}, "")
		}
		s.ask("config "+name, addr, codeConfig, map[string]any{"topic": topic}, "")
	}
	r, err := wire.Call(s.Namesrv, wire.Request{Code: codeRoute, Ext: map[string]any{"topic": topic}}, 5*time.Second)
	if err != nil {
		return err
	}
	_, mappings, _ := strings.Cut(string(r.Body), `"topicQueueMappingByBroker"`) // before it: the brokers, in any order
	s.lines = append(s.lines, s.text("route "+mappings))
	// Java answers a delete with an error when its timer wheel is off, after it has deleted
	if _, err := wire.Call(s.A, wire.Request{Code: codeDelete, Ext: map[string]any{"topic": topic}},
		5*time.Second); err != nil {
		return err
	}
	s.ask("config of a deleted topic", s.A, codeConfig, map[string]any{"topic": topic, "lo": "true"}, "")
	return nil
}
