package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"gorocket/cmd/gorocket/access"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestMembersAreTold: who has no group, and a group without a leader, are told so.
func TestMembersAreTold(t *testing.T) {
	for _, x := range []struct {
		group wire.ControllerMetadataHeader
		want  string
	}{
		{wire.ControllerMetadataHeader{Group: "g", Peers: "n0:h:1;n1:h:2;", LeaderID: "n1", LeaderAddress: "h:2"},
			"group g\nn0  h:1\nn1  h:2  leads\n"},
		{wire.ControllerMetadataHeader{Group: "g", Peers: "n0:h:1;"},
			"group g\nn0  h:1\nnone leads: a majority of them has to run\n"},
		{wire.ControllerMetadataHeader{Group: "g"},
			"group g\nthis controller belongs to no group yet (controllerJoin=true): ask one that does to add it\n"},
	} {
		var out bytes.Buffer
		if err := printMembers(&out)(context.Background(), nil, &x.group); err != nil || out.String() != x.want {
			t.Errorf("%q, want %q (%v)", out.String(), x.want, err)
		}
	}
}

// TestNoController: who asks a NameServer or a broker is told that.
func TestNoController(t *testing.T) {
	addr := remotingtest.Serve(t)
	if err := withClient(addr, access.Access{}, printMembers(new(bytes.Buffer))); err == nil ||
		!strings.HasPrefix(err.Error(), addr+" is no controller") {
		t.Error(err)
	}
}
