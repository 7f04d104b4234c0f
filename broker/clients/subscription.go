package clients

import (
	"slices"
	"strings"

	"gorocket/broker/filter"
	"gorocket/compat"
	"gorocket/store/record"
)

// Subscription is a parsed SubscriptionData. Immutable. Java: SubscriptionData with ExpressionMessageFilter.
type Subscription struct {
	SubscriptionData
	All  bool           // everything matches by its tags code
	Expr *filter.Filter // what else must match; nil for tags
}

// NewSubscription is a subscription by data; data's code set is sorted in place.
func NewSubscription(d SubscriptionData) *Subscription {
	slices.Sort(d.CodeSet)
	return &Subscription{SubscriptionData: d, All: d.SubString == "*" || d.ClassFilterMode ||
		!filter.IsTag(d.ExpressionType)}
}

// ParseSubscription builds a subscription from an expression. Java: FilterAPI.build, buildSubscriptionData.
func ParseSubscription(topic, expression, expressionType string) (*Subscription, bool) {
	d := SubscriptionData{Topic: topic, SubString: expression, ExpressionType: expressionType}
	if filter.IsTag(expressionType) {
		d.ExpressionType = "TAG"
		if expression == "" || expression == "*" {
			d.SubString = "*"
			return NewSubscription(d), true
		}
		tags := splitTags(expression)
		if len(tags) == 0 {
			return nil, false
		}
		for _, tag := range tags {
			d.TagsSet = append(d.TagsSet, tag)
			d.CodeSet = append(d.CodeSet, compat.HashCode(tag))
		}
		return NewSubscription(d), true
	}
	if expression == "" {
		return nil, false
	}
	return NewSubscription(d), true
}

func splitTags(expression string) (tags []string) {
	for tag := range strings.SplitSeq(expression, "||") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// MatchTagsCode compares hash codes only: clients compare the text. Part of store.MessageFilter.
func (s *Subscription) MatchTagsCode(code int64) bool {
	if s.All {
		return true
	}
	_, found := slices.BinarySearch(s.CodeSet, int32(code))
	return found
}

// MatchBitMap looks at the note made when the message was stored. Part of store.BitMapFilter.
func (s *Subscription) MatchBitMap(storeTimestamp int64, bitMap []byte) bool {
	return s.Expr == nil || s.Expr.MatchBitMap(storeTimestamp, bitMap)
}

// MatchRecord evaluates the expression on the record's properties; tags were decided by the consume queue entry. Part
// of store.MessageFilter.
func (s *Subscription) MatchRecord(rec []byte) bool {
	if s.Expr == nil {
		return true
	}
	m, err := record.Decode(rec)
	return err == nil && s.Expr.MatchProperties(m.Properties)
}
