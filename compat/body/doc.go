// Package body holds the request and response bodies that more than one part of this module reads or writes. Members are named exactly
// as in Java (remoting/.../protocol/body, route, subscription, statictopic); read them with compat.Unmarshal and write them with
// compat.Marshal, which keeps fastjson's dialect. Values are plain data without locks: their owner guards them.
package body
