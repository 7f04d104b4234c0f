package filter

import (
	"container/list"
	"strings"
	"sync"
)

// Cache keeps the latest expressions compiled, for pulls that bring theirs along each time. Errors are kept, too;
// expressions beyond 8 KiB are not. Safe for concurrent use. Java: SelectorParser.PARSE_CACHE, 100 entries.
type Cache struct {
	size int // immutable

	mu     sync.Mutex
	byText map[string]*list.Element // of *cached; guarded by mu
	recent list.List                // the latest used first; guarded by mu
}

type cached struct {
	text string
	expr *Expr
	err  error
}

// maxCached is the length, in bytes, up to which expressions are kept: 100 long ones would take a gigabyte.
const maxCached = 8 << 10

// JavaCacheSize is the size of Java's cache.
const JavaCacheSize = 100

// NewCache makes a cache for size expressions, one at least.
func NewCache(size int) *Cache {
	return &Cache{size: max(size, 1), byText: map[string]*list.Element{}}
}

// Compile is Compile with memory. It allocates nothing on a hit.
func (c *Cache) Compile(text string) (*Expr, error) {
	if len(text) > maxCached {
		return Compile(text)
	}
	if e := c.get(text); e != nil {
		return e.expr, e.err
	}
	e := &cached{text: strings.Clone(text)}
	e.expr, e.err = Compile(text)
	c.put(e)
	return e.expr, e.err
}

func (c *Cache) get(text string) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.byText[text]
	if el == nil {
		return nil
	}
	c.recent.MoveToFront(el)
	return el.Value.(*cached)
}

func (c *Cache) put(e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byText[e.text] != nil {
		return // somebody else was as quick
	}
	c.byText[e.text] = c.recent.PushFront(e)
	if c.recent.Len() > c.size {
		oldest := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.byText, oldest.text)
	}
}
