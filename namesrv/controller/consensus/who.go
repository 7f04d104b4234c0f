package consensus

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
)

// kindWho asks which process of which member answers at an address; its answer is "id word".
const kindWho = "who"

// newWord is what tells this process from others.
func newWord() string { return rand.Text() }

// ForeignError says that another process answers where a member should be.
type ForeignError struct {
	ID, Addr string // of the member
	Answers  string // id of the one that answers
}

func (e *ForeignError) Error() string {
	if e.Answers != e.ID {
		return fmt.Sprintf("at the address of member %q, %s, member %q answers", e.ID, e.Addr, e.Answers)
	}
	return fmt.Sprintf("at the address of member %q, %s, another process answers as this member", e.ID, e.Addr)
}

// Who asks which member of this group answers at an address. An error: none does.
func (t *Transport) Who(ctx context.Context, addr string) (id string, err error) {
	id, _, err = t.who(ctx, addr)
	return id, err
}

func (t *Transport) who(ctx context.Context, addr string) (id, word string, err error) {
	b, err := t.call(ctx, addr, &Header{Group: t.group, Kind: kindWho}, nil)
	if err != nil {
		return "", "", err
	}
	id, word, found := strings.Cut(string(b), " ")
	if !found {
		return "", "", fmt.Errorf("consensus: what answers at %s is no controller that tells which member it is", addr)
	}
	return id, word, nil
}

// CheckSelf looks whether this process answers at its own address. A *ForeignError when another one does: two members
// with one id vote twice. Another error when nobody does, which may be so where a machine does not reach itself.
func (t *Transport) CheckSelf(ctx context.Context) error {
	id, word, err := t.who(ctx, string(t.self))
	if err == nil && word != t.word {
		err = &ForeignError{t.id, string(t.self), id}
	}
	return err
}
