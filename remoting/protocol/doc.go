// Package protocol holds what peers say to each other beside headers: the JSON bodies that more than one part of this
// module reads or writes, and the names of groups and properties that are in no record of the store. Members are
// named exactly as in Java (remoting/.../protocol/body, route, subscription, statictopic); read them with
// compat.Unmarshal and write them with compat.Marshal, which keeps fastjson's dialect. Values are plain data without
// locks: their owner guards them.
package protocol
