// Package auth is who may do what: signatures of requests, users, policies, and one table that says for every request
// code which resources and actions it needs. It knows requests as remoting/wire does and neither connections nor the
// broker. Java: the modules auth and acl, "ACL 2.0".
//
// What Java leaves open is closed here as long as Settings.Strict is set; each such need carries the mark Ours in the
// table, so that docs and tests can list them.
package auth
