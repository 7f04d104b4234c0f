package admin

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// producerText is a producer in a line. Java: ProducerInfo.toString.
func producerText(p *admin.ProducerInfo) string {
	return fmt.Sprintf("clientId=%s,remoteIP=%s, language=%s, version=%d, lastUpdateTimestamp=%d", p.ClientID, p.RemoteIP,
		p.Language, p.Version, p.LastUpdateTimestamp)
}

// memberRow is a member of consumerStatus.
type memberRow struct {
	ClientID string                     `json:"clientId"`
	Version  string                     `json:"version"`
	File     string                     `json:"file,omitempty"`
	Info     *admin.ConsumerRunningInfo `json:"-"`
	Status   *runningJSON               `json:"runningInfo"`
}

// groupStatus is the result of consumerStatus.
type groupStatus struct {
	Members          []memberRow `json:"members"`
	SameSubscription bool        `json:"sameSubscription"`
	Warnings         []string    `json:"warnings"`
}

func runConsumerStatus(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	group := c.value("g")
	cc, err := c.members(cl)
	if err != nil {
		return err
	}
	if c.has("i") {
		info, err := cl.RunningInfo(c.ctx, group, c.value("i"), c.has("s"))
		if err != nil {
			return err
		}
		return c.emit(runningOf(info), func(w *text) { w.f("%s", runningText(info)) })
	}
	sortConnections(cc.ConnectionSet)
	infos := make([]*admin.ConsumerRunningInfo, len(cc.ConnectionSet))
	errs := admin.Each(cl.Parallel(), cc.ConnectionSet, func(i int, m admin.Connection) (err error) {
		infos[i], err = cl.RunningInfo(c.ctx, group, m.ClientID, c.has("s"))
		return err
	})
	s := groupStatus{Members: []memberRow{}, Warnings: []string{}}
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for i, m := range cc.ConnectionSet {
		if errs[i] != nil {
			c.fail(errs[i])
			continue
		}
		row := memberRow{ClientID: m.ClientID, Version: m.VersionName(), Info: infos[i], Status: runningOf(infos[i])}
		if !c.own.json {
			row.File = filepath.Join(now, safeName(m.ClientID))
			if err := writeFile(row.File, []byte(runningText(infos[i]))); err != nil {
				return err
			}
		}
		s.Members = append(s.Members, row)
	}
	s.analyze()
	return c.emit(s, func(w *text) { s.print(w) })
}

func (s *groupStatus) print(w *text) {
	w.f("%-10s %-40s %-20s %s\n", "#Index", "#ClientId", "#Version", "#ConsumerRunningInfoFile")
	for i, m := range s.Members {
		w.f("%-10d %-40s %-20s %s\n", i+1, m.ClientID, m.Version, m.File)
	}
	if len(s.Members) == 0 {
		return
	}
	if !s.SameSubscription {
		w.f("\n\nWARN: Different subscription in the same group of consumer!!!")
		return
	}
	w.f("\n\nSame subscription in the same group of consumer\n\nRebalance OK\n")
	for _, line := range s.Warnings {
		w.f("%s\n", line)
	}
}

// Members that were started lately, or do not consume for long, are looked at differently. Java: ConsumerRunningInfo.
const (
	settled = 2 * time.Minute
	stuck   = time.Minute
)

// analyze compares the members' subscriptions, once they run for a while, and looks for queues that do not move. Java:
// analyzeSubscription, analyzeProcessQueue.
func (s *groupStatus) analyze() {
	s.SameSubscription = true
	for i, m := range s.Members {
		if i > 0 && s.Members[0].Info.Push() && time.Since(startOf(s.Members[0].Info)) > settled &&
			subscriptionKeys(m.Info) != subscriptionKeys(s.Members[0].Info) {
			s.SameSubscription = false
		}
		s.Warnings = append(s.Warnings, warnings(m.ClientID, m.Info)...)
	}
}

func startOf(info *admin.ConsumerRunningInfo) time.Time {
	ms, _ := strconv.ParseInt(fmt.Sprint(info.Properties[admin.PropStarted]), 10, 64)
	return time.UnixMilli(ms)
}

// subscriptionKeys is what a member subscribes to, without versions.
func subscriptionKeys(info *admin.ConsumerRunningInfo) string {
	var keys []string
	for _, s := range info.SubscriptionSet {
		keys = append(keys, s.Topic+"\x00"+s.SubString+"\x00"+s.ExpressionType)
	}
	slices.Sort(keys)
	return strings.Join(keys, "\x01")
}

func warnings(client string, info *admin.ConsumerRunningInfo) (lines []string) {
	if !info.Push() {
		return nil
	}
	orderly := fmt.Sprint(info.Properties[admin.PropConsumeOrderly]) == "true"
	for _, q := range admin.SortedQueues(info.MQTable) {
		p := info.MQTable[q]
		idle := time.Since(time.UnixMilli(p.LastConsumeTimestamp))
		switch {
		case orderly && !p.Locked:
			lines = append(lines, fmt.Sprintf("%s %s can't lock for a while, %dms", client, queueText(q),
				time.Since(time.UnixMilli(p.LastLockTimestamp)).Milliseconds()))
		case orderly && p.Droped && p.TryUnlockTimes > 0:
			lines = append(lines, fmt.Sprintf("%s %s unlock %d times, still failed", client, queueText(q), p.TryUnlockTimes))
		case !orderly && idle > stuck && p.CachedMsgCount > 0:
			lines = append(lines, fmt.Sprintf("%s %s can't consume for a while, maybe blocked, %dms", client, queueText(q),
				idle.Milliseconds()))
		}
	}
	return lines
}

// queueText is a queue in a line. Java: MessageQueue.toString.
func queueText(q protocol.MessageQueue) string {
	return fmt.Sprintf("MessageQueue [topic=%s, brokerName=%s, queueId=%d]", q.Topic, q.BrokerName, q.QueueID)
}

// safeName is a name that can be one file.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == 0 {
			return '_'
		}
		return r
	}, name)
	if name == "" || name == "." || name == ".." {
		return "_"
	}
	return name
}

// writeFile writes a file in a folder, which is made. A link at its place is not followed.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err != nil {
		_ = f.Close() // the write failed already
		return err
	}
	return f.Close()
}

// runningJSON is a running info as JSON, whose tables by queue are lists.
type runningJSON struct {
	Properties    map[string]any                 `json:"properties"`
	Subscriptions []admin.Subscription           `json:"subscriptions"`
	Queues        []heldQueue                    `json:"queues"`
	PopQueues     []poppedQueue                  `json:"popQueues"`
	Status        map[string]admin.ConsumeStatus `json:"status"`
	User          map[string]string              `json:"userConsumerInfo,omitempty"`
	Jstack        *string                        `json:"jstack,omitempty"`
}

type heldQueue struct {
	protocol.MessageQueue
	admin.ProcessQueueInfo
}

type poppedQueue struct {
	protocol.MessageQueue
	admin.PopProcessQueueInfo
}

func runningOf(info *admin.ConsumerRunningInfo) *runningJSON {
	r := &runningJSON{Properties: info.Properties, Subscriptions: info.SubscriptionSet, Status: info.StatusTable,
		User: info.UserConsumerInfo, Jstack: info.Jstack, Queues: []heldQueue{}, PopQueues: []poppedQueue{}}
	for _, q := range admin.SortedQueues(info.MQTable) {
		r.Queues = append(r.Queues, heldQueue{q, info.MQTable[q]})
	}
	for _, q := range admin.SortedQueues(info.MQPopTable) {
		r.PopQueues = append(r.PopQueues, poppedQueue{q, info.MQPopTable[q]})
	}
	return r
}

// runningText is what a member says about itself. Java: ConsumerRunningInfo.formatString.
func runningText(info *admin.ConsumerRunningInfo) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("#Consumer Properties#\n")
	for _, k := range slices.Sorted(maps.Keys(info.Properties)) {
		p("%-40s: %v\n", k, info.Properties[k])
	}
	p("\n\n#Consumer Subscription#\n")
	subs := slices.Clone(info.SubscriptionSet)
	slices.SortFunc(subs, func(a, b admin.Subscription) int { return strings.Compare(a.Topic, b.Topic) })
	for i, s := range subs {
		p("%03d Topic: %-40s ClassFilter: %-8t SubExpression: %s\n", i+1, s.Topic, s.ClassFilterMode, s.SubString)
	}
	queues := admin.SortedQueues(info.MQTable)
	p("\n\n#Consumer Offset#\n%-64s  %-32s  %-4s  %-20s\n", "#Topic", "#Broker Name", "#QID", "#Consumer Offset")
	for _, q := range queues {
		p("%-32s  %-32s  %-4d  %-20d\n", q.Topic, q.BrokerName, q.QueueID, info.MQTable[q].CommitOffset)
	}
	p("\n\n#Consumer MQ Detail#\n%-64s  %-32s  %-4s  %-20s\n", "#Topic", "#Broker Name", "#QID", "#ProcessQueueInfo")
	for _, q := range queues {
		p("%-64s  %-32s  %-4d  %s\n", q.Topic, q.BrokerName, q.QueueID, processText(info.MQTable[q]))
	}
	p("\n\n#Consumer Pop Detail#\n%-32s  %-32s  %-4s  %-20s\n", "#Topic", "#Broker Name", "#QID", "#ProcessQueueInfo")
	for _, q := range admin.SortedQueues(info.MQPopTable) {
		w := info.MQPopTable[q]
		p("%-32s  %-32s  %-4d  PopProcessQueueInfo [waitAckCount:%d, droped:%t, lastPopTimestamp:%d]\n", q.Topic,
			q.BrokerName, q.QueueID, w.WaitAckCount, w.Droped, w.LastPopTimestamp)
	}
	p("\n\n#Consumer RT&TPS#\n%-64s  %14s %14s %14s %14s %18s %25s\n", "#Topic", "#Pull RT", "#Pull TPS", "#Consume RT",
		"#ConsumeOK TPS", "#ConsumeFailed TPS", "#ConsumeFailedMsgsInHour")
	for _, t := range slices.Sorted(maps.Keys(info.StatusTable)) {
		s := info.StatusTable[t]
		p("%-32s  %14.2f %14.2f %14.2f %14.2f %18.2f %25d\n", t, s.PullRT, s.PullTPS, s.ConsumeRT, s.ConsumeOKTPS,
			s.ConsumeFailedTPS, s.ConsumeFailedMsgs)
	}
	if info.UserConsumerInfo != nil {
		p("\n\n#User Consume Info#\n")
		for _, k := range slices.Sorted(maps.Keys(info.UserConsumerInfo)) {
			p("%-40s: %s\n", k, info.UserConsumerInfo[k])
		}
	}
	if info.Jstack != nil {
		p("\n\n#Consumer jstack#\n%s", *info.Jstack)
	}
	return b.String()
}

func processText(w admin.ProcessQueueInfo) string {
	return fmt.Sprintf("ProcessQueueInfo [commitOffset=%d, cachedMsgMinOffset=%d, cachedMsgMaxOffset=%d, "+
		"cachedMsgCount=%d, cachedMsgSizeInMiB=%d, transactionMsgMinOffset=%d, transactionMsgMaxOffset=%d, "+
		"transactionMsgCount=%d, locked=%t, tryUnlockTimes=%d, lastLockTimestamp=%s, droped=%t, lastPullTimestamp=%s, "+
		"lastConsumeTimestamp=%s]", w.CommitOffset, w.CachedMsgMinOffset, w.CachedMsgMaxOffset, w.CachedMsgCount,
		w.CachedMsgSizeInMiB, w.TransactionMsgMinOffset, w.TransactionMsgMaxOffset, w.TransactionMsgCount, w.Locked,
		w.TryUnlockTimes, stampDense(w.LastLockTimestamp), w.Droped, stampDense(w.LastPullTimestamp),
		stampDense(w.LastConsumeTimestamp))
}
