package auth

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"gorocket/remoting/wire"
)

// fields makes extFields of key, value, key, value.
func fields(kv ...string) (list []wire.Field) {
	for i := 0; i < len(kv); i += 2 {
		list = append(list, wire.Field{Key: []byte(kv[i]), Value: []byte(kv[i+1])})
	}
	return list
}

// signed adds the signature of key to a request.
func signed(k *Key, c *wire.Command) *wire.Command {
	c.Fields = append(c.Fields, wire.Field{Key: []byte(FieldSignature), Value: []byte(k.Sign(c.Fields, c.Body))})
	return c
}

// plainSign is Java's AclUtils and AclSigner, written down without a thought for speed.
func plainSign(secret string, list []wire.Field, body []byte, skip ...string) string {
	values := map[string]string{}
	for _, f := range list {
		values[string(f.Key)] = string(f.Value)
	}
	delete(values, FieldSignature)
	for _, key := range skip {
		delete(values, key)
	}
	keys := []string{}
	for key := range values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	})
	mac := hmac.New(sha1.New, []byte(secret))
	for _, key := range keys {
		mac.Write([]byte(values[key]))
	}
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// TestSignature: the values by key in UTF-16 order, without the signature itself, and the body; the order in which the
// fields come, and which of them anybody knows, play no part.
func TestSignature(t *testing.T) {
	k := NewKey("sécret12345")
	many := []string{}
	for i := range 100 {
		many = append(many, fmt.Sprintf("k%d", (i*37)%100), fmt.Sprint(i))
	}
	for name, list := range map[string][]wire.Field{
		"none": nil, "one": fields("AccessKey", "a"), "empty values": fields("b", "", "a", ""),
		"out of order":        fields("topic", "T", "a", "1", "queueId", "3", "AccessKey", "u"),
		"with a signature":    fields("z", "1", FieldSignature, "x", "a", "2"),
		"twice":               fields("a", "old", "b", "2", "a", "new"),
		"beyond U+FFFF":       fields("k\uE000", "private", "k😀", "smile", "k\uFFFD", "last", "kz", "ascii"),
		"one begins another":  fields("ab", "1", "a", "2", "abc", "3", "é", "4", "éa", "5"),
		"alike for long":      fields("abcdefghj", "1", "abcdefgh", "2", "abcdefghi", "3", "abcdefghij", "4", "abcdefg", "5"),
		"alike, turned":       fields("abcdefgh", "1", "abcdefghi", "2"),
		"many":                fields(many...),
		"values not in ASCII": fields("p", "消息", "q", "ü"),
	} {
		for _, body := range []string{"", "body", strings.Repeat("b", 100000)} {
			want := plainSign("sécret12345", list, []byte(body))
			if got := k.Sign(list, []byte(body)); got != want {
				t.Errorf("%s, body of %d: %s, want %s", name, len(body), got, want)
			}
			backwards := slices.Clone(list)
			if name != "twice" {
				slices.Reverse(backwards)
			}
			c := &wire.Command{Version: 513, Fields: append(backwards, fields(FieldSignature, want)...), Body: []byte(body)}
			if !k.Verify(c) {
				t.Errorf("%s, body of %d: not verified", name, len(body))
			}
			if NewKey("sécret12346").Verify(c) {
				t.Errorf("%s: another key verifies it", name)
			}
		}
	}
}

// TestVerifyRefuses: no signature, one of something else, and one that decodes to the same bytes but reads differently.
func TestVerifyRefuses(t *testing.T) {
	k := NewKey("12345678")
	good := k.Sign(fields("a", "1"), []byte("x"))
	for name, c := range map[string]*wire.Command{
		"none": {Fields: fields("a", "1"), Body: []byte("x")}, "empty": {Fields: fields("a", "1", FieldSignature, ""),
			Body: []byte("x")},
		"a value":      {Fields: fields("a", "2", FieldSignature, good), Body: []byte("x")},
		"another":      {Fields: fields("a", "1", "b", "2", FieldSignature, good), Body: []byte("x")},
		"body":         {Fields: fields("a", "1", FieldSignature, good), Body: []byte("y")},
		"no body":      {Fields: fields("a", "1", FieldSignature, good)},
		"cut":          {Fields: fields("a", "1", FieldSignature, good[:27]), Body: []byte("x")},
		"longer":       {Fields: fields("a", "1", FieldSignature, good+"="), Body: []byte("x")},
		"the last one": {Fields: fields("a", "1", FieldSignature, good, FieldSignature, "x"), Body: []byte("x")},
	} {
		if k.Verify(c) {
			t.Errorf("%s: verified", name)
		}
	}
	if !k.Verify(&wire.Command{Fields: fields("a", "1", FieldSignature, good), Body: []byte("x")}) {
		t.Error("the right one is not verified")
	}
}

// TestOldClients: clients up to 4.9.3 do not sign _UNIQUE_KEY_QUERY, later ones do.
func TestOldClients(t *testing.T) {
	k, list := NewKey("12345678"), fields("topic", "T", fieldUniqueKeyQuery, "true")
	with, without := plainSign("12345678", list, nil), plainSign("12345678", list, nil, fieldUniqueKeyQuery)
	for version, want := range map[int32]string{0: without, lastWithoutQueryFlag: without, lastWithoutQueryFlag + 1: with,
		513: with} {
		for _, sig := range []string{with, without} {
			c := &wire.Command{Version: version, Fields: append(fields(FieldSignature, sig), list...)}
			if got := k.Verify(c); got != (sig == want) {
				t.Errorf("version %d: verified %v", version, got)
			}
		}
	}
}

// TestKeptOrder: a signer keeps the order of the keys before, and only of exactly these.
func TestKeptOrder(t *testing.T) {
	long := strings.Repeat("k", 256)
	shapes := [][]wire.Field{fields("b", "1", "a", "2"), fields("a", "1", "b", "2"), fields("b", "3", "a", "4"), nil,
		fields("ab", "1", "a", "2"), fields("a", "1", "ab", "2"), fields("b", "1", "a", "2", "c", "3"), fields("b", "1"),
		fields("b", "1", "b", "2"), fields("b", "1", "\x01", "2"), fields("b\x01a", "1"), fields(long, "1", "a", "2"),
		fields(long+"a", "1", "a", "2"), fields(long, "1", "a", "2"), fields("z", "1", fieldUniqueKeyQuery, "2"),
		fields("z", "1", fieldUniqueKeyQuery, "2"), fields("z", "1", FieldSignature, "2")}
	for i := range 100 { // too many keys to be kept
		shapes[3] = append(shapes[3], fields(fmt.Sprintf("key-of-the-number-%d", i*37%100), fmt.Sprint(i))...)
	}
	shapes = append(shapes, nil)
	s := NewKey("12345678").take()
	for i, first := range shapes {
		for j, then := range shapes {
			for _, old := range []bool{false, true} {
				skip := []string{}
				if old {
					skip = append(skip, fieldUniqueKeyQuery)
				}
				s.mac.Reset()
				s.sign(first, nil, false)
				s.mac.Reset()
				s.sign(then, nil, old)
				if want := plainSign("12345678", then, nil, skip...); string(s.text[:]) != want {
					t.Errorf("%d, then %d (old %v): %s, want %s", i, j, old, s.text[:], want)
				}
			}
		}
	}
	if cap(s.keys) > 2*keptKeys {
		t.Errorf("%d bytes of keys are kept", cap(s.keys))
	}
}

// FuzzSignature compares with the plain way, for any extFields.
func FuzzSignature(f *testing.F) {
	f.Add("secret", "a\x001\x00b\x002", []byte("body"))
	f.Add("k", "é\x001\x00😀\x002\x00\uE000\x003\x00a\x004\x00a\x005", []byte(nil))
	f.Fuzz(func(t *testing.T, secret, text string, body []byte) {
		if !utf8.ValidString(text) {
			return // keys are Java strings
		}
		parts := strings.Split(text, "\x00")
		list := fields(parts[:len(parts)/2*2]...)
		want, s := plainSign(secret, list, body), NewKey(secret).take()
		for _, first := range [][]wire.Field{nil, list, list[:len(list)/2], list} { // kept orders
			s.mac.Reset()
			s.sign(first, nil, false)
			s.mac.Reset()
			if s.sign(list, body, false); string(s.text[:]) != want {
				t.Errorf("%q behind %q: %s, want %s", list, first, s.text[:], want)
			}
		}
		c := &wire.Command{Version: 513, Fields: append(list, fields(FieldSignature, want)...), Body: body}
		if !NewKey(secret).Verify(c) {
			t.Errorf("%q: not verified", list)
		}
	})
}

// sendFields are those of a small message from a Java client.
func sendFields() []wire.Field {
	return fields("a", "producer-group", "b", "BenchTopic", "c", "TBW102", "d", "8", "e", "3", "f", "0", "g",
		"1764500000000", "h", "0", "i", "UNIQ_KEY\x01AC110001000018B4AAC2000000000000\x02WAIT\x01true\x02", "j", "0", "k",
		"false", "l", "0", "m", "false", "n", "broker-a", FieldAccessKey, "benchmark")
}

// BenchmarkVerify is the signature of a send with 128 and 1024 bytes.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []int{128, 1024} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			k := NewKey("12345678901234567890")
			c := signed(k, &wire.Command{Version: 513, Fields: sendFields(), Body: make([]byte, size)})
			b.ReportAllocs()
			for b.Loop() {
				if !k.Verify(c) {
					b.Fatal("not verified")
				}
			}
		})
	}
}
