package plain

import (
	"net/netip"
	"strings"
	"testing"
)

// TestAddresses: which addresses a text has. Java's cases: RemoteAddressStrategyTest.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ text, in, out string }{
		{"", "", "127.0.0.1 ::1"}, {" ", "", "127.0.0.1"},
		{"*", "127.0.0.1 ::1", ""}, {"*.*.*.*", "1.2.3.4 ::1", ""}, {"*:*:*:*:*:*:*:*", "1.2.3.4 ::1", ""},
		{"127.0.0.1", "127.0.0.1", "127.0.0.2 ::1"}, {"::1", "::1", "::2 0.0.0.1"},
		{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"},
		{"5::7:6:1-200:*", "5::7:6:1:7 5::7:6:200:ffff", "5::7:7:1:7 5::7:6:201:1 5::7:6:0:1"},
		{"fe80:0:0:0:0:0:0:0-1f", "fe80::1f fe80::", "fe80::20 fe80:0:5::"}, {"fe80::1-1f", "fe80::1 fe80::1f", "fe80::20 fe80:0:5::"},
		{"fe80::*", "fe80::ffff fe80::", "fe80::1:0"}, {"1:2:3:4:5:6:7:*", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:8:8"},
		{"127.0.0.{1,2,3}", "127.0.0.1 127.0.0.3", "127.0.0.4"}, {"1:2:3:4:5:6:7:{8,a}", "1:2:3:4:5:6:7:a", "1:2:3:4:5:6:7:9"},
		{"127.0.0.1,127.0.0.3, ::1", "127.0.0.1 127.0.0.3 ::1", "127.0.0.2"},
		{"127.0.0.*", "127.0.0.0 127.0.0.255", "127.0.1.0"}, {"127.0.1-20.*", "127.0.1.0 127.0.20.255", "127.0.0.255 127.0.21.0"},
		{"127.*.*.*", "127.255.255.255", "128.0.0.0"}, {"10.0.0.5-5", "10.0.0.5", "10.0.0.4 10.0.0.6"},
		{"10.0.0.1-3,10.0.1.*", "10.0.0.2 10.0.1.9", "10.0.2.1"}, // Java: no ranges in a list
	} {
		a, err := ParseAddresses(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		for _, ip := range strings.Fields(c.in) {
			if !a.Match(netip.MustParseAddr(ip)) {
				t.Errorf("%q has not %s", c.text, ip)
			}
		}
		for _, ip := range strings.Fields(c.out) {
			if a.Match(netip.MustParseAddr(ip)) {
				t.Errorf("%q has %s", c.text, ip)
			}
		}
		if a.Match(netip.Addr{}) != a.All() {
			t.Errorf("%q: an unknown address", c.text)
		}
	}
	for _, bad := range []string{"x", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.4-", "1.2.3.9-4", "1.2.3.1-2-3",
		"*.1.2.3", "1-2.3.4.5", "10.1-3.5.7", "10.*.5.7", "1.2.3.{4", "1.2.{3}.4", "1.2.{3,4}", "{1.2.3.4}", "1.2.3.{x}", "host.name",
		"10.0.0.0/8", "fe80::1%eth0", "1:2:3:4:5:6:7:8:*", "1:2:*:4:5:6:7:8", "1:2:3-4:5:6:7:8:9", "::1-2:3", "*:1", "::1-10000",
		"1.2.3.4:*", "-", "*-*", "01.2.3.*x", strings.Repeat("1.1.1.1,", maxSpans+1)} {
		if a, err := ParseAddresses(bad); err == nil {
			t.Errorf("%.40q: taken, %d spans", bad, len(a.spans))
		}
	}
}

// FuzzAddresses: no text panics, and what is taken has its own bounds and not what is beyond them.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"*", "10.0.0.1-20", "10.0.1-2.*", "fe80::1-20:*", "1.2.3.{4,5}", "1.1.1.1,::1", "::*", "1:2:3:4:5:6:7:{8,a}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddresses(text)
		if err != nil {
			return
		}
		if len(a.spans) > maxSpans {
			t.Fatalf("%d spans", len(a.spans))
		}
		for _, s := range a.spans {
			if s.first.BitLen() != s.last.BitLen() || s.last.Less(s.first) || s.first.Is4In6() {
				t.Fatalf("%q: from %s to %s", text, s.first, s.last)
			}
			one := Addresses{spans: []span{s}}
			if !one.Match(s.first) || !one.Match(s.last) || s.last.Next().IsValid() && one.Match(s.last.Next()) ||
				s.first.Prev().IsValid() && one.Match(s.first.Prev()) {
				t.Fatalf("%q: from %s to %s", text, s.first, s.last)
			}
		}
	})
}

// FuzzAccounts: no file panics or takes more than its limits; what is taken can be changed, and says the same then.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte(accounts))
	f.Add([]byte("globalWhiteRemoteAddresses: [10.0.0.*]\ndataVersion:\n- {counter: 1, timestamp: 2}\n"))
	f.Add([]byte("a: &a [x]\nb: *a\naccounts:\n"))
	f.Add([]byte("? {a: b}\n: |\n  text\n"))
	f.Add([]byte("accounts:\n- {accessKey: 0A00000, secretKey: 000000A, topicPerms, groupPerms: , '': ''}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &state{accounts: map[string]*account{}}
		if err := s.add("f.yml", data); err != nil {
			return
		}
		if len(s.accounts) > maxAccounts {
			t.Fatalf("%d accounts", len(s.accounts))
		}
		again, ok := rewritten(t, data)
		if !ok {
			return
		}
		for key, a := range s.accounts {
			b := again.accounts[key]
			if b == nil || b.SecretKey != a.SecretKey || b.Admin != a.Admin || len(b.topics) != len(a.topics) ||
				b.topic != a.topic || b.WhiteRemoteAddress != a.WhiteRemoteAddress {
				t.Fatalf("%q became\n%+v", data, b)
			}
		}
	})
}
