package compat

import (
	"strings"
	"testing"
)

func TestValidateTopic(t *testing.T) {
	x := strings.Repeat("x", 256)
	for topic, want := range map[string]string{
		"ok-Topic_1|%": "", "": "The specified topic is blank.", "  ": "The specified topic is blank.", x[:127]: "",
		"%RETRY%" + x[:248]: "",
		"a b":               "The specified topic: a b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$",
		"中":                 "The specified topic: 中, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$",
		x[:128]:             "The specified topic: " + x[:128] + ", is longer than topic max length: 127",
		"%DLQ%" + x[:251]: "The specified topic is DLQ or Retry topic: %DLQ%" + x[:251] +
			", and it's longer than topic max length: 255",
	} {
		if err := ValidateTopic(topic); errText(err) != want {
			t.Errorf("ValidateTopic(%q) = %q, want %q", topic, errText(err), want)
		}
	}
}

func TestValidateGroup(t *testing.T) {
	x := strings.Repeat("x", 121)
	for group, want := range map[string]string{
		"g": "", x[:120]: "", "": "The specified group is blank.",
		"a/b": "The specified group: a/b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$",
		x:     "The specified group: " + x + ", is longer than group max length: 120",
	} {
		if err := ValidateGroup(group); errText(err) != want {
			t.Errorf("ValidateGroup(%q) = %q, want %q", group, errText(err), want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSystemTopics(t *testing.T) {
	for _, topic := range append(SystemTopics(), "rmq_sys_x") {
		if !IsSystemTopic(topic) {
			t.Errorf("%s is no system topic", topic)
		}
	}
	if IsSystemTopic("TopicTest") || !IsSendForbidden(TopicSchedule) || IsSendForbidden(TopicAutoCreate) {
		t.Error("wrong set")
	}
	for _, topic := range []string{TopicTimer, ReviveTopicPrefix + "c", SyncMemberPrefix + "b",
		"RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC"} {
		if !IsSendForbidden(topic) {
			t.Errorf("%s takes messages", topic)
		}
	}
	for _, topic := range []string{TopicTrace, "rmq_sys_TRACE_DATA_x", "DefaultCluster_REPLY_TOPIC", TopicBenchmark} {
		if IsSendForbidden(topic) {
			t.Errorf("%s takes no messages", topic)
		}
	}
}

func TestFolderNames(t *testing.T) {
	for _, name := range []string{"T", "a.b", "...", "%LMQ%$a$b", "%RETRY%g", strings.Repeat("n", 255), "ü"} {
		if !IsFolderName(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, name := range []string{"", ".", "..", "/", "a/b", "../x", "a\x00", strings.Repeat("n", 256)} {
		if IsFolderName(name) {
			t.Errorf("%q is taken", name)
		}
	}
}
