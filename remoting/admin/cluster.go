package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorocket/remoting/protocol"
)

func compareText(a, b string) int { return cmp.Compare(a, b) }

// Node is one broker of a cluster.
type Node struct {
	Cluster string `json:"cluster"`
	Broker  string `json:"broker"`
	ID      int64  `json:"brokerId"`
	Addr    string `json:"addr"`
}

// Master tells whether it is the one that its group's clients write to.
func (n *Node) Master() bool { return n.ID == protocol.MasterID }

// ErrNoCluster begins as Java's tools say it.
var ErrNoCluster = errors.New("Make sure the specified clusterName exists or the name server connected to is correct.")

// Nodes lists the brokers of a cluster, of all of them when cluster is "": by cluster, name and id.
func Nodes(info *protocol.ClusterInfo, cluster string) (nodes []Node, err error) {
	if _, has := info.ClusterAddrTable[cluster]; cluster != "" && !has {
		return nil, fmt.Errorf("%w (cluster %q)", ErrNoCluster, cluster)
	}
	for _, name := range slices.Sorted(maps.Keys(info.ClusterAddrTable)) {
		if cluster != "" && name != cluster {
			continue
		}
		brokers := slices.Clone(info.ClusterAddrTable[name])
		slices.Sort(brokers)
		for _, b := range brokers {
			if data := info.BrokerAddrTable[b]; data != nil {
				for _, id := range slices.Sorted(maps.Keys(data.BrokerAddrs)) {
					nodes = append(nodes, Node{name, b, id, data.BrokerAddrs[id]})
				}
			}
		}
	}
	return nodes, nil
}

// Nodes asks for the brokers of a cluster.
func (c *Client) Nodes(ctx context.Context, cluster string) ([]Node, error) {
	info, err := c.ClusterInfo(ctx)
	if err != nil {
		return nil, err
	}
	return Nodes(info, cluster)
}

// Masters asks for the addresses of the masters of a cluster.
func (c *Client) Masters(ctx context.Context, cluster string) (addrs []string, err error) {
	nodes, err := c.Nodes(ctx, cluster)
	for i := range nodes {
		if nodes[i].Master() {
			addrs = append(addrs, nodes[i].Addr)
		}
	}
	return addrs, err
}

// MastersAndSlaves asks for the addresses of all brokers of a cluster.
func (c *Client) MastersAndSlaves(ctx context.Context, cluster string) (addrs []string, err error) {
	nodes, err := c.Nodes(ctx, cluster)
	for i := range nodes {
		addrs = append(addrs, nodes[i].Addr)
	}
	return addrs, err
}

// BrokerNames asks for the names of the brokers of a cluster.
func (c *Client) BrokerNames(ctx context.Context, cluster string) (names []string, err error) {
	nodes, err := c.Nodes(ctx, cluster)
	for i := range nodes {
		if !slices.Contains(names, nodes[i].Broker) {
			names = append(names, nodes[i].Broker)
		}
	}
	return names, err
}

// BrokerNameAt asks which broker is at addr.
func (c *Client) BrokerNameAt(ctx context.Context, addr string) (string, error) {
	nodes, err := c.Nodes(ctx, "")
	for i := range nodes {
		if nodes[i].Addr == addr {
			return nodes[i].Broker, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("no NameServer knows a broker at %s", addr)
	}
	return "", err
}

// BrokerAddr asks where the master of a broker name is.
func (c *Client) BrokerAddr(ctx context.Context, name string) (string, error) {
	info, err := c.ClusterInfo(ctx)
	if err != nil {
		return "", err
	}
	if b := info.BrokerAddrTable[name]; b != nil {
		if addr := Select(b); addr != "" {
			return addr, nil
		}
	}
	return "", fmt.Errorf("No broker address for broker name %s.", name)
}

// Select is the address of a group's master, else that of the slave with the smallest id, "" when there is none. Java
// takes any of the slaves (BrokerData.selectBrokerAddr).
func Select(b *protocol.BrokerData) string {
	if addr := b.BrokerAddrs[protocol.MasterID]; addr != "" {
		return addr
	}
	for _, id := range slices.Sorted(maps.Keys(b.BrokerAddrs)) {
		if addr := b.BrokerAddrs[id]; addr != "" {
			return addr
		}
	}
	return ""
}

// Selected lists, by broker name, the addresses at which the groups of a route are asked.
func Selected(r *protocol.TopicRouteData) (nodes []Node) {
	for i := range r.BrokerDatas {
		b := &r.BrokerDatas[i]
		if addr := Select(b); addr != "" {
			nodes = append(nodes, Node{Cluster: b.Cluster, Broker: b.BrokerName, Addr: addr})
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return compareText(a.Broker, b.Broker) })
	return nodes
}
