// Package integration holds the tests against programs that nobody here wrote: Apache's Go and Java clients, Java name
// servers and Java brokers. README.md says how to run them.
package integration
