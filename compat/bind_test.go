package compat

import (
	"errors"
	"strings"
	"testing"
)

type inner struct {
	Port int `prop:"listenPort" default:"10911" min:"0" max:"65535"`
}

type conf struct {
	inner
	Name   string  `prop:"brokerName" default:"b"`
	Role   string  `prop:"brokerRole" default:"ASYNC_MASTER" enum:"ASYNC_MASTER,SYNC_MASTER,SLAVE"`
	Auto   bool    `prop:"autoCreateTopicEnable" default:"true"`
	Gap    int64   `prop:"haMaxGapNotInSync" alias:"haSlaveFallbehindMax" default:"268435456"`
	Small  int32   `prop:"small"`
	Ratio  float64 `prop:"ratio" default:"0.5" min:"0" max:"1"`
	Secret string  `prop:"secretKey" secret:"true"`
	Other  string
}

func parsed(t *testing.T, text string) *Properties {
	t.Helper()
	p, err := ParseProperties([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBindProperties(t *testing.T) {
	var c conf
	SetDefaults(&c)
	unknown, err := BindProperties(parsed(t, "listenPort = 7\nzzz=1\nbrokerRole=SLAVE \nautoCreateTopicEnable=FALSE\nhaSlaveFallbehindMax=5\nratio=0.75\nyyy=\nsecretKey=s3\nsmall=-3"), &c)
	if err != nil {
		t.Fatal(err)
	}
	want := conf{inner: inner{7}, Name: "b", Role: "SLAVE", Gap: 5, Small: -3, Ratio: 0.75, Secret: "s3"}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if strings.Join(unknown, ",") != "zzz,yyy" {
		t.Errorf("unknown = %q", unknown)
	}
}

func TestBindPropertiesRefuses(t *testing.T) {
	for _, c := range []struct{ text, key, value string }{
		{"listenPort=abc", "listenPort", "abc"}, {"listenPort=-1", "listenPort", "-1"}, {"listenPort=65536", "listenPort", "65536"},
		{"autoCreateTopicEnable=yes", "autoCreateTopicEnable", "yes"}, {"brokerRole=MASTER", "brokerRole", "MASTER"},
		{"small=3000000000", "small", "3000000000"}, {"ratio=1.5", "ratio", "1.5"}, {"ratio=NaN", "ratio", "NaN"}, {"haMaxGapNotInSync=", "haMaxGapNotInSync", ""},
	} {
		var target conf
		_, err := BindProperties(parsed(t, c.text), &target)
		var ce *ConfigError
		if !errors.As(err, &ce) || ce.Key != c.key || ce.Value != c.value {
			t.Errorf("%s: got %v", c.text, err)
		}
	}
}

func TestBindPropertiesJoinsErrors(t *testing.T) {
	var c conf
	_, err := BindProperties(parsed(t, "listenPort=x\nratio=y\nbrokerName=good"), &c)
	if err == nil || !strings.Contains(err.Error(), "listenPort") || !strings.Contains(err.Error(), "ratio") || c.Name != "good" {
		t.Errorf("got %v, %+v", err, c)
	}
}

func TestToPropertiesAndRedacted(t *testing.T) {
	var c conf
	SetDefaults(&c)
	c.Secret = "s3"
	want := "listenPort=10911\nbrokerName=b\nbrokerRole=ASYNC_MASTER\nautoCreateTopicEnable=true\nhaMaxGapNotInSync=268435456\nsmall=0\nratio=0.5\nsecretKey=s3\n"
	if got := string(ToProperties(&c).Format()); got != want {
		t.Errorf("got %q", got)
	}
	if got := string(Redacted(&c).Format()); strings.Contains(got, "s3") || !strings.Contains(got, "secretKey=***") {
		t.Errorf("got %q", got)
	}
}

func TestSetDefaultsPanicsOnAWrongDefault(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	SetDefaults(&struct {
		N int `prop:"n" default:"x"`
	}{})
}
