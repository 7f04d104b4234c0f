// Package remoting is RocketMQ's wire: the frame, its JSON and ROCKETMQ header forms, request and response header types, the
// dispatch table, and the event-loop server and client that carry them. gnet types never leave this package.
//
// A frame is (all integers big-endian; Java: RemotingCommand.encode, RocketMQSerializable):
//
//	int32 length            bytes that follow, 4 + header + body
//	int32 type<<24 | n      type 0 JSON, 1 ROCKETMQ; n = header bytes
//	n bytes                 header
//	length-4-n bytes        body
//
// # Who may call what
//
// A handler declared Inline runs on the event loop of its connection and must not block; everything it reads from the Request
// (byte slices, the body) lies in the socket's buffer and dies when it returns. A Pooled handler runs on a worker with a
// copy of the frame. Replier values may be kept and used from any goroutine, once.
package remoting
