package broker

import (
	"errors"
	"testing"

	"gorocket/broker/service"
	"gorocket/remoting/wire"
)

// TestReasonsAreCodes: each reason of a service has Java's code; what is no refusal is SYSTEM_ERROR with its text.
func TestReasonsAreCodes(t *testing.T) {
	for why, want := range map[service.Reason]int32{
		service.NoBody: wire.SystemError, service.BadProperty: wire.SystemError, service.Mismatch: wire.SystemError,
		service.BadBatch: wire.SystemError, service.NotYet: wire.SystemError, service.NoRoom: wire.SystemError,
		service.Failed: wire.SystemError, service.UnknownOffset: wire.SystemError,
		service.NotLeader: 501, service.NotPermitted: 16, service.BadArgument: 29, service.NoTopic: 17, service.NoGroup: 26,
		service.IllegalMessage: 13, service.Unavailable: 14, service.Expired: 604, service.NoSubscription: 24,
		service.OldSubscription: 25, service.BadSubscription: 23, service.NoFilter: 27, service.OldFilter: 28,
	} {
		r, code := refusal(&service.Refusal{Reason: why, Text: "text"})
		if code != want || r.Text != "text" {
			t.Errorf("reason %d is code %d %q, want %d", why, code, r.Text, want)
		}
	}
	if r, code := refusal(errors.New("x")); code != wire.SystemError || r.Text != "x" {
		t.Errorf("another error: %d %q", code, r.Text)
	}
	for scope := service.ScopeBroker; scope <= service.ScopeSubscription; scope++ {
		if got := forbiddenTypes[scope]; got != string('0'+rune(scope)) {
			t.Errorf("scope %d is forbiddenType %s", scope, got)
		}
	}
}
