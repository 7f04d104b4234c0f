package admin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// ClusterInfo asks a NameServer for clusters and brokers (106).
func (c *Client) ClusterInfo(ctx context.Context) (*protocol.ClusterInfo, error) {
	info := new(protocol.ClusterInfo)
	resp, err := askNames(ctx, c, wire.ReqGetBrokerClusterInfo, wire.None, new(wire.NoHeader), nil)
	if err := decode(resp, err, info); err != nil {
		return nil, err
	}
	for name, b := range info.BrokerAddrTable {
		if b == nil {
			delete(info.BrokerAddrTable, name)
			continue
		}
		c.learn(b)
	}
	return info, nil
}

// Route asks a NameServer where a topic is (105). A topic that nobody has is an *Error with code TOPIC_NOT_EXIST.
func (c *Client) Route(ctx context.Context, topic string) (*protocol.TopicRouteData, error) {
	r := new(protocol.TopicRouteData)
	resp, err := askNames(ctx, c, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest,
		&wire.GetRouteInfoRequestHeader{Topic: topic}, nil)
	if err := decode(resp, err, r); err != nil {
		return nil, err
	}
	for i := range r.BrokerDatas {
		c.learn(&r.BrokerDatas[i])
	}
	return r, nil
}

// Topics lists the topics that a NameServer knows (206).
func (c *Client) Topics(ctx context.Context) ([]string, error) {
	var l protocol.TopicList
	resp, err := askNames(ctx, c, wire.ReqGetAllTopicListFromNameserver, wire.None, new(wire.NoHeader), nil)
	return l.TopicList, decode(resp, err, &l)
}

// TopicsOfCluster lists the topics on the brokers of a cluster (224).
func (c *Client) TopicsOfCluster(ctx context.Context, cluster string) ([]string, error) {
	var l protocol.TopicList
	resp, err := askNames(ctx, c, wire.ReqGetTopicsByCluster, wire.ClusterRequest, &wire.ClusterHeader{Cluster: cluster},
		nil)
	return l.TopicList, decode(resp, err, &l)
}

// KV asks a NameServer for a value (101); an *Error with QUERY_NOT_FOUND when there is none.
func (c *Client) KV(ctx context.Context, namespace, key string) (string, error) {
	resp, err := askNames(ctx, c, wire.ReqGetKvConfig, wire.KVRequest, &wire.KVHeader{Namespace: namespace, Key: key}, nil)
	if err != nil {
		return "", err
	}
	var h wire.KVResponseHeader
	err = wire.KVResponse.Decode(resp, nil, &h)
	return h.Value, err
}

// KVList asks a NameServer for all values of a namespace (219).
func (c *Client) KVList(ctx context.Context, namespace string) (map[string]string, error) {
	var t protocol.KVTable
	resp, err := askNames(ctx, c, wire.ReqGetKvlistByNamespace, wire.KVRequest, &wire.KVHeader{Namespace: namespace}, nil)
	return t.Table, decode(resp, err, &t)
}

// PutKV sets a value at all NameServers (100).
func (c *Client) PutKV(ctx context.Context, namespace, key, value string) error {
	return c.allNames(func(addr string) error {
		_, err := ask(ctx, c, addr, wire.ReqPutKvConfig, wire.KVRequest,
			&wire.KVHeader{Namespace: namespace, Key: key, Value: value}, nil)
		return err
	})
}

// DeleteKV deletes a value at all NameServers (102).
func (c *Client) DeleteKV(ctx context.Context, namespace, key string) error {
	return c.allNames(func(addr string) error {
		_, err := ask(ctx, c, addr, wire.ReqDeleteKvConfig, wire.KVRequest, &wire.KVHeader{Namespace: namespace, Key: key},
			nil)
		return err
	})
}

// allNames calls f for each NameServer, all of them even if one fails.
func (c *Client) allNames(f func(addr string) error) error {
	if len(c.opts.NameServers) == 0 {
		return ErrNoNameServer
	}
	return errors.Join(Each(c.opts.Parallel, c.opts.NameServers, func(_ int, addr string) error { return f(addr) })...)
}

// WipeWritePerm takes the right to be written to from a broker's topics at one NameServer (205) and returns how many
// topics that were.
func (c *Client) WipeWritePerm(ctx context.Context, nameServer, broker string) (int, error) {
	resp, err := ask(ctx, c, nameServer, wire.ReqWipeWritePermOfBroker, wire.BrokerNameRequest,
		&wire.BrokerNameHeader{BrokerName: broker}, nil)
	if err != nil {
		return 0, err
	}
	var h wire.WipeCountResponseHeader
	err = wire.WipeCountResponse.Decode(resp, nil, &h)
	return int(h.Count), err
}

// AddWritePerm gives it back (327).
func (c *Client) AddWritePerm(ctx context.Context, nameServer, broker string) (int, error) {
	resp, err := ask(ctx, c, nameServer, wire.ReqAddWritePermOfBroker, wire.BrokerNameRequest,
		&wire.BrokerNameHeader{BrokerName: broker}, nil)
	if err != nil {
		return 0, err
	}
	var h wire.AddCountResponseHeader
	err = wire.AddCountResponse.Decode(resp, nil, &h)
	return int(h.Count), err
}

// DeleteTopicInNames makes all NameServers forget a topic (216); cluster "": in all clusters.
func (c *Client) DeleteTopicInNames(ctx context.Context, topic, cluster string) error {
	return c.allNames(func(addr string) error {
		_, err := ask(ctx, c, addr, wire.ReqDeleteTopicInNamesrv, wire.DeleteTopicFromNamesrvRequest,
			&wire.DeleteTopicFromNamesrvHeader{Topic: topic, ClusterName: cluster}, nil)
		return err
	})
}

// Setting is one pair of a configuration.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// config asks a server for its configuration.
func (c *Client) config(ctx context.Context, addr string, code int32) ([]Setting, error) {
	resp, err := c.plain(ctx, addr, code, nil)
	if err != nil {
		return nil, err
	}
	p, err := compat.ParseProperties(resp.Body)
	if err != nil {
		return nil, err
	}
	var all []Setting
	for _, k := range p.Keys() {
		v, _ := p.Get(k)
		all = append(all, Setting{k, v})
	}
	slices.SortFunc(all, func(a, b Setting) int { return compareText(a.Key, b.Key) })
	return all, nil
}

// setConfig changes one key of a server's configuration.
func (c *Client) setConfig(ctx context.Context, addr string, code int32, key, value string) error {
	var p compat.Properties
	p.Set(key, value)
	_, err := c.plain(ctx, addr, code, p.Format())
	return err
}

// NameServerConfig asks a NameServer for its configuration (319), sorted by key.
func (c *Client) NameServerConfig(ctx context.Context, addr string) ([]Setting, error) {
	return c.config(ctx, addr, wire.ReqGetNamesrvConfig)
}

// SetNameServerConfig changes a key of a NameServer's configuration (318).
func (c *Client) SetNameServerConfig(ctx context.Context, addr, key, value string) error {
	return c.setConfig(ctx, addr, wire.ReqUpdateNamesrvConfig, key, value)
}

// BrokerConfig asks a broker for its configuration (26), sorted by key.
func (c *Client) BrokerConfig(ctx context.Context, addr string) ([]Setting, error) {
	return c.config(ctx, addr, wire.ReqGetBrokerConfig)
}

// SetBrokerConfig changes a key of a broker's configuration (25).
func (c *Client) SetBrokerConfig(ctx context.Context, addr, key, value string) error {
	return c.setConfig(ctx, addr, wire.ReqUpdateBrokerConfig, key, value)
}

// AddOrder notes that a broker has queues of an ordered topic ("name:8"), beside what other brokers have. Java:
// createOrUpdateOrderConf.
func (c *Client) AddOrder(ctx context.Context, topic, conf string) error {
	name, _, _ := strings.Cut(conf, ":")
	parts := []string{conf}
	old, err := c.KV(ctx, compat.OrderTopicNamespace, topic)
	if err != nil && CodeOf(err) != wire.QueryNotFound {
		return err
	}
	for _, p := range strings.Split(old, ";") {
		if n, _, _ := strings.Cut(p, ":"); n != "" && n != name {
			parts = append(parts, p)
		}
	}
	slices.Sort(parts)
	return c.PutKV(ctx, compat.OrderTopicNamespace, topic, strings.Join(parts, ";"))
}

// ClusterInfoAt asks one NameServer for clusters and brokers (106).
func (c *Client) ClusterInfoAt(ctx context.Context, nameServer string) (*protocol.ClusterInfo, error) {
	info := new(protocol.ClusterInfo)
	resp, err := c.plain(ctx, nameServer, wire.ReqGetBrokerClusterInfo, nil)
	return info, decode(resp, err, info)
}
