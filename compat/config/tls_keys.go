package config

// TLS are the keys of TLS, of both servers. In Java they are system properties, -Dtls.server.mode=..., and lines of the
// file tls.config.file. Java: TlsSystemConfig.
var TLS = Table{
	choice("tls.server.mode", "permissive", Restart, []string{"disabled", "permissive", "enforcing"},
		"which connections are accepted on every port: plain ones, both kinds, or encrypted ones only"),
	text("tls.config.file", "/etc/rocketmq/tls.properties", Restart,
		"file with keys of TLS, which win over those here; it need not be there"),
	flag("tls.test.mode.enable", true, Restart,
		"a certificate of its own that proves nothing, new at each start; clients believe any"),
	choice("tls.server.need.client.auth", "none", Restart, []string{"none", "optional", "require"},
		"whether clients have to show a certificate"),
	text("tls.server.keyPath", "", Restart, "private key, PEM, not encrypted; read again when it changes"),
	text("tls.server.keyPassword", "", Restart, "no effect: an encrypted key is refused").secret(),
	text("tls.server.certPath", "", Restart, "certificate chain, PEM; read again when it changes"),
	flag("tls.server.authClient", false, Restart, "check clients' certificates by tls.server.trustCertPath"),
	text("tls.server.trustCertPath", "", Restart, "certificates that sign those of clients, PEM; default: the system's"),
	flag("tls.enable", false, Restart, "encrypt connections to NameServers and other brokers"),
	text("tls.client.keyPath", "", Restart, "private key for them, PEM, not encrypted"),
	text("tls.client.keyPassword", "", Restart, "no effect: an encrypted key is refused").secret(),
	text("tls.client.certPath", "", Restart, "certificate chain for them, PEM"),
	flag("tls.client.authServer", false, Restart, "check their certificates by tls.client.trustCertPath"),
	text("tls.client.trustCertPath", "", Restart, "certificates that sign those of servers, PEM; default: the system's"),
	text("tls.ciphers", "", Restart, "names of cipher suites of TLS 1.2 with commas between; default: all that are safe"),
	text("tls.protocols", "", Restart, "TLSv1.2, TLSv1.3 or both with a comma between; default: both"),
}
