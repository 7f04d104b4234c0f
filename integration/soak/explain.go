package main

// A member commits every 5 s and when it leaves politely; the next owner of its queues starts at the last commit. So a
// message may come a second time if the group changed after the first delivery and before what the member had consumed
// by then was committed, or a little before the first delivery: the old owner goes on until it hears of the change
// itself.
const (
	commitMillis   = 5_000
	slackMillis    = 3_000  // a loaded machine
	handOverMillis = 25_000 // a member that missed the notice balances every 20 s
)

// delivery is one message at one member.
type delivery struct {
	at     int64 // ms since 1970, the member's clock
	offset int64
	queue  int32
	member int32
}

// why says by what rule the second of two deliveries was allowed; "" when by none.
func why(first, second delivery, changes []change) string {
	if second.at < first.at {
		first, second = second, first
	}
	for _, c := range changes {
		if c.at < first.at-handOverMillis || c.at > second.at || c.at > first.at+commitMillis+slackMillis {
			continue
		}
		switch {
		case !c.joined && c.member == first.member && c.politely:
			return "its member left"
		case !c.joined && c.member == first.member:
			return "its member was killed before its commit"
		}
	}
	early, reason := int64(handOverMillis), "its queue moved to another member"
	if first.member == second.member {
		// the member did hear of the change: it gave the queue up
		early, reason = slackMillis, "its queue moved away and came back"
	}
	for _, c := range changes {
		if c.at >= first.at-early && c.at <= second.at && c.at <= first.at+commitMillis+slackMillis {
			return reason
		}
	}
	return ""
}
