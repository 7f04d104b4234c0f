package namesrv

import "sync"

// routeCache holds encoded route answers until the tables change. Only topics that exist get in, so it is bounded by them.
type routeCache struct {
	mu   sync.RWMutex
	gen  uint64               // guarded by mu; counts changes, so that an answer built before one is not stored after it
	text [2]map[string][]byte // guarded by mu; by form, then topic; the bytes are immutable
}

// form is the JSON dialect of a route answer.
type form uint8

const (
	formDialect  form = 0 // fastjson's, for clients before V4_9_4
	formStandard form = 1
)

func newRouteCache() *routeCache {
	return &routeCache{text: [2]map[string][]byte{{}, {}}}
}

// get finds an answer; nil when there is none. It allocates nothing and may run on an event loop.
func (c *routeCache) get(topic string, f form) []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.text[f][topic]
}

func (c *routeCache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.gen
}

// put stores an answer that was built from the tables of generation gen.
func (c *routeCache) put(topic string, f form, gen uint64, text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == gen {
		c.text[f][topic] = text
	}
}

// drop forgets one topic.
func (c *routeCache) drop(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	delete(c.text[formDialect], topic)
	delete(c.text[formStandard], topic)
}

// clear forgets everything.
func (c *routeCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	clear(c.text[formDialect])
	clear(c.text[formStandard])
}
