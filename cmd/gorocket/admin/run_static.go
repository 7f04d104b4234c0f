package admin

import (
	"fmt"
	"os"
	"path/filepath"

	"gorocket/compat"
	"gorocket/remoting/admin"
)

// mappingFile is how a mapping stands in a file. Java: TopicRemappingDetailWrapper.
func (c *call) writeMapping(p *admin.StaticPlan, suffix string) (string, error) {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("%s-%d%s", safeName(p.Topic), p.Epoch, suffix))
	body, err := compat.Marshal(p)
	if err != nil {
		return "", err
	}
	return name, writeFile(name, body)
}

// readMapping reads such a file.
func readMapping(topic, file string) (*admin.StaticPlan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := new(admin.StaticPlan)
	if err := compat.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if p.Topic != topic {
		return nil, fmt.Errorf("%s is about topic %q, not %q", file, p.Topic, topic)
	}
	return p, p.Check()
}

// staticTargets are the brokers of -b, or those of the clusters of -c.
func (c *call) staticTargets(cl *admin.Client) (names []string, err error) {
	if c.has("b") {
		return c.words("b"), nil
	}
	for _, cluster := range c.words("c") {
		some, err := cl.BrokerNames(c.ctx, cluster)
		if err != nil {
			return nil, err
		}
		names = append(names, some...)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("Find none brokers, do nothing")
	}
	return names, nil
}

// staticResult is the result of both commands on static topics.
type staticResult struct {
	Topic  string   `json:"topic"`
	Epoch  int64    `json:"epoch"`
	Before string   `json:"before,omitempty"` // file
	After  string   `json:"after,omitempty"`  // file
	In     []string `json:"brokerToMapIn,omitempty"`
	Out    []string `json:"brokerToMapOut,omitempty"`
}

// static does what both commands have in common: the old mapping and the new one are written to files, then the brokers
// are told.
func (c *call) static(change func(cl *admin.Client, old *admin.StaticPlan, targets []string) (*admin.StaticPlan, error),
	apply func(cl *admin.Client, p *admin.StaticPlan) error, words string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	topic := c.value("t")
	if file := c.value("mf"); file != "" {
		p, err := readMapping(topic, file)
		if err != nil {
			return err
		}
		if err := apply(cl, p); err != nil {
			return err
		}
		return c.emit(staticResult{Topic: topic, Epoch: p.Epoch, In: p.In, Out: p.Out}, nil)
	}
	targets, err := c.staticTargets(cl)
	if err != nil {
		return err
	}
	old, err := cl.StaticTopic(c.ctx, topic)
	if err != nil {
		return err
	}
	r := staticResult{Topic: topic}
	if r.Before, err = c.writeMapping(old, ".before"); err != nil {
		return err
	}
	c.say("The old mapping data is written to file %s\n", r.Before)
	p, err := change(cl, old, targets)
	if err != nil {
		return err
	}
	if r.After, err = c.writeMapping(p, ".after"); err != nil {
		return err
	}
	c.say("The %s mapping data is written to file %s\n", words, r.After)
	r.Epoch, r.In, r.Out = p.Epoch, p.In, p.Out
	if err := apply(cl, p); err != nil {
		return fmt.Errorf("%w; apply %s again with --mapFile when the cause is gone", err, r.After)
	}
	return c.emit(r, nil)
}

func runUpdateStaticTopic(c *call) error {
	queues, err := c.number("qn", 0)
	if err != nil {
		return err
	}
	return c.static(func(cl *admin.Client, old *admin.StaticPlan, targets []string) (*admin.StaticPlan, error) {
		return old.Grow(int(queues), targets)
	}, func(cl *admin.Client, p *admin.StaticPlan) error { return cl.ApplyStatic(c.ctx, p, false) }, "new")
}

func runRemappingStaticTopic(c *call) error {
	return c.static(func(cl *admin.Client, old *admin.StaticPlan, targets []string) (*admin.StaticPlan, error) {
		if len(old.Brokers) == 0 {
			return nil, fmt.Errorf("No topic route to do the remapping")
		}
		return old.Move(targets)
	}, func(cl *admin.Client, p *admin.StaticPlan) error {
		return cl.ApplyRemapping(c.ctx, p, c.value("mf") != "" && c.is("fr", false))
	}, "old") // Java's word for both files
}
