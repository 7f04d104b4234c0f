package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// A registration that is too large for one frame goes in several requests, each a registration of some of the topics: a
// NameServer takes them as such, and forgets no topic that one of them does not name. Java splits only with
// enableSplitRegistration, and registers nothing at all when the frame is too large.

// maxPartBytes is how large the body of one request may become, by estimate. A NameServer takes frames of 16 MiB.
const maxPartBytes = 4 << 20

// registerParts cuts a table into the requests of one registration: at most most topics (0: any number) and maxBytes
// each. What is static comes first. A table without topics is one request.
func registerParts(topics map[string]*protocol.TopicConfig, infos map[string]*protocol.TopicQueueMappingInfo,
	most, maxBytes int) [][]string {
	names := slices.SortedFunc(maps.Keys(topics), func(a, b string) int {
		if (infos[a] == nil) != (infos[b] == nil) {
			if infos[a] != nil {
				return -1
			}
			return 1
		}
		if a < b {
			return -1
		}
		return 1
	})
	parts, part, size := [][]string{}, []string(nil), 0
	for _, name := range names {
		n := topicBytes(topics[name], infos[name])
		// never one topic alone: as a first registration it is refused
		if len(part) > 1 && (size+n > maxBytes || most > 0 && len(part) >= most) {
			parts, part, size = append(parts, part), nil, 0
		}
		part, size = append(part, name), size+n
	}
	return append(parts, part)
}

// topicBytes is about how much a topic takes in a registration, never less.
func topicBytes(c *protocol.TopicConfig, info *protocol.TopicQueueMappingInfo) int {
	n := 256 + 2*len(c.TopicName)
	for k, v := range c.Attributes {
		n += 8 + 6*(len(k)+len(v))
	}
	if info != nil {
		n += 256 + 2*len(c.TopicName) + len(info.Bname) + 24*len(info.CurrIDMap)
	}
	return n
}

// sendTopics registers topics under a version, in as many requests as it takes. renew makes the NameServer take every
// topic anew, also those that it knows under this very version.
func (l *namesrvLink) sendTopics(version compat.DataVersion, topics map[string]*protocol.TopicConfig,
	renew bool) error {
	self := l.r.d.Self()
	version.StateVersion = max(version.StateVersion, l.r.stateVersion.Load())
	topics, infos := self.permitted(topics), l.r.d.Static(topics)
	parts := registerParts(topics, infos, self.MaxTopics, maxPartBytes)
	for i, names := range parts {
		v := version
		if renew { // topics known under the version that a NameServer has are passed over: the last request brings it
			v.Timestamp -= int64(len(parts) - 1 - i)
		}
		w := protocol.NewRegisterBrokerBody()
		w.TopicConfigSerializeWrapper.DataVersion = v
		for _, name := range names {
			w.TopicConfigSerializeWrapper.TopicConfigTable[name] = topics[name]
			if infos[name] != nil {
				w.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap[name] = infos[name]
			}
		}
		if err := l.sendPart(self, w); err != nil {
			return fmt.Errorf("request %d of %d, with %d of %d topics: %w",
				i+1, len(parts), len(names), len(topics), err)
		}
	}
	l.sent = version
	return nil
}

// errTooLarge says that a request of a registration does not fit into a frame.
var errTooLarge = errors.New("the registration is larger than a frame")

// sendPart sends one request of a registration.
func (l *namesrvLink) sendPart(self *Self, w *protocol.RegisterBrokerBody) error {
	encode := w.Encode
	if self.Compressed {
		encode = func() ([]byte, error) { return w.EncodeDeflated(compat.CurrentVersion) }
	}
	data, err := encode()
	if err != nil {
		return err
	}
	if len(data) > wire.MaxFrame-64<<10 {
		return fmt.Errorf("%w: %d bytes", errTooLarge, len(data))
	}
	h := wire.RegisterBrokerRequestHeader{BrokerIdentityHeader: self.Identity, HAServerAddr: self.HAAddr,
		HeartbeatTimeoutMillis: -1, Compressed: self.Compressed, BodyCRC32: int32(crc32.ChecksumIEEE(data) & 0x7FFFFFFF)}
	if self.Acting {
		h.EnableActingMaster, h.HeartbeatTimeoutMillis = true, self.AliveTimeout.Milliseconds()
	}
	limit := self.RegisterTimeout
	resp, err := callNamesrv(l, limit, wire.ReqRegisterBroker, wire.RegisterBrokerRequest, &h, data)
	if err == nil && self.Identity.BrokerID != 0 {
		err = l.hearMaster(resp)
	}
	l.r.d.Log.Debug().Str("namesrv", l.addr).Int("topics", len(w.TopicConfigSerializeWrapper.TopicConfigTable)).
		Int64("version", w.TopicConfigSerializeWrapper.DataVersion.Counter).Int("bytes", len(data)).AnErr("error", err).
		Msg("registration sent")
	return err
}

// hearMaster passes on what a slave's registration was answered with.
func (l *namesrvLink) hearMaster(resp *wire.Command) error {
	var out wire.RegisterBrokerResponseHeader
	if err := wire.RegisterBrokerResponse.Decode(resp, nil, &out); err != nil {
		return err
	}
	l.r.d.Master(out.MasterAddr, out.HAServerAddr)
	return nil
}

// callNamesrv sends a request to the link's NameServer and waits for the answer, or until the broker stops or leaves
// it.
func callNamesrv[T any](l *namesrvLink, limit time.Duration, code int32, ht *wire.HeaderType[T], h *T,
	data []byte) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	go func() { // a stop does not wait for a NameServer that does not answer
		select {
		case <-l.r.stop:
			cancel()
		case <-l.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	return remoting.Call(ctx, l.r.d.Client, l.addr, code, ht, h, data)
}
