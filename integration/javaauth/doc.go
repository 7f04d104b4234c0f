// Package javaauth compares gorocket's signatures and permissions with Apache's. Oracle.java is Apache's evaluator behind
// a pipe; the comparison itself is with the code it tests, in remoting/auth/java_test.go of the main module, and is
// started from here with the jars it needs:
//
//	JAVAAUTH=1 go test ./javaauth -v
//
// ROCKETMQ_AUTH_SEED and ROCKETMQ_AUTH_PAIRS (see there) choose and lengthen the run; each run prints what replays it.
package javaauth
