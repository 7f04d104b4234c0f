// Package namesrv is RocketMQ's NameServer: brokers register their topics here, clients ask here where a topic lives.
// It follows Java's namesrv module (NamesrvController, RouteInfoManager, KVConfigManager) on the wire and in its two
// files.
//
// Folder: one file per request code, named by number and name, with its test beside it; routes*.go are the tables
// behind them, kv.go and settings.go what is persisted, unregister.go, liveness.go and notify.go the three background
// workers.
//
// # Concurrency
//
// All tables live in routes under one RWMutex. Bodies are decoded before and encoded after that lock. Route answers are
// cached as bytes (routecache.go), so that the usual GET_ROUTEINFO_BY_TOPIC is answered on the event loop without
// touching the tables. Lock order: routes.mu before routeCache.mu; kvStore's and Server's locks are never held together
// with routes.mu.
package namesrv
