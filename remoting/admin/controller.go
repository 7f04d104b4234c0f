package admin

import (
	"context"
	"fmt"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// ControllerMetadata asks a controller who its group is and who leads it (1005).
func (c *Client) ControllerMetadata(ctx context.Context, addr string) (*wire.ControllerMetadataHeader, error) {
	resp, err := c.plain(ctx, addr, wire.ReqControllerGetMetadataInfo, nil)
	if err != nil {
		return nil, err
	}
	h := new(wire.ControllerMetadataHeader)
	return h, wire.ControllerMetadataResponse.Decode(resp, nil, h)
}

// leader asks a controller for the address of the one that leads.
func (c *Client) leader(ctx context.Context, addr string) (string, error) {
	h, err := c.ControllerMetadata(ctx, addr)
	if err != nil {
		return "", err
	}
	if h.LeaderAddress == "" {
		return "", fmt.Errorf("controller %s knows of no leader", addr)
	}
	return h.LeaderAddress, nil
}

// SyncStateSets asks the leading controller for the replicas of broker sets (1006). controller is any of the group.
func (c *Client) SyncStateSets(ctx context.Context, controller string, brokers []string) (
	map[string]protocol.ReplicasInfo, error) {
	leader, err := c.leader(ctx, controller)
	if err != nil {
		return nil, err
	}
	body, err := compat.Marshal(brokers)
	if err != nil {
		return nil, err
	}
	var info protocol.BrokerReplicasInfo
	resp, err := c.plain(ctx, leader, wire.ReqControllerGetSyncStateData, body)
	return info.ReplicasInfoTable, decode(resp, err, &info)
}

// Elected is the outcome of an election.
type Elected struct {
	wire.ElectMasterResponseHeader
	Members map[int64]string // broker id → address
}

// ElectMaster makes the leading controller choose a broker as the master of its set (1002).
func (c *Client) ElectMaster(ctx context.Context, controller, cluster, broker string, id int64) (*Elected, error) {
	leader, err := c.leader(ctx, controller)
	if err != nil {
		return nil, err
	}
	resp, err := ask(ctx, c, leader, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &wire.ElectMasterHeader{
		ClusterName: cluster, BrokerName: broker, BrokerID: id, DesignateElect: true}, nil)
	if err != nil {
		return nil, err
	}
	e := new(Elected)
	if err := wire.ElectMasterResponse.Decode(resp, nil, &e.ElectMasterResponseHeader); err != nil {
		return nil, err
	}
	var body protocol.ElectMasterResponseBody
	if err := decode(resp, nil, &body); err != nil {
		return nil, err
	}
	e.Members = body.BrokerAddrs
	if g := body.BrokerMemberGroup; g != nil {
		e.Members = g.BrokerAddrs
	}
	return e, nil
}

// CleanBrokerData makes the controllers forget brokers of a set (1011). ids is "1;2", "" for all of them.
func (c *Client) CleanBrokerData(ctx context.Context, controller, cluster, broker, ids string, living bool) error {
	leader, err := c.leader(ctx, controller)
	if err != nil {
		return err
	}
	_, err = ask(ctx, c, leader, wire.ReqCleanBrokerData, wire.CleanBrokerDataRequest, &wire.CleanBrokerDataHeader{
		ClusterName: cluster, BrokerName: broker, IDsToClean: ids, CleanLiving: living}, nil)
	return err
}

// ControllerConfig asks a controller for its configuration (1010), sorted by key.
func (c *Client) ControllerConfig(ctx context.Context, addr string) ([]Setting, error) {
	return c.config(ctx, addr, wire.ReqGetControllerConfig)
}

// SetControllerConfig changes a key of a controller's configuration (1009).
func (c *Client) SetControllerConfig(ctx context.Context, addr, key, value string) error {
	return c.setConfig(ctx, addr, wire.ReqUpdateControllerConfig, key, value)
}
