package plain

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxSpans is how many addresses and ranges one text may have.
const maxSpans = 256

// Addresses are addresses of peers as a white list writes them. The zero one has none. Java:
// RemoteAddressStrategyFactory.
type Addresses struct {
	all   bool
	spans []span
}

// span is from first to last, both of one kind.
type span struct{ first, last netip.Addr }

// ParseAddresses reads "", "*", an address, several with commas, several that differ in the last part as in
// 10.0.0.{1,2}, or a range: 10.0.0.*, 10.0.0.1-20, 10.0.1-2.*, fe80::1-20, fe80::1-20:*.
//
// What Java takes for something else than it says is refused or read as it says: what follows a range has to be *, a
// range needs its first part, and :: before a range stands for as many zeros as are missing.
func ParseAddresses(text string) (Addresses, error) {
	text = strings.TrimSpace(text)
	switch text {
	case "":
		return Addresses{}, nil
	case "*", "*.*.*.*", "*:*:*:*:*:*:*:*":
		return Addresses{all: true}, nil
	}
	var a Addresses
	for _, one := range split(text) {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if len(a.spans) == maxSpans {
			return Addresses{}, fmt.Errorf("more than %d addresses in one text", maxSpans)
		}
		s, ok := parseSpan(one)
		if !ok {
			return Addresses{}, fmt.Errorf("%.60q is neither an address nor a range of them", one)
		}
		a.spans = append(a.spans, s)
	}
	return a, nil
}

// split takes a text apart at its commas; those in braces belong to what is in front of the braces.
func split(text string) []string {
	head, tail, braces := strings.Cut(text, "{")
	inside, closed := strings.CutSuffix(tail, "}")
	if !braces || !closed || !strings.HasSuffix(head, ".") && !strings.HasSuffix(head, ":") {
		return strings.Split(text, ",")
	}
	list := strings.Split(inside, ",")
	for i := range list {
		list[i] = head + strings.TrimSpace(list[i])
	}
	return list
}

func parseSpan(text string) (span, bool) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return span{addr, addr}, true
	}
	if strings.Contains(text, ":") {
		return span6(text)
	}
	return span4(text)
}

// part is one part of an address with its range.
type part struct{ low, high uint64 }

// parsePart reads "7", "*" or "1-20" of parts up to most.
func parsePart(text string, base int, most uint64) (p part, ranged, ok bool) {
	text = strings.TrimSpace(text)
	if text == "*" {
		return part{0, most}, true, true
	}
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	a, errA := strconv.ParseUint(strings.TrimSpace(low), base, 32)
	b, errB := strconv.ParseUint(strings.TrimSpace(high), base, 32)
	return part{a, b}, ranged, errA == nil && errB == nil && a <= b && b <= most
}

// span4 reads a range of addresses of IPv4: numbers, one range or *, and nothing but * behind it.
func span4(text string) (span, bool) {
	texts := strings.Split(text, ".")
	if len(texts) != 4 || strings.TrimSpace(texts[0]) == "*" || strings.Contains(texts[0], "-") {
		return span{}, false
	}
	var first, last [4]byte
	open := false
	for i, t := range texts {
		p, ranged, ok := parsePart(t, 10, 255)
		if !ok || open && strings.TrimSpace(t) != "*" {
			return span{}, false
		}
		open = open || ranged
		first[i], last[i] = byte(p.low), byte(p.high)
	}
	return span{netip.AddrFrom4(first), netip.AddrFrom4(last)}, open
}

// span6 reads a range of addresses of IPv6: the last part is a range or *, or the last but one a range and the last *.
func span6(text string) (span, bool) {
	rest, last := cutLast(text)
	parts := make([]part, 0, 2)
	if strings.TrimSpace(last) == "*" {
		if before, inner := cutLast(rest); strings.Contains(inner, "-") {
			rest, last = before, inner
			parts = append(parts, part{0, 0xffff})
		}
	}
	p, ranged, ok := parsePart(last, 16, 0xffff)
	if !ok || !ranged {
		return span{}, false
	}
	parts = append([]part{p}, parts...)
	head, ok := head6(rest, 8-len(parts))
	if !ok {
		return span{}, false
	}
	first, end := head, head
	for i, p := range parts {
		at := 2 * (8 - len(parts) + i)
		first[at], first[at+1] = byte(p.low>>8), byte(p.low)
		end[at], end[at+1] = byte(p.high>>8), byte(p.high)
	}
	return span{netip.AddrFrom16(first), netip.AddrFrom16(end)}, true
}

func cutLast(text string) (before, last string) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return "", text
	}
	return text[:at], text[at+1:]
}

// head6 is the first n parts of an address, with zeros behind them.
func head6(text string, n int) (addr [16]byte, ok bool) {
	zeros := strings.Repeat(":0", 8-n)
	if strings.HasSuffix(text, ":") { // of a :: that is cut in the middle
		text += ":"
		zeros = strings.TrimPrefix(zeros, ":")
	}
	a, err := netip.ParseAddr(text + zeros)
	if err != nil || !a.Is6() || a.Zone() != "" || strings.Contains(text, ".") {
		return addr, false
	}
	return a.As16(), true
}

// Match tells whether a peer's address, unmapped and without a zone, is one of them.
func (a *Addresses) Match(peer netip.Addr) bool {
	if a.all {
		return true
	}
	for i := range a.spans {
		s := &a.spans[i]
		if peer.BitLen() == s.first.BitLen() && s.first.Compare(peer) <= 0 && peer.Compare(s.last) <= 0 {
			return true
		}
	}
	return false
}

// All tells whether it is every address.
func (a *Addresses) All() bool { return a.all }
