package check

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"gorocket/store/commitlog"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// ExportFilter says which messages Export yields.
type ExportFilter struct {
	Topic string // "": all
	Queue int32  // -1: all
	From  int64  // store time, ms, first one included
	To    int64  // store time, ms, not included; 0: no end
}

// ExportedMessage is one message as Export yields it, for JSON. Topic and queue are those it is stored under: a message
// that waits for its time, or for the end of its transaction, has the real ones in its properties.
type ExportedMessage struct {
	Topic          string            `json:"topic"`
	QueueID        int32             `json:"queueId"`
	QueueOffset    int64             `json:"queueOffset"`
	Offset         int64             `json:"offset"` // in the commit log
	StoreTimestamp int64             `json:"storeTimestamp"`
	BornTimestamp  int64             `json:"bornTimestamp"`
	BornHost       string            `json:"bornHost"`
	StoreHost      string            `json:"storeHost"`
	MsgID          string            `json:"msgId"` // of the place, not the producer's, which is the property UNIQ_KEY
	SysFlag        int32             `json:"sysFlag"`
	Flag           int32             `json:"flag"`
	ReconsumeTimes int32             `json:"reconsumeTimes"`
	Properties     map[string]string `json:"properties"`
	Body           []byte            `json:"body"`               // as stored: compressed if sysFlag says so
	BodyText       *string           `json:"bodyText,omitempty"` // where it is UTF-8 and not compressed
}

// ExportDamage is a part of a log file that Export stepped over.
type ExportDamage struct {
	File     string
	From, To int64 // bytes; To -1: up to the end, or the file as a whole
	Why      string
}

// Export yields the messages of a store that no broker runs on, as Walk does.
func Export(cfg Options, fsys vfs.FS, f ExportFilter, yield func(*ExportedMessage) error,
	damaged func(ExportDamage)) error {
	return Walk(cfg, fsys, func(_ string, _ int64, m *record.View) error {
		if !f.wants(m) {
			return nil
		}
		return yield(exported(m))
	}, damaged)
}

// Walk yields the records of a store that no broker runs on, with the file and the position in it, in the order of the
// log, and changes nothing. It steps over whatever cannot be read, also over missing and short files, and tells damaged
// of it. m is valid during the call. It ends with the first error of yield. Other errors as Verify.
func Walk(cfg Options, fsys vfs.FS, yield func(file string, at int64, m *record.View) error,
	damaged func(ExportDamage)) error {
	v, err := newVerifier(cfg, fsys)
	if err != nil {
		return err
	}
	defer v.close()
	var failed error
	v.salvage = true
	v.onRecord = func(seg *commitlog.Segment, at int64, m *record.View) {
		if failed == nil {
			failed = yield(seg.Name, at, m)
		}
		v.stop = failed != nil
	}
	v.onDamage = func(d damagedRange) { damaged(ExportDamage{d.seg.Name, d.from, d.to, d.why}) }
	if err := v.openLog(); err != nil {
		return err
	}
	for _, found := range v.report.Findings {
		damaged(ExportDamage{found.File, max(0, found.Offset), -1, found.Text})
	}
	return errors.Join(v.salvageLog(), failed)
}

// wants tells whether a record is a message and passes the filter.
func (f *ExportFilter) wants(m *record.View) bool {
	return (f.Topic == "" || f.Topic == string(m.Topic)) && (f.Queue < 0 || f.Queue == m.QueueID) &&
		m.StoreTimestamp >= f.From && (f.To == 0 || m.StoreTimestamp < f.To) && !covers(m)
}

// covers tells a record that SkipDamaged made.
func covers(m *record.View) bool {
	return string(m.Topic) == DamagedTopic ||
		string(m.Topic) == shortTopic && m.SysFlag == record.SysFlagPrepared && m.StoreHost.Addr().IsUnspecified()
}

func exported(m *record.View) *ExportedMessage {
	e := &ExportedMessage{Topic: string(m.Topic), QueueID: m.QueueID, QueueOffset: m.QueueOffset,
		Offset:         m.PhysicalOffset,
		StoreTimestamp: m.StoreTimestamp, BornTimestamp: m.BornTimestamp, BornHost: m.BornHost.String(),
		StoreHost: m.StoreHost.String(), MsgID: string(m.AppendMessageID(nil)), SysFlag: m.SysFlag, Flag: m.Flag,
		ReconsumeTimes: m.ReconsumeTimes, Properties: map[string]string{}, Body: bytes.Clone(m.Body)}
	for rest := m.Properties; len(rest) > 0; {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte{record.PropValueEnd})
		if name, value, ok := bytes.Cut(pair, []byte{record.PropNameEnd}); ok {
			e.Properties[string(name)] = string(value)
		}
	}
	if m.SysFlag&record.SysFlagCompressed == 0 && utf8.Valid(e.Body) {
		text := string(e.Body)
		e.BodyText = &text
	}
	return e
}

// salvageLog walks the log as far as it can be read: behind a page that cannot, it goes on with the next record.
func (v *verifier) salvageLog() error {
	segs := v.log.Segments()
	if len(segs) == 0 {
		return nil
	}
	v.recov.Clean = true // any record counts, synced or not
	for i, p := 0, int64(0); i < len(segs); {
		v.from = 0
		err := vfs.Guard(func() error { return v.walkOn(segs, i, p) })
		var fault *vfs.FaultError
		if !errors.As(err, &fault) {
			return err
		}
		bad := commitlog.Placed(segs, fault)
		if bad == nil {
			return err
		}
		i = slices.IndexFunc(segs, func(s *commitlog.Segment) bool { return s.Name == bad.File })
		p = min(bad.Offset/recovery.KillPage*recovery.KillPage+recovery.KillPage, segs[i].Size)
		v.onDamage(damagedRange{segs[i], min(v.from, p), p, "cannot be read: " + bad.Err.Error()})
		if segs[i].Size-p < record.MinSize {
			i, p = i+1, 0
		}
	}
	return nil
}
