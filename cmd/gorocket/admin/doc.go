// Package admin is mqadmin: the commands of Java's tools with their options, words and columns, and a few that Java
// does not have, on top of remoting/admin.
//
// A command is a row of a table (table_*.go): its name, what it does in a line, its options as data, and the function
// that runs it, which hands every result to call.emit as a value and as a text: --json prints the one, scripts that
// were written for Java's tool read the other. parse.go and help.go are commons-cli's rules for options and help.
// Messages of errors go to standard error; exit.go says with what status a command ends.
package admin
