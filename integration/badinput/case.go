// Package badinput is a script of wrong requests: what it sends, how the answers of a real Java broker were recorded,
// and how another server's answers are compared with them.
package badinput

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorocket/integration/wire"
)

// Profile is the configuration of the servers under a set of cases.
type Profile string

// The two profiles: Java's defaults, and both kinds of auto-creation switched off.
const (
	Default Profile = "default"
	Strict  Profile = "strict"
)

// Step is one request and, once recorded, its answer. Strings may hold ${repeat TEXT N}.
type Step struct {
	Why      string         `json:"why,omitempty"`
	To       string         `json:"to,omitempty"` // "namesrv" or empty for the broker
	Code     int            `json:"code,omitempty"`
	Flag     int            `json:"flag,omitempty"`
	Ext      map[string]any `json:"extFields,omitempty"`
	NoExt    bool           `json:"noExtFields,omitempty"`
	Body     string         `json:"body,omitempty"`
	BodyHex  string         `json:"bodyHex,omitempty"`
	RawHex   string         `json:"rawHex,omitempty"` // the whole frame, replaces everything above
	Setup    bool           `json:"setup,omitempty"`  // prepares the next step: its answer is not compared
	WaitMs   int            `json:"waitMs,omitempty"` // how long to wait for an answer, default 5000
	Loose    []string       `json:"loose,omitempty"`  // extFields whose values may differ
	Answer   *Answer        `json:"answer,omitempty"`
	Compared Level          `json:"compared,omitempty"`
}

// Answer is what came back, with variable parts replaced by placeholders.
type Answer struct {
	Code     int               `json:"code"`
	Remark   string            `json:"remark,omitempty"`
	Ext      map[string]string `json:"extFields,omitempty"`
	Body     string            `json:"body,omitempty"`
	BodyHex  string            `json:"bodyHex,omitempty"`
	BodySize int               `json:"bodySize,omitempty"`
	Closed   bool              `json:"closed,omitempty"`   // the server closed the connection
	NoAnswer bool              `json:"noAnswer,omitempty"` // nothing came, the connection stayed open
}

// Case is a row of steps on one connection to each server.
type Case struct {
	Name  string `json:"name"`
	Steps []Step `json:"steps"`
}

// File is one recording: cases of one subject under one profile.
type File struct {
	Subject string  `json:"subject"`
	Profile Profile `json:"profile"`
	Server  string  `json:"server"` // version of the servers that answered
	Cases   []Case  `json:"cases"`
}

// Level says how much of a remark must agree with Java's.
type Level string

// Remark: all of it. Prefix: up to the first Java stack frame or link. Code: only the code, since the remark is the
// text of a Java exception that no other program can produce.
const (
	Remark Level = "remark"
	Prefix Level = "prefix"
	Code   Level = "code"
)

var repeat = regexp.MustCompile(`\$\{repeat (\S+) (\d+)\}`)

func expand(s string) string {
	return repeat.ReplaceAllStringFunc(s, func(m string) string {
		g := repeat.FindStringSubmatch(m)
		n, _ := strconv.Atoi(g[2])
		return strings.Repeat(g[1], n)
	})
}

// bytes builds the frame of the step.
func (s Step) bytes(opaque int32) ([]byte, error) {
	if s.RawHex != "" {
		return hex.DecodeString(expand(s.RawHex))
	}
	r := wire.Request{Code: s.Code, Flag: s.Flag, NoExt: s.NoExt, Body: []byte(expand(s.Body)), Ext: map[string]any{}}
	if s.BodyHex != "" {
		raw, err := hex.DecodeString(s.BodyHex)
		if err != nil {
			return nil, fmt.Errorf("badinput: bodyHex: %w", err)
		}
		r.Body = raw
	}
	for k, v := range s.Ext {
		if text, ok := v.(string); ok {
			v = expand(text)
		}
		r.Ext[k] = v
	}
	return wire.Encode(r, opaque)
}

// bodyLimit is the largest body, in bytes, that a recording holds.
const bodyLimit = 2048

func newAnswer(r wire.Response, n normaliser) *Answer {
	a := &Answer{Code: r.Code, Remark: n.text(r.Remark), BodySize: len(r.Body)}
	for k, v := range r.Ext {
		if a.Ext == nil {
			a.Ext = map[string]string{}
		}
		a.Ext[k] = n.text(v)
	}
	switch {
	case len(r.Body) > bodyLimit:
	case utf8.Valid(r.Body) && !strings.ContainsRune(string(r.Body), 0):
		a.Body = n.text(string(r.Body))
	default:
		a.BodyHex = hex.EncodeToString(r.Body)
	}
	return a
}
