// Package sim runs controllers, brokers and clients in one process, on file systems and a network in memory and in fake
// time, breaks what a seed says, and looks whether anything that was acknowledged is lost, twice or elsewhere. What it
// checks, and what not, is in docs/durability.md; how a seed is run, in CONTRIBUTING.md.
//
// What runs is the product: broker.Host, controller.Server and remoting.Client, as they are. Replaced are the kernel's
// network (network.go), the disk (store/vfs.Mem; raft's log in memory, disk.go) and time (testing/synctest).
//
// It is a module of its own, because it needs the product's packages, which the tests in the module around it must not.
package sim
