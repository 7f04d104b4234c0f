package remoting

import "slices"

// waitList is a queue of requests, first in, first out. The zero value is empty.
type waitList struct {
	items []*Context
	head  int // items before it are gone
}

func (l *waitList) len() int { return len(l.items) - l.head }

func (l *waitList) push(ctx *Context) {
	if l.head > 0 && len(l.items) == cap(l.items) {
		l.compact()
	}
	l.items = append(l.items, ctx)
}

// pop returns the oldest, nil when there is none.
func (l *waitList) pop() *Context {
	if l.len() == 0 {
		return nil
	}
	ctx := l.items[l.head]
	l.items[l.head] = nil
	if l.head++; l.head == len(l.items) {
		l.items, l.head = l.items[:0], 0
	}
	return ctx
}

// takeIf removes and returns all for which fn is true.
func (l *waitList) takeIf(fn func(*Context) bool) (taken []*Context) {
	l.compact()
	l.items = slices.DeleteFunc(l.items, func(ctx *Context) bool {
		if fn(ctx) {
			taken = append(taken, ctx)
			return true
		}
		return false
	})
	return taken
}

// compact moves the items to the front.
func (l *waitList) compact() {
	l.items = slices.Delete(l.items, 0, l.head)
	l.head = 0
}
