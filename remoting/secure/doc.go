// Package secure makes TLS configurations of the settings that Java's remoting knows, and of new ones when the files
// change that they name. Java: TlsSystemConfig, TlsHelper, TlsCertificateManager.
package secure
