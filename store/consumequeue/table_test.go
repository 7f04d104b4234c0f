package consumequeue

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gorocket/store/dispatch"
)

// TestQueueTable compares the table with a map, for small and large numbers of queues, light topics, and topics that go
// and come again.
func TestQueueTable(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		table := &Table{simple: &Files{Unit: Unit}, batches: &Files{Unit: BatchUnit}}
		model := map[queueKey]*Queue{}
		ids := []int32{0, 1, 7, 8, 9, 1000, 1<<31 - 1, -1}
		for range 2000 {
			k := queueKey{fmt.Sprintf("T%d", r.IntN(40)), ids[r.IntN(len(ids))]}
			if r.IntN(4) == 0 {
				k.topic = dispatch.LightPrefix + k.topic
			}
			switch r.IntN(20) {
			case 0:
				for _, q := range table.remove(k.topic) {
					if model[queueKey{q.Topic, q.ID}] != q {
						t.Fatalf("seed %d: removed %s %d, which is not there", seed, q.Topic, q.ID)
					}
					delete(model, queueKey{q.Topic, q.ID})
				}
			case 1, 2, 3:
				q := table.GetOrCreate(k.topic, k.id, false)
				if old := model[k]; old != nil && old != q || q.Topic != k.topic || q.ID != k.id {
					t.Fatalf("seed %d: %v became %s %d", seed, k, q.Topic, q.ID)
				}
				model[k] = q
			default:
				if q := table.Get(k.topic, k.id); q != model[k] {
					t.Fatalf("seed %d: %v is %v, want %v", seed, k, q, model[k])
				}
			}
		}
		sameQueues(t, table, model)
	}
}

func sameQueues(t *testing.T, table *Table, model map[queueKey]*Queue) {
	t.Helper()
	all, light, byTopic := map[queueKey]*Queue{}, int64(0), map[string][]int32{}
	table.Each(func(q *Queue) bool { all[queueKey{q.Topic, q.ID}] = q; return true })
	if !maps.Equal(all, model) {
		t.Fatalf("each has %d queues, want %d", len(all), len(model))
	}
	for k := range model {
		byTopic[k.topic] = append(byTopic[k.topic], k.id)
		if k.topic[0] == dispatch.LightPrefix[0] {
			light++
		}
	}
	if got := table.light.Load(); got != light {
		t.Errorf("%d light queues, want %d", got, light)
	}
	if got, want := table.Topics(), slices.Sorted(maps.Keys(byTopic)); !slices.Equal(got, want) {
		t.Errorf("topics %v, want %v", got, want)
	}
	for topic, want := range byTopic {
		slices.Sort(want)
		if got := table.IDs(topic); !slices.Equal(got, want) {
			t.Errorf("%s has queues %v, want %v", topic, got, want)
		}
	}
}

// TestQueueTableConcurrent: queues are found and made while others go; a queue that is found has the name that was
// asked for.
func TestQueueTableConcurrent(t *testing.T) {
	table := &Table{simple: &Files{Unit: Unit}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 4))
			for range 5000 {
				topic, id := fmt.Sprintf("T%d", r.IntN(5)), int32(r.IntN(12))
				if g == 0 && r.IntN(20) == 0 {
					table.remove(topic)
				} else if q := table.GetOrCreate(topic, id, false); q.Topic != topic || q.ID != id {
					t.Errorf("%s %d became %s %d", topic, id, q.Topic, q.ID)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkQueueTable finds queues of one topic, and of 10,000 in random order.
func BenchmarkQueueTable(b *testing.B) {
	for _, topics := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("topics=%d", topics), func(b *testing.B) {
			table := &Table{simple: &Files{Unit: Unit}}
			r := rand.New(rand.NewPCG(1, 5))
			keys := make([]queueKey, 1<<16)
			for i := range keys {
				keys[i] = queueKey{fmt.Sprintf("bench_%05d", r.IntN(topics)), int32(r.IntN(8))}
				table.GetOrCreate(keys[i].topic, keys[i].id, false)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				k := &keys[i&(1<<16-1)]
				if table.Get(k.topic, k.id) == nil {
					b.Fatal(k)
				}
				i++
			}
		})
	}
}

// queueKey names a queue.
type queueKey struct {
	topic string
	id    int32
}
