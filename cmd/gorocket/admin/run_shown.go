package admin

import (
	"fmt"
	"path/filepath"

	"gorocket/remoting/admin"
)

// bodyFolder is where message bodies are put for scripts that look there. Java: QueryMsgByIdSubCommand.
const bodyFolder = "/tmp/rocketmq/msgbodys"

// shownMessage is a message with what groups did with it.
type shownMessage struct {
	*admin.Message
	MsgID     string        `json:"msgId"`
	BodyText  *string       `json:"bodyText,omitempty"` // with -f
	BodyFile  string        `json:"bodyFile,omitempty"`
	Tracks    []admin.Track `json:"tracks"`
	TrackFail string        `json:"trackError,omitempty"`
}

// show finds out what is printed of a message; index numbers the files of messages of one id.
func (c *call) show(cl *admin.Client, m *admin.Message, index int) (*shownMessage, error) {
	s := &shownMessage{Message: m, MsgID: m.ID(), Tracks: []admin.Track{}}
	if !c.own.json {
		s.BodyFile = filepath.Join(bodyFolder, safeName(m.ID()))
		if index > 0 {
			s.BodyFile += fmt.Sprintf("_%d", index)
		}
		if err := writeFile(s.BodyFile, m.Body); err != nil {
			return nil, err
		}
	}
	if c.has("f") && c.cmd.option("f") != nil {
		body, err := decodeText(m.Body, c.value("f"))
		if err != nil {
			return nil, err
		}
		s.BodyText = &body
	}
	tracks, err := cl.Tracks(c.ctx, m)
	if err != nil {
		s.TrackFail = err.Error()
		c.fail(err)
		return s, nil
	}
	s.Tracks = append(s.Tracks, tracks...)
	return s, nil
}

// print is the block of a message. offsetID: with the id of its place, and lines behind the tracks. Java:
// QueryMsgByIdSubCommand.printMsg, QueryMsgByUniqueKeySubCommand.showMessage.
func (s *shownMessage) print(w *text, offsetID bool) {
	row := func(name string, value any) { w.f("%-20s %v\n", name, value) }
	if offsetID {
		row("OffsetID:", s.OffsetID)
	}
	row("Topic:", s.Topic)
	row("Tags:", "["+orNull(s.Message.Tags())+"]")
	row("Keys:", "["+orNull(s.Keys())+"]")
	row("Queue ID:", s.QueueID)
	row("Queue Offset:", s.QueueOffset)
	row("CommitLog Offset:", s.CommitLogOffset)
	row("Reconsume Times:", s.ReconsumeTimes)
	row("Born Timestamp:", stampMillis(s.BornTimestamp))
	row("Store Timestamp:", stampMillis(s.StoreTimestamp))
	row("Born Host:", s.BornHost)
	row("Store Host:", s.StoreHost)
	row("System Flag:", s.SysFlag)
	row("Properties:", orderedText(s.Properties, s.Names, propertiesCapacity))
	row("Message Body Path:", s.BodyFile)
	if s.BodyText != nil {
		row("Message Body:", *s.BodyText)
	}
	switch {
	case s.TrackFail != "":
	case len(s.Tracks) == 0:
		w.f("\n\nWARN: No Consumer")
	default:
		w.f("\n\n")
		for _, t := range s.Tracks {
			w.f("MessageTrack [consumerGroup=%s, trackType=%s, exceptionDesc=%s]", t.Group, t.Type, orNull(t.Why))
			if offsetID {
				w.f("\n")
			}
		}
	}
}

// propertiesCapacity is the capacity of the map in which Java keeps the properties of a message.
const propertiesCapacity = 128

func (c *call) emitMessages(shown []*shownMessage, offsetID bool) error {
	return c.emit(shown, func(w *text) {
		for _, s := range shown {
			s.print(w, offsetID)
		}
	})
}
