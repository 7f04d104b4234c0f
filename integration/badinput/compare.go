package badinput

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// normaliser replaces what differs from run to run: addresses, ports, times, ids.
type normaliser struct {
	plain *strings.Replacer
}

func newNormaliser(broker, namesrv, dir, host string) normaliser {
	return normaliser{strings.NewReplacer(broker, "${broker}", namesrv, "${namesrv}", dir, "${dir}", host, "${host}")}
}

var variable = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "${client}"},
	{regexp.MustCompile(`\b([0-9A-F]{32}|[0-9A-F]{56})\b`), "${msgId}"},
	{regexp.MustCompile(`\b1[789]\d{11}\b`), "${time}"},
	{regexp.MustCompile(`@[0-9a-f]{6,8}\b`), "@${hash}"},
	{regexp.MustCompile(`\b\d+(\.\d+)?ms\b`), "${ms}ms"},
}

func (n normaliser) text(s string) string {
	s = n.plain.Replace(s)
	for _, v := range variable {
		s = v.what.ReplaceAllLiteralString(s, v.with)
	}
	return s
}

var (
	stackFrame = regexp.MustCompile(`, [\w.$/@]+\.[\w<>$]+\([\w ]+(\.java:\d+)?\)`)
	// exceptions of the JDK, of fastjson and of netty: their texts are nobody's protocol
	foreign = regexp.MustCompile(`^(java\.|com\.alibaba\.|io\.netty\.|Cannot (invoke|read) )`)
)

// level decides how a recorded remark is compared.
func level(remark string) Level {
	switch {
	case foreign.MatchString(remark):
		return Code
	case prefix(remark) != remark:
		return Prefix
	default:
		return Remark
	}
}

// prefix cuts a remark before Java's stack frame or the link to Apache's FAQ.
func prefix(remark string) string {
	if at := stackFrame.FindStringIndex(remark); at != nil {
		remark = remark[:at[0]]
	}
	before, _, _ := strings.Cut(remark, "\nSee http")
	return before
}

// differs lists how got deviates from what Java answered; empty means same.
func (s Step) differs(got *Answer) []string {
	want := s.Answer
	if s.Setup || want == nil {
		return nil
	}
	if want.Closed != got.Closed || want.NoAnswer != got.NoAnswer {
		return []string{fmt.Sprintf("closed %v, no answer %v; Java: closed %v, no answer %v", got.Closed, got.NoAnswer,
			want.Closed, want.NoAnswer)}
	}
	var out []string
	if got.Code != want.Code {
		out = append(out, fmt.Sprintf("code %d (%q), Java %d (%q)", got.Code, got.Remark, want.Code, want.Remark))
	}
	if d := s.remarkDiffers(got.Remark); d != "" {
		out = append(out, d)
	}
	if (got.BodySize > 0) != (want.BodySize > 0) {
		out = append(out, fmt.Sprintf("body of %d bytes, Java %d", got.BodySize, want.BodySize))
	}
	return append(out, s.extDiffers(got.Ext)...)
}

func (s Step) remarkDiffers(got string) string {
	want := s.Answer.Remark
	switch s.Compared {
	case Code:
		return ""
	case Prefix:
		if strings.HasPrefix(got, prefix(want)) {
			return ""
		}
	default:
		if got == want {
			return ""
		}
	}
	return fmt.Sprintf("remark %q, Java %q (%s)", got, want, s.Compared)
}

func (s Step) extDiffers(got map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(s.Answer.Ext)) {
		want := s.Answer.Ext[k]
		v, ok := got[k]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("extField %s missing, Java %q", k, want))
		case v != want && !slices.Contains(s.Loose, k):
			out = append(out, fmt.Sprintf("extField %s = %q, Java %q", k, v, want))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := s.Answer.Ext[k]; !ok {
			out = append(out, fmt.Sprintf("extField %s = %q, Java has none", k, got[k]))
		}
	}
	return out
}
