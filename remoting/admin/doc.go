// Package admin asks NameServers, brokers and controllers what administrators ask: the calls behind mqadmin, the
// console and what else looks at a cluster from outside. It prints nothing and keeps nothing but connections and the
// names of brokers that it has seen. All methods may be called from any goroutine, each with a context of its own; one
// call to one server is bounded by Options.Timeout besides. They work against Java's servers of 4.9 and 5.x and ours.
// Java: MQAdminExt, MQClientAPIImpl.
//
// What is asked of many brokers or topics is asked of Options.Parallel of them at once (see Each).
package admin
