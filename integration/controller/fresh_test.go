package controller

import (
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// TestTopicMadeJustBefore: a topic whose master dies at once after its first acknowledged message takes messages at the
// next master.
func TestTopicMadeJustBefore(t *testing.T) {
	for range 5 {
		set := startSet(t, &scene{queues: 1, controllers: harness.Go, brokers: []harness.Kind{harness.Go, harness.Go}})
		old, _ := set.set(name)
		c, err := client.Dial(old, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CreateTopic("fresh", 4, 6, ""); err != nil {
			t.Fatal(err)
		}
		if r, err := c.Send(&client.Message{Topic: "fresh", Queue: 3, Born: 1, Body: []byte("f")}); err != nil || r.Code != 0 {
			t.Fatal(r, err)
		}
		set.brokers[old].Kill()
		c.Close()
		why := ""
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the next master does not take messages of the topic: %s", why)
			}
			master, _ := set.set(name)
			if master == "" || master == old {
				continue
			}
			if c, err = client.Dial(master, time.Second); err != nil {
				continue
			}
			r, err := c.Send(&client.Message{Topic: "fresh", Born: 1, Body: []byte("f")})
			c.Close()
			if why = r.Remark; err == nil && r.Code == 0 {
				break
			}
		}
	}
}
