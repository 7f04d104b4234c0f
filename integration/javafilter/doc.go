// Package javafilter compares gorocket's SQL92 filter with Apache's. Oracle.java is Apache's filter behind a pipe; the
// comparison itself is with the code it tests, in broker/filter/java_test.go of the main module, and is started from
// here with the jars it needs:
//
//	JAVAFILTER=1 go test ./javafilter -v
//
// ROCKETMQ_FILTER_SEED and ROCKETMQ_FILTER_PAIRS (see there) choose and lengthen the run; each run prints what replays
// it. ROCKETMQ_FILTER_RECORD=1 writes broker/filter/testdata again.
package javafilter
