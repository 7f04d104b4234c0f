package bench

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// jsonFrame is a frame with the given header text and body.
func jsonFrame(header, body string) []byte {
	f := binary.BigEndian.AppendUint32(nil, uint32(4+len(header)+len(body)))
	f = binary.BigEndian.AppendUint32(f, uint32(len(header)))
	return append(append(f, header...), body...)
}

const javaOK = `{"code":0,"extFields":{"msgId":"7F00","queueId":"3","queueOffset":"12"},"flag":1,"language":"JAVA","opaque":1000000012,"serializeTypeCurrentRPC":"JSON","version":513}`

func TestParse(t *testing.T) {
	late := strings.Replace(javaOK, "1000000012", "1000000077", 1)
	for _, c := range []struct {
		name, header, body string
		learn              bool // an OK answer came before
		answer, fast       bool
		code, opaque       int32
		remark             string
	}{
		{name: "first OK", header: javaOK, body: "b", answer: true, opaque: 1000000012},
		{name: "next OK", header: late, body: "bb", learn: true, answer: true, fast: true, opaque: 1000000077},
		{name: "other fields before the opaque", header: strings.Replace(late, `"3"`, `"31"`, 1), learn: true, answer: true,
			fast: true, opaque: 1000000077},
		{name: "other tail", header: strings.Replace(late, "513", "1", 1), learn: true, answer: true, opaque: 1000000077},
		{name: "short opaque", header: strings.Replace(late, "1000000077", "7", 1), learn: true, answer: true, opaque: 7},
		{name: "busy", header: `{"code":2,"flag":1,"opaque":1000000001,"remark":"[OVERLOAD]busy"}`, learn: true, answer: true,
			code: 2, opaque: 1000000001, remark: "[OVERLOAD]busy"},
		{name: "code 01", header: `{"code":01,"flag":1,"opaque":1000000001}`, learn: true, answer: true, code: 1,
			opaque: 1000000001},
		{name: "a request of the server", header: `{"code":40,"extFields":{"consumerGroup":"g"},"flag":2,"opaque":5}`,
			learn: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p parser
			var a answer
			if c.learn {
				if _, err := p.parse(jsonFrame(javaOK, ""), &a); err != nil {
					t.Fatal(err)
				}
			}
			mine, err := p.parse(jsonFrame(c.header, c.body), &a)
			if err != nil || mine != c.answer {
				t.Fatalf("answer %v, %v", mine, err)
			}
			if !mine {
				return
			}
			if a.code != c.code || a.opaque != c.opaque || a.remark != c.remark || string(a.body) != c.body ||
				(a.cmd == nil) != c.fast {
				t.Errorf("got %+v, fast %v", a, a.cmd == nil)
			}
		})
	}
}

func TestParseBinary(t *testing.T) {
	h := wire.TopicHeader{Topic: "T"}
	f := wire.AppendRequest(nil, wire.SerializeBinary, 0, 1000000005, wire.TopicRequest, &h, []byte("xy"))
	var p parser
	var a answer
	if mine, err := p.parse(f, &a); err != nil || mine {
		t.Fatalf("a request: %v %v", mine, err)
	}
	f[frameHead+12] |= wire.FlagResponse
	if mine, err := p.parse(f, &a); err != nil || !mine || a.opaque != 1000000005 || string(a.body) != "xy" ||
		a.cmd != nil {
		t.Fatalf("OK answer: %v %v %+v", mine, err, a)
	}
	f[frameHead+1] = 2
	if mine, err := p.parse(f, &a); err != nil || !mine || a.code != 2 || a.cmd == nil {
		t.Fatalf("busy answer: %v %v %+v", mine, err, a)
	}
}

func TestBadFramesAreErrors(t *testing.T) {
	for _, head := range [][]byte{{0xFF, 0xFF, 0xFF, 0xFF}, {0, 0, 0, 3}, {1, 0, 0, 1}, []byte("HTTP")} {
		if n, err := frameSize(head); err == nil {
			t.Errorf("length % x was taken for a frame of %d", head, n)
		}
	}
	var p parser
	var a answer
	for _, f := range [][]byte{{0, 0, 0, 4, 0, 0, 0, 9}, {0, 0, 0, 4, 7, 0, 0, 0}, jsonFrame("{", ""), {0, 0, 0, 4}} {
		if _, err := p.parse(f, &a); err == nil {
			t.Errorf("frame % x was taken", f)
		}
	}
}

// FuzzInbound feeds any bytes in two pieces to a connection: no panic, no growth beyond a frame, and what the fast way
// accepts is what Decode says.
func FuzzInbound(f *testing.F) {
	f.Add(append(jsonFrame(javaOK, "body"), jsonFrame(javaOK, "")...), 7)
	f.Add(jsonFrame(`{"code":2,"flag":1,"opaque":1000000001,"remark":"x"}`, ""), 0)
	f.Add([]byte{0xFF, 0, 0, 0, 1}, 2)
	f.Add(append(jsonFrame(javaOK, ""), 0, 0x10, 0, 0), 100)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		w := &worker{rec: newRecorder()}
		c := &conn{w: w, addr: "fuzz", in: make([]byte, 64), slots: make([]int64, 16), job: &checkJob{t: t}}
		for i := range c.slots {
			c.slots[i] = 1
		}
		cut = max(0, min(cut, len(b)))
		for _, piece := range [][]byte{b[:cut], b[cut:]} {
			for len(piece) > 0 {
				n := copy(c.in[c.have:], piece)
				if n == 0 {
					t.Fatalf("no room in a buffer of %d bytes, %d..%d used", len(c.in), c.at, c.have)
				}
				c.have += n
				piece = piece[n:]
				if c.consume(1) != nil {
					return
				}
			}
		}
		if len(c.in) > wire.MaxFrame+lengthWord+inboundSpare {
			t.Errorf("the buffer has %d bytes", len(c.in))
		}
	})
}

// checkJob compares each answer with the full decoder's opinion.
type checkJob struct{ t *testing.T }

func (j *checkJob) more(*conn, int64) error { return nil }

func (j *checkJob) answer(c *conn, slot int32, a *answer, _, _ int64) error {
	c.slots[slot] = 1 // may come again
	c.free = c.free[:0]
	n, _ := frameSize(c.in[c.at:c.have])
	frame := c.in[c.at : c.at+n]
	var cmd wire.Command
	if err := wire.Decode(frame, &cmd); err != nil {
		return nil // the fast way looks at the ends of a header only
	}
	h := frame[frameHead : len(frame)-len(cmd.Body)]
	if bytes.Count(h, opaqueKey) == 1 && bytes.Count(h, []byte(`"code"`)) == 1 &&
		(cmd.Code != a.code || cmd.Opaque != a.opaque) {
		j.t.Errorf("%q: code %d opaque %d, decoded %d %d", h, a.code, a.opaque, cmd.Code, cmd.Opaque)
	}
	if !bytes.Equal(cmd.Body, a.body) {
		j.t.Errorf("body %q, decoded %q", a.body, cmd.Body)
	}
	return nil
}
