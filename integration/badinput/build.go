package badinput

import "maps"

// ext is the extFields of a request.
type ext = map[string]any

// drop as a value takes a field away from the defaults; nil stays JSON null.
type dropped struct{}

var drop = dropped{}

func with(base, over ext) ext {
	out := maps.Clone(base)
	for k, v := range over {
		if v == drop {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

// Numbers are strings on the wire; born is any fixed time, in ms.
const born = "1700000000000"

func req(code int, fields ext) Step { return Step{Code: code, Ext: fields} }

// send is SEND_MESSAGE_V2 (310) with a good header for the topic, changed by over.
func send(why, topic string, over ext) Step {
	return Step{Why: why, Code: 310, Body: "hello", Ext: with(ext{"a": "PG_bad", "b": topic, "c": "TBW102", "d": "4",
		"e": "0", "f": "0", "g": born, "h": "0", "i": "", "j": "0", "k": "false", "m": "false"}, over)}
}

// sendV1 is SEND_MESSAGE (10), which spells the names out.
func sendV1(why, topic string, over ext) Step {
	return Step{Why: why, Code: 10, Body: "hello", Ext: with(ext{"producerGroup": "PG_bad", "topic": topic,
		"defaultTopic": "TBW102", "defaultTopicQueueNums": "4", "queueId": "0", "sysFlag": "0", "bornTimestamp": born,
		"flag": "0", "properties": "", "reconsumeTimes": "0", "unitMode": "false", "batch": "false"}, over)}
}

// pull is PULL_MESSAGE (11) that does not wait and brings its subscription along.
func pull(why, group, topic string, over ext) Step {
	return Step{Why: why, Code: 11, Ext: with(ext{"consumerGroup": group, "topic": topic, "queueId": "0",
		"queueOffset": "0", "maxMsgNums": "32", "sysFlag": "4", "commitOffset": "0", "suspendTimeoutMillis": "1000",
		"subVersion": "0", "subscription": "*", "expressionType": "TAG"}, over)}
}

// topic is UPDATE_AND_CREATE_TOPIC (17).
func topic(why, name string, over ext) Step {
	return Step{Why: why, Code: 17, Ext: with(ext{"topic": name, "defaultTopic": "TBW102", "readQueueNums": "4",
		"writeQueueNums": "4", "perm": "6", "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}, over)}
}

// sendBack is CONSUMER_SEND_MSG_BACK (36).
func sendBack(why, group string, over ext) Step {
	return Step{Why: why, Code: 36, Ext: with(ext{"offset": "0", "group": group, "delayLevel": "0",
		"originMsgId": "7F00000100002A9F0000000000000000", "originTopic": "bad_back", "unitMode": "false",
		"maxReconsumeTimes": "16"}, over)}
}

func (s Step) because(why string) Step { s.Why = why; return s }

func (s Step) body(b string) Step { s.Body = b; return s }

func (s Step) code(c int) Step { s.Code = c; return s }

func (s Step) toNamesrv() Step { s.To = "namesrv"; return s }

func (s Step) setup() Step { s.Setup = true; return s }

func (s Step) loose(keys ...string) Step { s.Loose = append(s.Loose, keys...); return s }

func (s Step) noExt() Step { s.Ext, s.NoExt = nil, true; return s }

// each makes one case of one step from every given step.
func each(name string, steps ...Step) Case { return Case{Name: name, Steps: steps} }

// missing makes one step per field of s, each without that field.
func missing(s Step, fields ...string) []Step {
	var out []Step
	for _, f := range fields {
		m := s
		m.Ext = with(s.Ext, ext{f: drop})
		out = append(out, m.because("without "+f))
	}
	return out
}

// Files is the whole script.
func Files() []File {
	return []File{
		{Subject: "send", Profile: Default, Cases: sendCases()},
		{Subject: "pull", Profile: Default, Cases: pullCases()},
		{Subject: "offset", Profile: Default, Cases: offsetCases()},
		{Subject: "client", Profile: Default, Cases: clientCases()},
		{Subject: "query", Profile: Default, Cases: queryCases()},
		{Subject: "admin", Profile: Default, Cases: adminCases()},
		{Subject: "namesrv", Profile: Default, Cases: namesrvCases()},
		{Subject: "frame", Profile: Default, Cases: frameCases()},
		{Subject: "strict", Profile: Strict, Cases: strictCases()},
	}
}
