package broker

// GET_BROKER_RUNTIME_INFO (28): figures as text, under Java's keys; mqadmin clusterList and brokerStatus print them,
// dashboards parse them. Java: AdminBrokerProcessor.prepareRuntimeInfo, StoreStatsService,
// DefaultMessageStore.getRuntimeInfo. Thread pool queues of Java that have no counterpart here are reported as empty:
// tools fail on missing keys.

import (
	"fmt"
	"strconv"
	"time"

	"gorocket/broker/delay"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

// runtimeInfo answers with figures about everything.
type runtimeInfo struct {
	liveConfig
	stats    *stats.Totals
	store    *store.Store
	schedule *delay.Levels
	timers   *timer.Timers
	fs       vfs.FS
	started  time.Time
}

func (a *runtimeInfo) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetBrokerRuntimeInfo, Mode: remoting.Pooled,
		Handle: func(ctx *remoting.Context) {
			respondJSON(ctx, protocol.KVTable{Table: a.runtimeInfo(time.Now())})
		}}}
}

func (a *runtimeInfo) runtimeInfo(now time.Time) map[string]string {
	m := map[string]string{}
	a.trafficInfo(m, now)
	a.storeInfo(m)
	for _, q := range []string{"send", "pull", "litePull", "query", "ack"} {
		m[q+"ThreadPoolQueueSize"], m[q+"ThreadPoolQueueCapacity"], m[q+"ThreadPoolQueueHeadWaitTimeMills"] = "0", "0", "0"
	}
	m["EndTransactionQueueSize"], m["EndTransactionThreadPoolQueueCapacity"] = "0", "0"
	a.timerInfo(m)
	m["brokerActive"] = "true"
	m["brokerVersion"] = strconv.Itoa(wire.CurrentVersion)
	m["brokerVersionDesc"] = compat.VersionName(wire.CurrentVersion)
	m["startAcceptSendRequestTimeStamp"] = strconv.FormatInt(a.cfg().StartAcceptSendRequestTime, 10)
	return m
}

// timerInfo fills in what the timers know; zeros without them, as in Java.
func (a *runtimeInfo) timerInfo(m map[string]string) {
	var f timer.Figures
	if a.timers != nil {
		f = a.timers.Figures()
	}
	m["timerReadBehind"] = strconv.FormatInt(int64(f.ReadBehind.Seconds()), 10)
	m["timerOffsetBehind"], m["timerCongestNum"] = strconv.FormatInt(f.EnqueueBehind, 10), strconv.FormatInt(f.Pending, 10)
	m["timerEnqueueTps"], m["timerDequeueTps"] = strconv.FormatFloat(f.EnqueueTps, 'f', 1, 64),
		strconv.FormatFloat(f.DequeueTps, 'f', 1, 64)
}

// trafficInfo fills in counters and rates.
func (a *runtimeInfo) trafficInfo(m map[string]string, now time.Time) {
	s := a.stats
	total := s.Now()
	yesterday, today := s.Mornings()
	for key, n := range map[string]int64{
		"putMessageTimesTotal": total.Puts, "putMessageSizeTotal": s.PutBytes.Load(),
		"msgPutTotalYesterdayMorning": yesterday.Puts, "msgPutTotalTodayMorning": today.Puts,
		"msgPutTotalTodayNow":         total.Puts,
		"msgGetTotalYesterdayMorning": yesterday.Gets, "msgGetTotalTodayMorning": today.Gets,
		"msgGetTotalTodayNow": total.Gets,
		"bootTimestamp":       a.started.UnixMilli(),
	} {
		m[key] = strconv.FormatInt(n, 10)
	}
	m["putMessageAverageSize"] = strconv.FormatFloat(float64(s.PutBytes.Load())/float64(max(1, total.Puts)), 'f', -1, 64)
	m["putTps"] = s.Rates(func(v stats.Sample) int64 { return v.Puts })
	m["getFoundTps"] = s.Rates(func(v stats.Sample) int64 { return v.Found })
	m["getMissTps"] = s.Rates(func(v stats.Sample) int64 { return v.Missed })
	m["getTotalTps"] = s.Rates(func(v stats.Sample) int64 { return v.Found + v.Missed })
	m["getTransferredTps"] = s.Rates(func(v stats.Sample) int64 { return v.Gets })
	m["getTransferedTps"] = m["getTransferredTps"] // the spelling of 4.x
	s.Times.Info(m)
	up := now.Sub(a.started)
	m["runtime"] = fmt.Sprintf("[ %d days, %d hours, %d minutes, %d seconds ]", int(up.Hours())/24, int(up.Hours())%24,
		int(up.Minutes())%60, int(up.Seconds())%60)
}

// storeInfo fills in what the store and the delay levels know.
func (a *runtimeInfo) storeInfo(m map[string]string) {
	r := a.store.DiskRatios()
	m["commitLogDiskRatio"] = strconv.FormatFloat(r.CommitLog, 'f', -1, 64)
	m["consumeQueueDiskRatio"] = strconv.FormatFloat(r.ConsumeQueue, 'f', -1, 64)
	for key, n := range map[string]int64{
		"commitLogMinOffset": a.store.MinPhyOffset(), "commitLogMaxOffset": a.store.MaxPhyOffset(),
		"dispatchBehindBytes":    a.store.DispatchBehindBytes(),
		"pageCacheLockTimeMills": a.store.PageCacheLockTime(), "earliestMessageTimeStamp": a.store.MinStoreTimestamp(),
		"remainTransientStoreBufferNumbs": 0,
	} {
		m[key] = strconv.FormatInt(n, 10)
	}
	if root := a.cfg().StorePathRootDir; root != "" {
		if u, err := a.fs.Usage(root); err == nil {
			m["commitLogDirCapacity"] = fmt.Sprintf("Total : %s, Free : %s.", humanBytes(u.Total), humanBytes(u.Free))
		}
	}
	m["remainHowManyDataToFlush"] = humanBytes(a.store.MaxPhyOffset() - a.store.FlushedOffset())
	for level := int32(1); level <= a.schedule.Max(); level++ {
		m[fmt.Sprintf("scheduleMessageOffset_%d", level)] = fmt.Sprintf("%d,%d", a.schedule.Position(level),
			a.store.MaxOffset(dispatch.ScheduleTopic, level-1))
	}
}

// humanBytes prints a size as Java's MixAll.humanReadableByteCount does with binary units.
func humanBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), 0
	for v >= 1024 && unit < 6 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", v, " KMGTPE"[unit])
}
