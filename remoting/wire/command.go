package wire

import "slices"

// Bits of Command.Flag (Java: RemotingCommand.RPC_TYPE, RPC_ONEWAY).
const (
	FlagResponse = 1 << 0
	FlagOneway   = 1 << 1
)

// SerializeType is the form of a frame's header: the high byte of the header length word.
type SerializeType uint8

// The two header forms. Java: SerializeType.
const (
	SerializeJSON   SerializeType = 0
	SerializeBinary SerializeType = 1 // named ROCKETMQ in Java
)

// CurrentVersion is the MQVersion ordinal that our frames announce: V5_5_0, the release whose behaviour we follow.
// Clients decide by it what the broker can do (Java: MQClientInstance, PullAPIWrapper).
const CurrentVersion = 513

// Field is one entry of extFields. Both slices may lie in the frame's buffer.
type Field struct{ Key, Value []byte }

// Command is one frame, decoded. Java: RemotingCommand.
//
// A Command that was decoded in place refers to the frame's buffer through Body and Fields; Clone makes one that owns
// its memory.
type Command struct {
	Code      int32
	Version   int32 // MQVersion ordinal of the sender
	Opaque    int32
	Flag      int32
	Language  Language
	Serialize SerializeType
	Remark    string
	Fields    []Field // in the order of the frame; a key may be there twice, the last one counts
	Body      []byte

	scratch []byte  // unescaped JSON strings that Fields refer to
	shape   *Shape  // whose Fields these are; nil: they are our own
	spare   []Field // our own, while Fields are borrowed
}

// IsResponse tells whether the frame answers a request.
func (c *Command) IsResponse() bool { return c.Flag&FlagResponse != 0 }

// IsOneway tells whether the sender expects no answer.
func (c *Command) IsOneway() bool { return c.Flag&FlagOneway != 0 }

// Get returns the value of an extField. The slice may lie in the frame's buffer.
func (c *Command) Get(key string) ([]byte, bool) {
	for i := len(c.Fields) - 1; i >= 0; i-- {
		if string(c.Fields[i].Key) == key {
			return c.Fields[i].Value, true
		}
	}
	return nil, false
}

// GetString returns a copy of the value of an extField, "" when it is absent.
func (c *Command) GetString(key string) string {
	v, _ := c.Get(key)
	return string(v)
}

// Reset empties the command and keeps its buffers for the next frame.
func (c *Command) Reset() {
	fields, scratch := c.Fields[:0], c.scratch[:0]
	if c.shape != nil {
		fields = c.spare
	}
	if cap(scratch) > maxKeptScratch {
		scratch = nil
	}
	*c = Command{Fields: fields, scratch: scratch}
}

// add appends an extField. It is written in place: a Field that is copied right after its parts were stored costs as
// much as finding it.
func (c *Command) add(key, value []byte) {
	n := len(c.Fields)
	if n < cap(c.Fields) {
		c.Fields = c.Fields[:n+1]
	} else if n > MaxFields {
		return // Opened sees that there are too many
	} else {
		c.Fields = append(c.Fields, Field{})
	}
	f := &c.Fields[n]
	f.Key, f.Value = key, value
}

// Borrow makes the shape's fields the command's, until Reset.
func (c *Command) Borrow(s *Shape) {
	c.spare, c.shape = c.Fields[:0], s
	c.Fields = slices.Clip(s.Fields)
}

// Borrowed tells whether the command's fields are those of a Shape.
func (c *Command) Borrowed() bool { return c.shape != nil }

// maxKeptScratch is the unescape buffer that a reused Command may keep between frames, in bytes.
const maxKeptScratch = 64 << 10

// Clone returns a copy that shares no memory with the frame's buffer.
func (c *Command) Clone() *Command {
	d := *c
	d.scratch, d.shape, d.spare = nil, nil, nil
	n := len(c.Body)
	for _, f := range c.Fields {
		n += len(f.Key) + len(f.Value)
	}
	buf := make([]byte, 0, n)
	own := func(b []byte) []byte {
		at := len(buf)
		buf = append(buf, b...)
		return buf[at:len(buf):len(buf)]
	}
	d.Fields = make([]Field, len(c.Fields))
	for i, f := range c.Fields {
		d.Fields[i] = Field{own(f.Key), own(f.Value)}
	}
	if c.Body != nil {
		d.Body = own(c.Body)
	}
	return &d
}
