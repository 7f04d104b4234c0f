// Package wire is RocketMQ's protocol as data: frames, commands, request and response codes, header types, and the
// codecs of both header forms. It knows neither sockets nor goroutines.
//
// A frame is (all integers big-endian; Java: RemotingCommand.encode, RocketMQSerializable):
//
//	int32 length            bytes that follow, 4 + header + body
//	int32 type<<24 | n      type 0 JSON, 1 ROCKETMQ; n = header bytes
//	n bytes                 header
//	length-4-n bytes        body
//
// The decoders here are the truth about what a header says. Package template reads and writes the same bytes faster, by
// what it remembers of the last header of the same shape; Shape, Observe and the fields of HeaderInfo are there for it.
package wire
