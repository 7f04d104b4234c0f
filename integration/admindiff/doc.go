// Package admindiff runs each command of mqadmin with Apache's tool and with ours on one cluster, Java's and then ours,
// and compares what they print. It goes by Java's own table of commands: one that has no case here, and no reason in
// notCompared, is a failure.
//
//	make admin-diff
package admindiff
