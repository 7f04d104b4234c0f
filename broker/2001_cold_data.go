package broker

// UPDATE_COLD_DATA_FLOW_CTR_CONFIG (2001), REMOVE_COLD_DATA_FLOW_CTR_CONFIG (2002), GET_COLD_DATA_FLOW_CTR_INFO (2003):
// how much a group may read per second of what is not in memory; mqadmin …ColdDataFlowCtr…. Java: AdminBrokerProcessor,
// ColdDataCgCtrService. Limits are kept until the broker ends, as in Java, and have no effect: Java's neither, unless
// coldDataFlowControlEnable is set, which is not served here; cold reads wait in a queue of their own instead.

import (
	"maps"
	"strconv"
	"strings"
	"sync"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// coldData keeps the limits.
type coldData struct {
	mu     sync.Mutex
	limits map[string]int64 // guarded by mu; group → bytes per second
}

// maxColdLimits bounds the groups that have a limit.
const maxColdLimits = 10_000

func (c *coldData) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateColdDataFlowCtrConfig, Mode: remoting.Pooled, Handle: c.update},
		{Code: wire.ReqRemoveColdDataFlowCtrConfig, Mode: remoting.Pooled, Handle: c.remove},
		{Code: wire.ReqGetColdDataFlowCtrInfo, Mode: remoting.Pooled, Handle: c.show},
	}
}

// update takes group=bytes lines. A value that is no number is left out, as in Java.
func (c *coldData) update(ctx *remoting.Context) {
	p, err := compat.ParseProperties(ctx.Req.Body)
	if err != nil {
		fail(ctx, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limits == nil {
		c.limits = map[string]int64{}
	}
	for _, group := range p.Keys() {
		text, _ := p.Get(group)
		bytes, err := strconv.ParseInt(text, 10, 64)
		if err != nil || compat.ValidateGroup(group) != nil {
			continue
		}
		if _, has := c.limits[group]; !has && len(c.limits) >= maxColdLimits {
			ctx.Status(wire.SystemError, "too many groups have a limit for cold data: "+strconv.Itoa(maxColdLimits))
			return
		}
		c.limits[strings.Clone(group)] = bytes
	}
	ctx.OK(nil)
}

func (c *coldData) remove(ctx *remoting.Context) {
	c.mu.Lock()
	delete(c.limits, string(ctx.Req.Body))
	c.mu.Unlock()
	ctx.OK(nil)
}

// coldInfo answers 2003; nothing is accounted. Java: ColdDataCgCtrService.getColdDataFlowCtrInfo.
type coldInfo struct {
	RuntimeTable            map[string]int64 `json:"runtimeTable"`
	ConfigTable             map[string]int64 `json:"configTable"`
	CgColdReadThreshold     int64            `json:"cgColdReadThreshold"`
	GlobalColdReadThreshold int64            `json:"globalColdReadThreshold"`
	GlobalAcc               int64            `json:"globalAcc"`
}

func (c *coldData) show(ctx *remoting.Context) {
	c.mu.Lock()
	limits := maps.Clone(c.limits)
	c.mu.Unlock()
	if limits == nil {
		limits = map[string]int64{}
	}
	// Java's defaults, which nothing here reads
	respondJSON(ctx, coldInfo{RuntimeTable: map[string]int64{}, ConfigTable: limits, CgColdReadThreshold: 3 << 20,
		GlobalColdReadThreshold: 100 << 20})
}
