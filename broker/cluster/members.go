package cluster

import (
	"context"
	"errors"
	"maps"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// errNoNameServer says that there is nobody to ask.
var errNoNameServer = errors.New("no NameServer is configured")

// Members asks the NameServers, one after the other, which brokers of this broker's name are registered: host:port by
// id. The first that knows any counts. An error: none answered. Not on an event loop. Java: syncBrokerMemberGroup.
func (r *Registrar) Members(ctx context.Context) (map[int64]string, error) {
	last := errNoNameServer
	addrs := map[int64]string(nil)
	for _, l := range r.links() {
		one, cancel := context.WithTimeout(ctx, askTimeout)
		found, err := l.members(one)
		cancel()
		maps.DeleteFunc(found, func(id int64, _ string) bool { return id < 0 }) // which no broker can have
		switch {
		case err != nil:
			last = errors.Join(last, err)
		case len(found) > 0:
			return found, nil
		default:
			addrs = map[int64]string{}
		}
	}
	if addrs == nil {
		return nil, last
	}
	return addrs, nil
}

// members asks one NameServer. One of 4.x does not know the question: the route of a topic that only brokers of this
// name have tells, too.
func (l *namesrvLink) members(ctx context.Context) (map[int64]string, error) {
	id := l.r.d.Self().Identity
	h := wire.BrokerMemberGroupHeader{ClusterName: id.ClusterName, BrokerName: id.BrokerName}
	resp, err := remoting.Call(ctx, l.r.d.Client, l.addr, wire.ReqGetBrokerMemberGroup, wire.BrokerMemberGroupRequest, &h,
		nil)
	var answered *remoting.ResponseError
	if errors.As(err, &answered) && answered.Code == wire.RequestCodeNotSupported {
		return l.membersByRoute(ctx, &id)
	}
	if err != nil {
		return nil, err
	}
	var body protocol.GetBrokerMemberGroupResponseBody
	if err := compat.Unmarshal(resp.Body, &body); err != nil || body.BrokerMemberGroup == nil {
		return nil, err
	}
	return body.BrokerMemberGroup.BrokerAddrs, nil
}

func (l *namesrvLink) membersByRoute(ctx context.Context, id *wire.BrokerIdentityHeader) (map[int64]string, error) {
	h := wire.GetRouteInfoRequestHeader{Topic: compat.SyncMemberPrefix + id.BrokerName, AcceptStandardJSONOnly: true}
	resp, err := remoting.Call(ctx, l.r.d.Client, l.addr, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, &h, nil)
	var answered *remoting.ResponseError
	if errors.As(err, &answered) && answered.Code == wire.TopicNotExist {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var route protocol.TopicRouteData
	if err := compat.Unmarshal(resp.Body, &route); err != nil {
		return nil, err
	}
	for i := range route.BrokerDatas {
		if d := &route.BrokerDatas[i]; d.BrokerName == id.BrokerName && d.Cluster == id.ClusterName {
			return d.BrokerAddrs, nil
		}
	}
	return nil, nil
}

// beatTimeout bounds a heartbeat: the next one comes soon.
const beatTimeout = time.Second

// Beat tells every NameServer that this broker is alive, by a one-way request that all versions take (322); it returns
// at once, and leaves out one that the last heartbeat is on its way to. Java: BrokerController.sendHeartbeat.
func (r *Registrar) Beat(ctx context.Context) {
	for _, l := range r.links() {
		if l.beating.Swap(true) {
			continue
		}
		r.wg.Go(func() {
			defer l.beating.Store(false)
			ctx, cancel := context.WithTimeout(ctx, beatTimeout)
			defer cancel()
			c, err := r.d.Client.Conn(ctx, l.addr)
			if err != nil {
				return // the link sees that, too
			}
			id := r.d.Self().Identity
			_ = remoting.Notify(c, wire.ReqQueryDataVersion, wire.QueryDataVersionRequest, &id, nil)
		})
	}
}
