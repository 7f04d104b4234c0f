package namesrv

import (
	"fmt"
	"testing"
	"time"

	"gorocket/remoting/protocol"
)

// Ten thousand brokers that all name the same topics: every pair costs memory, and answers with all of them would stay.
func TestPairsOfTopicsAndBrokersAreBounded(t *testing.T) {
	r := newRoutes()
	put := func(topic, broker string) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, kept := r.setQueue(topic, protocol.QueueData{BrokerName: broker})
		return kept
	}
	if !put("T", "a") || !put("T", "b") || !put("U", "a") || r.pairs != 3 {
		t.Fatalf("%d pairs, want 3", r.pairs)
	}
	r.pairs = maxPairs
	if put("T", "c") || !put("T", "a") {
		t.Error("beyond the limit only what is known may change")
	}
	r.pairs = 3
	r.removeQueue("T", "b")
	r.deleteTopic("T", "")
	r.removeQueue("U", "a")
	if r.pairs != 0 {
		t.Errorf("%d pairs are left of none", r.pairs)
	}
}

func TestRouteCacheIsBounded(t *testing.T) {
	c := newRouteCache()
	answer := make([]byte, 1<<20)
	for i := range 300 {
		c.put(fmt.Sprint("T", i), formStandard, c.generation(), answer)
	}
	held := 0
	for i := range 300 {
		held += len(c.get(fmt.Sprint("T", i), formStandard))
	}
	if held == 0 || held > maxRouteCache || held != c.size {
		t.Errorf("%d bytes are held, %d counted, at most %d allowed", held, c.size, maxRouteCache)
	}
	if c.get("T299", formStandard) == nil {
		t.Error("the newest answer is not held")
	}
	c.put("huge", formStandard, c.generation(), make([]byte, maxRouteCache/2))
	if c.get("huge", formStandard) != nil || c.get("T299", formStandard) == nil {
		t.Error("one huge answer drives out all others")
	}
	c.drop("T299")
	c.put("T1", formStandard, c.generation(), answer[:5])
	c.clear()
	if c.size != 0 {
		t.Errorf("an empty cache counts %d bytes", c.size)
	}
}

// Each broker that was gone was looked for in each topic: 9,000 of them and 500,000 topics held the tables for minutes.
func TestManyBrokersThatGoTogetherCostOnePass(t *testing.T) {
	r := newRoutes()
	for i := range 200_000 {
		r.setQueue(fmt.Sprint("T", i), protocol.QueueData{BrokerName: "stays"})
	}
	var gone []departure
	for i := range maxLiveBrokers - 1 {
		b := newBroker(fmt.Sprint("goes", i), fmt.Sprint("h:", i), 0, "T1")
		r.register(&registration{brokerKey: brokerKey{"c", b.addr}, name: b.name, data: b.body()})
		gone = append(gone, departure{brokerKey: brokerKey{"c", b.addr}, name: b.name})
	}
	began := time.Now()
	r.unregister(gone)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%s", took)
	}
	if len(r.topics) != 200_000 || len(r.topics["T1"]) != 1 || r.pairs != 200_000 {
		t.Errorf("%d topics, %d pairs are left", len(r.topics), r.pairs)
	}
}
