package protocol

import (
	"fmt"
	"math"

	"gorocket/compat"
)

// number is a member that Java keeps in an int.
type number struct {
	name  string
	value int
}

// checkInts refuses numbers that do not fit into Java's int, as fastjson does; of is what they belong to.
func checkInts(kind, of string, numbers ...number) error {
	for _, n := range numbers {
		if n.value < math.MinInt32 || n.value > math.MaxInt32 {
			return fmt.Errorf("can not cast to int, value : %d (%s of %s %.255q)", n.value, n.name, kind, of)
		}
	}
	return nil
}

// UnmarshalJSON reads a topic's share. Numbers beyond Java's int are an error.
func (q *QueueData) UnmarshalJSON(text []byte) error {
	type plain QueueData
	if err := compat.Unmarshal(text, (*plain)(q)); err != nil {
		return err
	}
	return checkInts("queues on broker", q.BrokerName, number{"readQueueNums", q.ReadQueueNums},
		number{"writeQueueNums", q.WriteQueueNums}, number{"perm", q.Perm}, number{"topicSysFlag", q.TopicSysFlag})
}
