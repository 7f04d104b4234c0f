package slave

import (
	"context"
	"fmt"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// FieldCommittedHere, with the value "true", asks with GET_ALL_CONSUMER_OFFSET for what clients committed to a slave
// while its master was away, and nothing else; its answer has the field too. Java ignores it, and answers everything.
const FieldCommittedHere = "committedHere"

// AskProgress asks a slave for the offsets that may be further on than its master's, in the shape of
// consumerOffset.json. One of ours names those that clients committed there while the master was away; of a Java slave
// they are all that it has.
func AskProgress(ctx context.Context, client *remoting.Client, addr string) (map[string]map[int]int64, error) {
	h := wire.CommittedHereHeader{CommittedHere: "true"}
	resp, err := remoting.Call(ctx, client, addr, wire.ReqGetAllConsumerOffset, wire.CommittedHereRequest, &h, nil)
	if err != nil {
		return nil, err
	}
	var w progressTable
	if err := compat.Unmarshal(resp.Body, &w); err != nil {
		return nil, fmt.Errorf("answer of %s to request %d: %w", addr, wire.ReqGetAllConsumerOffset, err)
	}
	return w.OffsetTable, nil
}
