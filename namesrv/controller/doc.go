// Package controller is the controller of Java's automatic failover: brokers register with it, send it heartbeats and
// ask it who of them is master; when a master is gone it elects another one of those that are in sync. Several
// controllers agree by consensus; brokers of Java and of ours see no difference from Java's controllers. Java:
// org.apache.rocketmq.controller.
//
// Every request but 904, 1005, 1009 and 1010 is served by the leader only; others answer 2007. What a command decides
// is in package replicas, who is alive in liveness, and how the members agree in consensus.
package controller
