package plain

import (
	"testing"

	"gorocket/remoting/auth"
)

// TestMayAsk: what an account may do, by what is asked for: one of the permissions is enough, as in Java; reading the
// cluster is free, what no permission stands for is for admins, and so are admins where nothing of theirs is listed.
func TestMayAsk(t *testing.T) {
	ask := func(kind auth.ResourceType, name string, actions ...auth.Action) *auth.Ask {
		a := &auth.Ask{Type: kind, Actions: auth.Of(actions...)}
		if name != "" {
			a.Name = []byte(name)
		}
		return a
	}
	pubs, subs := &account{topic: pub, group: pub}, &account{topic: sub, group: sub}
	admin := &account{Account: Account{Admin: true}, topic: denied, group: denied, hasNoEntries: true}
	listed := &account{Account: Account{Admin: true}, topic: denied, topics: map[string]perm{"T": sub}}
	for what, c := range map[string]struct {
		ask  *auth.Ask
		may  []*account
		deny []*account
	}{
		"pub":                {ask(auth.Topic, "T", auth.Pub), []*account{pubs, admin}, []*account{subs, listed}},
		"sub":                {ask(auth.Topic, "T", auth.Sub), []*account{subs, admin, listed}, []*account{pubs}},
		"sub, not listed":    {ask(auth.Topic, "U", auth.Sub), []*account{subs, admin}, []*account{pubs, listed}},
		"either":             {ask(auth.Topic, "T", auth.Pub, auth.Sub), []*account{pubs, subs, admin, listed}, nil},
		"get":                {ask(auth.Topic, "U", auth.Get), []*account{subs, admin, listed}, []*account{pubs}},
		"list":               {ask(auth.Group, "g", auth.List), []*account{subs, admin, listed}, []*account{pubs}},
		"sub of a group":     {ask(auth.Group, "g", auth.Sub), []*account{subs, admin}, []*account{pubs}},
		"of no name":         {ask(auth.Topic, "", auth.Sub), []*account{admin, listed}, []*account{pubs, subs}},
		"delete":             {ask(auth.Topic, "T", auth.Delete), []*account{admin, listed}, []*account{pubs, subs}},
		"get of the cluster": {ask(auth.Cluster, "c", auth.Get), []*account{pubs, subs, admin, listed}, nil},
		"sub of the cluster": {ask(auth.Cluster, "c", auth.Sub), []*account{admin, listed}, []*account{pubs, subs}},
		"update of it":       {ask(auth.Cluster, "c", auth.Update), []*account{admin, listed}, []*account{pubs, subs}},
	} {
		for _, a := range c.may {
			if why := a.mayAsk(c.ask, 1); why != "" {
				t.Errorf("%s, admin %v, topics %d: %s", what, a.Admin, a.topic, why)
			}
		}
		for _, a := range c.deny {
			if why := a.mayAsk(c.ask, 1); why == "" {
				t.Errorf("%s, admin %v, topics %d: allowed", what, a.Admin, a.topic)
			}
		}
	}
}

// TestEntries: an account has entries as soon as it has one of a topic or of a group.
func TestEntries(t *testing.T) {
	for _, c := range []struct {
		topics, groups []string
		none           bool
	}{{nil, nil, true}, {[]string{"T=PUB"}, nil, false}, {nil, []string{"g=SUB"}, false}, {[]string{"T=PUB"}, []string{"g=SUB"}, false}} {
		a := Account{AccessKey: "accesskey", SecretKey: "secretkey", TopicPerms: c.topics, GroupPerms: c.groups}
		if r, err := a.ready("f"); err != nil || r.hasNoEntries != c.none {
			t.Errorf("%v %v: %+v, %v", c.topics, c.groups, r, err)
		}
	}
}
