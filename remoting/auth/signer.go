package auth

import "gorocket/remoting/wire"

// Signer signs a program's own requests. Safe for concurrent use. Java: AclClientRPCHook.
type Signer struct {
	as  []wire.StringField
	key *Key
}

// NewSigner makes a Signer of credentials.
func NewSigner(c Credentials) *Signer {
	s := &Signer{as: []wire.StringField{{Key: FieldAccessKey, Value: c.AccessKey}}, key: NewKey(c.SecretKey)}
	if c.SecurityToken != "" {
		s.as = append(s.as, wire.StringField{Key: FieldSecurityToken, Value: c.SecurityToken})
	}
	return s
}

// Sign returns what has to be added to the extFields of a request with these and this body: who signs, and the
// signature over all of it.
func (s *Signer) Sign(fields []wire.Field, body []byte) []wire.StringField {
	for _, f := range s.as {
		fields = append(fields, wire.Field{Key: []byte(f.Key), Value: []byte(f.Value)})
	}
	return append(s.as[:len(s.as):len(s.as)], wire.StringField{Key: FieldSignature, Value: s.key.Sign(fields, body)})
}
