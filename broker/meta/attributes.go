package meta

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// attribute is one key that topics or groups may carry. Java: common/.../attribute/Attribute and its subclasses.
type attribute struct {
	changeable bool
	check      func(value string) error
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("value is not in set: [%s]", strings.Join(values, ", "))
		}
		return nil
	}
}

func longIn(lo, hi int64) func(string) error {
	return func(v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return fmt.Errorf("For input string: %q", v)
		}
		if n < lo || n > hi {
			return fmt.Errorf("value is not in range(%d, %d)", lo, hi)
		}
		return nil
	}
}

func anyText(string) error { return nil }

// TopicAttributes are the keys of Java's TopicAttributes.
var TopicAttributes = map[string]attribute{
	"queue.type":     {false, oneOf("BatchCQ", "SimpleCQ", "RocksDBCQ")},
	"cleanup.policy": {false, oneOf("DELETE", "COMPACTION")},
	"message.type": {true, oneOf("UNSPECIFIED", "MIXED", "TRANSACTION", "PRIORITY", "FIFO", "DELAY", "LITE",
		"NORMAL")},
	"reserve.time":          {true, longIn(-1, 1<<62)},
	"lite.topic.expiration": {true, longIn(-1, 1<<62)},
}

// groupAttributes are the keys of Java's SubscriptionGroupAttributes.
var groupAttributes = map[string]attribute{
	"priority.factor": {true, longIn(0, 100)},
	"lite.bind.topic": {false, anyText},
}

func wrongFormat(kv string) error { return fmt.Errorf("add/alter attribute format is wrong: %s", kv) }

// alterAttributes applies changes of the form +key=value and -key to the current attributes. Java:
// AttributeUtil.alterCurrentAttributes.
func alterAttributes(create bool, known map[string]attribute, current, changes map[string]string) (map[string]string,
	error) {
	out := maps.Clone(current)
	if out == nil {
		out = map[string]string{}
	}
	for _, change := range slices.Sorted(maps.Keys(changes)) {
		op, key := byte(0), change
		if change != "" {
			op, key = change[0], change[1:]
		}
		if (op != '+' && op != '-') || key == "" {
			return nil, wrongFormat(change)
		}
		if create && op == '-' {
			return nil, fmt.Errorf("only add attribute is supported while creating topic. key: %s", key)
		}
		if err := alterOne(out, known, op, key, changes[change], create); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func alterOne(out map[string]string, known map[string]attribute, op byte, key, value string, create bool) error {
	a, ok := known[key]
	if !ok {
		return fmt.Errorf("unsupported key: %s", key)
	}
	if !create && !a.changeable {
		return fmt.Errorf("attempt to update an unchangeable attribute. key: %s", key)
	}
	if op == '-' {
		if _, there := out[key]; !there {
			return fmt.Errorf("attempt to delete a nonexistent key: %s", key)
		}
		delete(out, key)
		return nil
	}
	if err := a.check(value); err != nil {
		return err
	}
	out[key] = value
	return nil
}

// ParseAttributes reads the text +key=value,-key of UPDATE_AND_CREATE_TOPIC. Java: AttributeParser.parseToMap.
func ParseAttributes(text string) (map[string]string, error) {
	out := map[string]string{}
	if strings.TrimSpace(text) == "" {
		return out, nil
	}
	for kv := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(kv, "=")
		if found == strings.HasPrefix(key, "-") || (!strings.HasPrefix(key, "+") && !strings.HasPrefix(key, "-")) {
			return nil, wrongFormat(key)
		}
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("key duplication: %s", key)
		}
		out[key] = value
	}
	return out, nil
}
