package namesrv

import "sync"

// maxRouteCache bounds the bytes of all answers: one may name thousands of brokers, and there may be a million topics.
const maxRouteCache = 64 << 20

// routeCache holds encoded route answers until the tables change, or until there are too many.
type routeCache struct {
	mu   sync.RWMutex
	size int                  // guarded by mu; bytes of text
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

// put stores an answer that was built from the tables of generation gen. When there is no room all others go; the
// largest are not worth that.
func (c *routeCache) put(topic string, f form, gen uint64, text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != gen || len(text) > maxRouteCache/4 {
		return
	}
	c.remove(topic, f)
	if c.size+len(text) > maxRouteCache {
		c.empty()
	}
	c.text[f][topic] = text
	c.size += len(text)
}

// remove forgets one answer. The caller holds mu.
func (c *routeCache) remove(topic string, f form) {
	c.size -= len(c.text[f][topic])
	delete(c.text[f], topic)
}

// empty forgets all answers. The caller holds mu.
func (c *routeCache) empty() {
	clear(c.text[formDialect])
	clear(c.text[formStandard])
	c.size = 0
}

// drop forgets one topic.
func (c *routeCache) drop(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.remove(topic, formDialect)
	c.remove(topic, formStandard)
}

// clear forgets everything.
func (c *routeCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.empty()
}
