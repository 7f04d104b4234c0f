package clients

// GET_CONSUMER_CONNECTION_LIST (203) and GET_PRODUCER_CONNECTION_LIST (204): who is connected as a group. Java:
// AdminBrokerProcessor.

// Connection describes the client for an answer.
func (c *Client) Connection() Connection {
	return Connection{ClientAddr: c.Conn.RemoteAddr(), ClientID: c.ID, Language: c.Language.String(), Version: c.Version}
}

// Connection is one client of a group. Java: Connection.
type Connection struct {
	ClientAddr string `json:"clientAddr"` // ip:port
	ClientID   string `json:"clientId"`
	Language   string `json:"language"`
	Version    int32  `json:"version"` // MQVersion ordinal
}

// ConsumerConnection answers 203. Java: ConsumerConnection.
type ConsumerConnection struct {
	ConnectionSet     []Connection                 `json:"connectionSet"`
	ConsumeFromWhere  string                       `json:"consumeFromWhere"`
	ConsumeType       string                       `json:"consumeType"`
	MessageModel      string                       `json:"messageModel"`
	SubscriptionTable map[string]*SubscriptionData `json:"subscriptionTable"`
}

// Connections describes the group as GET_CONSUMER_CONNECTION_LIST answers it.
func (g *ConsumerGroup) Connections() ConsumerConnection {
	g.mu.RLock()
	defer g.mu.RUnlock()
	c := ConsumerConnection{ConnectionSet: []Connection{}, ConsumeFromWhere: g.fromWhere, ConsumeType: g.consumeType,
		MessageModel: g.model, SubscriptionTable: map[string]*SubscriptionData{}}
	for _, m := range g.members {
		c.ConnectionSet = append(c.ConnectionSet, m.Connection())
	}
	for topic, s := range g.subs {
		c.SubscriptionTable[topic] = &s.SubscriptionData
	}
	return c
}

// Connections lists the live producers of a group, nil when there are none.
func (t *Producers) Connections(group string) (set []Connection) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, m := range t.groups[group] {
		set = append(set, m.Connection())
	}
	return set
}
