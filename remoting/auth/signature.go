package auth

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"math"
	"slices"
	"sync"

	"gorocket/remoting/wire"
)

// Names of the extFields that a signing client adds. Java: SessionCredentials.
const (
	FieldAccessKey     = "AccessKey"
	FieldSecurityToken = "SecurityToken"
	FieldSignature     = "Signature"
)

// fieldUniqueKeyQuery is not signed by clients up to lastWithoutQueryFlag. Java: MixAll.UNIQUE_MSG_QUERY_FLAG.
const (
	fieldUniqueKeyQuery  = "_UNIQUE_KEY_QUERY"
	lastWithoutQueryFlag = 399 // V4_9_3
)

const signatureLen = 28 // base64, with padding, of the 20 bytes of a SHA-1

// Key is a secret as it signs. Safe for concurrent use. Java: AclSigner, HmacSHA1.
type Key struct {
	secret  []byte
	signers sync.Pool // of *signer
}

// NewKey makes a Key of a secret.
func NewKey(secret string) *Key { return &Key{secret: []byte(secret)} }

// signer is what one signature needs; kept, since it costs two blocks of SHA-1 to make.
type signer struct {
	mac     hash.Hash
	order   []place // of the fields that are signed, by key
	keys    []byte  // of the fields that order is of, each behind its length; nil: of none
	old     bool    // how order was made
	content []byte
	sum     []byte
	text    [signatureLen]byte
}

// place is one field on its way to its place.
type place struct {
	head uint64 // of its key, see headOf: most keys differ there
	at   int32  // its number
}

// keptContent is the largest buffer that a signer keeps, in bytes.
const keptContent = 64 << 10

func (k *Key) take() *signer {
	if s, ok := k.signers.Get().(*signer); ok {
		s.mac.Reset()
		return s
	}
	return &signer{mac: hmac.New(sha1.New, k.secret), sum: make([]byte, 0, sha1.Size)}
}

func (k *Key) put(s *signer) {
	if cap(s.content) <= keptContent {
		k.signers.Put(s)
	}
}

// Verify tells whether the request carries the signature of this key, in a time that does not tell how much of it is
// right.
func (k *Key) Verify(c *wire.Command) bool { return k.verify(c, c.Version <= lastWithoutQueryFlag) }

// VerifyUnqueried is Verify of a request whose sender has not signed whether it asks for a unique key, though its
// version says that it has: Java 4.9 takes no other.
func (k *Key) VerifyUnqueried(c *wire.Command) bool {
	_, asks := c.Get(fieldUniqueKeyQuery)
	return asks && c.Version > lastWithoutQueryFlag && k.verify(c, true)
}

func (k *Key) verify(c *wire.Command, unqueried bool) bool {
	given, ok := c.Get(FieldSignature)
	if !ok {
		return false
	}
	s := k.take()
	s.sign(c.Fields, c.Body, unqueried)
	same := subtle.ConstantTimeCompare(s.text[:], given) == 1
	k.put(s)
	return same
}

// Sign is the signature of a request with these fields and this body.
func (k *Key) Sign(fields []wire.Field, body []byte) string {
	s := k.take()
	defer k.put(s)
	s.sign(fields, body, false)
	return string(s.text[:])
}

// sign leaves the signature in s.text: of the values of all fields but that of the signature itself, by key, and of the
// body as it was sent. The fields have to be the ones of the frame, unknown ones included.
func (s *signer) sign(fields []wire.Field, body []byte, oldClient bool) {
	s.sort(fields, oldClient)
	s.content = s.content[:0]
	for _, p := range s.order {
		s.content = append(s.content, fields[p.at].Value...)
	}
	s.mac.Write(s.content) // a hash never fails
	s.mac.Write(body)
	s.sum = s.mac.Sum(s.sum[:0])
	base64.StdEncoding.Encode(s.text[:], s.sum)
}

// fewFields is up to how many of them are sorted by insertion: clients send them nearly in order, or few.
const fewFields = 32

// sort fills s.order. Of a key that is there twice the last value counts, as everywhere. Clients send the same keys in
// the same order again and again: that of the request before it is kept.
func (s *signer) sort(fields []wire.Field, oldClient bool) {
	if s.keys != nil && s.old == oldClient && sameKeys(s.keys, fields) {
		return
	}
	s.keys, s.old = appendKeys(s.keys[:0], fields), oldClient
	s.order = s.order[:0]
	for i := range fields {
		key := fields[i].Key
		if string(key) != FieldSignature && !(oldClient && string(key) == fieldUniqueKeyQuery) {
			s.order = append(s.order, place{headOf(key), int32(i)})
		}
	}
	if len(s.order) > fewFields {
		slices.SortStableFunc(s.order, func(a, b place) int { return compare(a, b, fields) })
	} else {
		insertionSort(s.order, fields)
	}
	kept := s.order[:0]
	for i, p := range s.order {
		if i+1 == len(s.order) || compare(p, s.order[i+1], fields) != 0 {
			kept = append(kept, p)
		}
	}
	s.order = kept
}

// keptKeys is up to how many bytes of keys a signer remembers.
const keptKeys = 1 << 10

// appendKeys appends the keys of fields to list, each behind a byte with its length; nil where they are too many or one
// is too long.
func appendKeys(list []byte, fields []wire.Field) []byte {
	for i := range fields {
		key := fields[i].Key
		if len(key) > math.MaxUint8 || len(list)+1+len(key) > keptKeys {
			return nil
		}
		list = append(append(list, byte(len(key))), key...)
	}
	return list
}

// sameKeys tells whether list is what appendKeys makes of fields.
func sameKeys(list []byte, fields []wire.Field) bool {
	for i := range fields {
		n := len(fields[i].Key)
		if len(list) <= n || int(list[0]) != n || string(list[1:1+n]) != string(fields[i].Key) {
			return false
		}
		list = list[1+n:]
	}
	return len(list) == 0
}

// insertionSort is stable.
func insertionSort(order []place, fields []wire.Field) {
	for i := 1; i < len(order); i++ {
		p, j := order[i], i
		for ; j > 0 && compare(order[j-1], p, fields) > 0; j-- {
			order[j] = order[j-1]
		}
		order[j] = p
	}
}

func compare(a, b place, fields []wire.Field) int {
	if a.head != b.head {
		return cmp.Compare(a.head, b.head)
	}
	return compareKeys(fields[a.at].Key, fields[b.at].Key)
}

// headOf is the beginning of a key as a number that orders as compareKeys does.
func headOf(key []byte) (head uint64) {
	n := min(len(key), 8)
	for i := range n {
		head = head<<8 | uint64(inOrder(key[i]))
	}
	return head << (8 * (8 - n))
}

// compareKeys orders keys as a TreeMap of Java strings does: by UTF-16 code units.
func compareKeys(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n == len(a) || n == len(b) {
		return len(a) - len(b)
	}
	return int(inOrder(a[n])) - int(inOrder(b[n]))
}

// inOrder is a byte of UTF-8 as it has to be ordered. The order of UTF-16 differs in one thing: characters from U+E000
// to U+FFFF, which begin with 0xEE or 0xEF, come after those beyond U+FFFF, which begin with 0xF0 to 0xF4.
func inOrder(b byte) byte {
	if b == 0xEE || b == 0xEF {
		return b + 0x10
	}
	return b
}
