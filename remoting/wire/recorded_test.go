package wire

import (
	"encoding/json"
	"reflect"
	"testing"

	"gorocket/compat/recorded"

	"github.com/google/go-cmp/cmp"
)

// TestRecordedFramesDecodeAsJSONSays decodes every frame that real peers sent and compares with what a general JSON
// parser reads.
func TestRecordedFramesDecodeAsJSONSays(t *testing.T) {
	frames := 0
	for file, list := range recorded.Frames(t) {
		for i, r := range list {
			raw := r.Raw
			var c Command
			if err := Decode(raw, &c); err != nil {
				t.Errorf("%s:%d: %v", file, i+1, err)
				continue
			}
			frames++
			n := int(raw[5])<<16 | int(raw[6])<<8 | int(raw[7])
			var want struct {
				Code, Flag, Opaque, Version int32
				Language, Remark            string
				ExtFields                   map[string]string
			}
			if err := json.Unmarshal(raw[8:8+n], &want); err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			got := want
			got.Code, got.Flag, got.Opaque, got.Version, got.Language, got.Remark = c.Code, c.Flag, c.Opaque,
				c.Version, c.Language.String(), c.Remark
			if got.ExtFields = fieldMap(&c); want.ExtFields == nil && len(c.Fields) == 0 {
				got.ExtFields = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s:%d: %s", file, i+1, diff)
			}
			if c.Code != r.Code {
				t.Errorf("%s:%d: code %d, recorded as %d", file, i+1, c.Code, r.Code)
			}
		}
	}
	if frames < 1000 {
		t.Errorf("only %d frames compared", frames)
	}
	t.Logf("%d frames", frames)
}

// headerOf names the definition that reads a request's extFields.
var headerOf = map[int32]*HeaderInfo{
	ReqSendMessage: SendMessageRequestV1.Info(), ReqSendMessageV2: SendMessageRequestV2.Info(),
	ReqSendBatchMessage: SendMessageRequestV2.Info(),
	ReqPullMessage:      PullMessageRequest.Info(), ReqLitePullMessage: PullMessageRequest.Info(),
	ReqQueryMessage:    QueryMessageRequest.Info(),
	ReqViewMessageById: ViewMessageRequest.Info(), ReqQueryConsumerOffset: QueryConsumerOffsetRequest.Info(),
	ReqUpdateConsumerOffset:    UpdateConsumerOffsetRequest.Info(),
	ReqSearchOffsetByTimestamp: SearchOffsetRequest.Info(), ReqGetMaxOffset: GetMaxOffsetRequest.Info(),
	ReqGetMinOffset:     GetMinOffsetRequest.Info(),
	ReqUnregisterClient: UnregisterClientRequest.Info(), ReqGetConsumerListByGroup: GetConsumerListRequest.Info(),
	ReqConsumerSendMsgBack:  ConsumerSendMsgBackRequest.Info(),
	ReqUpdateAndCreateTopic: CreateTopicRequest.Info(), ReqGetRouteinfoByTopic: GetRouteInfoRequest.Info(),
	ReqNotifyConsumerIdsChanged: NotifyConsumerIDsChanged.Info(),
}

// ignoredFields are sent by 5.x clients for static topics and by RPC plumbing (ReqT: StreamTypeRPCHook); nothing here
// depends on them.
var ignoredFields = map[string]bool{"bname": true, "lo": true, "ns": true, "nsd": true, "oway": true, "n": true,
	"ReqT": true}

// TestRecordedRequestsAreKnownFieldByField: no field that a real client sends to a code we serve is missing from the
// definitions.
func TestRecordedRequestsAreKnownFieldByField(t *testing.T) {
	seen := map[int32]int{}
	for file, list := range recorded.Frames(t) {
		for i, r := range list {
			var c Command
			if Decode(r.Raw, &c) != nil || c.IsResponse() {
				continue
			}
			info := headerOf[c.Code]
			if info == nil {
				continue
			}
			seen[c.Code]++
			for _, f := range c.Fields {
				if !ignoredFields[string(f.Key)] && info.find(f.Key, 0) < 0 {
					t.Errorf("%s:%d: code %d carries %s=%s, unknown to %s", file, i+1, c.Code, f.Key, f.Value,
						info.Name)
				}
			}
			for _, f := range info.Fields {
				if _, ok := c.Get(f.Name); f.Must && !ok {
					t.Errorf("%s:%d: code %d lacks %s, which %s cannot do without", file, i+1, c.Code, f.Name,
						info.Name)
				}
			}
		}
	}
	for _, code := range []int32{ReqSendMessage, ReqSendMessageV2, ReqSendBatchMessage, ReqPullMessage,
		ReqQueryConsumerOffset, ReqUpdateConsumerOffset} {
		if seen[code] == 0 {
			t.Errorf("no recorded request of code %d", code)
		}
	}
}

// TestHeaderKindsAreConsistent: names are unique in a header, and every kind has a writer.
func TestHeaderKindsAreConsistent(t *testing.T) {
	for _, h := range Headers() {
		names := map[string]bool{}
		for _, f := range h.Fields {
			if names[f.Name] {
				t.Errorf("%s has two fields %s", h.Name, f.Name)
			}
			names[f.Name] = true
			if f.Kind == reflect.Invalid {
				t.Errorf("%s.%s has no kind", h.Name, f.Name)
			}
		}
	}
}
