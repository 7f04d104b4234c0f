package config

import (
	"errors"
	"strings"
	"testing"

	"gorocket/compat"
)

type inner struct {
	Port int `prop:"listenPort"`
}

type conf struct {
	inner
	Name   string `prop:"brokerName"`
	Role   string `prop:"brokerRole"`
	Auto   bool   `prop:"autoCreateTopicEnable"`
	Gap    int64  `prop:"haMaxGapNotInSync"`
	Small  int32  `prop:"small"`
	Secret string `prop:"secretKey"`
	Other  string
}

func (*conf) Keys() Table {
	secret := text("secretKey", "", Restart, "")
	secret.Secret = true
	return join(Table{secret}, Table{
		number("listenPort", 10911, 0, 65535, Count, Start, ""), text("brokerName", "b", Now, ""),
		choice("brokerRole", "ASYNC_MASTER", Start, []string{"ASYNC_MASTER", "SYNC_MASTER", "SLAVE"}, ""),
		flag("autoCreateTopicEnable", true, Now, ""), number("haMaxGapNotInSync", 1<<28, minLong, maxLong, Bytes, Now, ""),
		number("small", 0, minLong, maxLong, Count, Restart, ""),
	})
}

func parsed(t *testing.T, text string) *compat.Properties {
	t.Helper()
	p, err := compat.ParseProperties([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBind(t *testing.T) {
	var c conf
	SetDefaults(&c)
	unknown, err := Bind(parsed(t, "listenPort = 7\nzzz=1\nbrokerRole=SLAVE \nautoCreateTopicEnable=FALSE\n"+
		"haMaxGapNotInSync=5\nyyy=\nsecretKey=s3\nsmall=-3"), &c)
	if err != nil {
		t.Fatal(err)
	}
	want := conf{inner: inner{7}, Name: "b", Role: "SLAVE", Gap: 5, Small: -3, Secret: "s3"}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if strings.Join(unknown, ",") != "zzz,yyy" {
		t.Errorf("unknown = %q", unknown)
	}
}

func TestBindRefuses(t *testing.T) {
	for _, c := range []struct{ key, value, says string }{
		{"listenPort", "abc", "whole number of 64 bits"}, {"listenPort", "-1", "at least 0"},
		{"listenPort", "65536", "at most 65535"}, {"autoCreateTopicEnable", "yes", "true or false"},
		{"brokerRole", "MASTER", "SYNC_MASTER"}, {"small", "3000000000", "32 bits"},
		{"haMaxGapNotInSync", "", "whole number"},
	} {
		var target conf
		SetDefaults(&target)
		before := target
		_, err := Bind(parsed(t, "\n"+c.key+"="+c.value), &target)
		var ce *Error
		if !errors.As(err, &ce) || ce.Key != c.key || ce.Value != c.value || ce.Line != 2 ||
			!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "(line 2)") {
			t.Errorf("%s=%s: got %v", c.key, c.value, err)
		}
		if target != before {
			t.Errorf("%s=%s: set all the same", c.key, c.value)
		}
	}
}

func TestBindJoinsErrors(t *testing.T) {
	var c conf
	_, err := Bind(parsed(t, "listenPort=x\nsmall=y\nbrokerName=good"), &c)
	if err == nil || !strings.Contains(err.Error(), "listenPort") || !strings.Contains(err.Error(), "small") ||
		c.Name != "good" {
		t.Errorf("got %v, %+v", err, c)
	}
}

func TestCheckAndChanged(t *testing.T) {
	var c conf
	SetDefaults(&c)
	if err := Check(&c); err != nil {
		t.Error(err)
	}
	next := c
	next.Port, next.Role, next.Small, next.Auto = 70000, "KING", 4, false
	if err := Check(&next); err == nil || !strings.Contains(err.Error(), "70000") ||
		!strings.Contains(err.Error(), "KING") {
		t.Errorf("got %v", err)
	}
	for e, want := range map[Effect]string{Start: "listenPort,brokerRole", Restart: "small",
		Now: "autoCreateTopicEnable"} {
		if got := strings.Join(Changed(&c, &next, e), ","); got != want {
			t.Errorf("%v: %s, want %s", e, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	var c conf
	SetDefaults(&c)
	c.Secret = "s3"
	want := "listenPort=10911\nbrokerName=b\nbrokerRole=ASYNC_MASTER\nautoCreateTopicEnable=true\n" +
		"haMaxGapNotInSync=268435456\nsmall=0\nsecretKey=s3\n"
	if got := string(Properties(&c).Format()); got != want {
		t.Errorf("got %q", got)
	}
	var f field
	for _, f = range fields(&c) {
		if f.key.Name == "secretKey" {
			break
		}
	}
	if err := f.refuse("s3", "no"); strings.Contains(err.Error(), "s3") || err.Value != "***" {
		t.Errorf("a secret is told: %v", err)
	}
}

type wrongDefault struct {
	N int `prop:"n"`
}

func (*wrongDefault) Keys() Table { return Table{text("n", "x", Now, "")} }

type noKey struct {
	N int `prop:"m"`
}

func (*noKey) Keys() Table { return nil }

// Faults of the program are found at once.
func TestFaultsOfTheProgramPanic(t *testing.T) {
	for _, c := range []Target{&wrongDefault{}, &noKey{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T: no panic", c)
				}
			}()
			SetDefaults(c)
		}()
	}
}

// TestTables: each key stands once in a table, has a meaning, a default within its bounds, and bounds in order.
func TestTables(t *testing.T) {
	for name, table := range map[string]Table{"broker": BrokerFile, "namesrv": NameServer} {
		seen, port := map[string]bool{}, Key{}
		for _, k := range table {
			if seen[k.Name] || k.Doc == "" || k.Min > k.Max {
				t.Errorf("%s: %+v", name, k)
			}
			java := IsJavaKey(k.Name) || k.Name == "timerStopDequeue" || // Java has no setter
				strings.HasPrefix(k.Name, "tls.") // system properties
			if name == "broker" && k.Ours == java {
				t.Errorf("%s: %s ours: %v", name, k.Name, k.Ours)
			}
			if seen[k.Name] = true; k.Name == "listenPort" {
				port = k
			}
		}
		if port.Max < 60000 {
			t.Errorf("%s: %+v", name, port)
		}
	}
}

func TestDelayLevels(t *testing.T) {
	levels, err := DelayLevels("1s  5s 10m 2h 1d 0s")
	want := []int64{1000, 5000, 600_000, 7_200_000, 86_400_000, 0}
	if err != nil || len(levels) != len(want) {
		t.Fatalf("%v, %v", levels, err)
	}
	for i := range want {
		if levels[i] != want[i] {
			t.Errorf("level %d: %d, want %d", i+1, levels[i], want[i])
		}
	}
	for _, bad := range []string{"", " ", "1", "s", "1x", "-1s", "1s 2147483648s", "1.5s", "1 s"} {
		if got, err := DelayLevels(bad); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}
