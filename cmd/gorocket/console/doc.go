// Package console is the web page of this program: what mqadmin can ask and do, for a browser. It is a client of
// NameServers and brokers like any other, of Java's too, by remoting/admin; where users are asked who they are, each
// session asks as its own user. Pages are made on the server (html/template); the two scripts beside them, htmx and
// uPlot, are in the binary.
//
// What it promises to its host: nothing is loaded from elsewhere, no script or style stands inside a page, everything
// that is shown is escaped, and nothing acts without the token of the page that it was asked on.
package console
