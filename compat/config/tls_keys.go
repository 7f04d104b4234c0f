package config

// TLS are the keys of TLS, of both servers. In Java they are system properties, -Dtls.server.mode=..., and lines of the
// file tls.config.file. None can be changed over the wire: who may change them would open the door for all. Java:
// TlsSystemConfig.
var TLS = Table{
	choice("tls.server.mode", "permissive", Start, []string{"disabled", "permissive", "enforcing"},
		"which connections are accepted on every port: plain ones, both kinds, or encrypted ones only").
		secured("enforcing"),
	text("tls.config.file", "/etc/rocketmq/tls.properties", Start,
		"file with keys of TLS, which win over those here; it need not be there"),
	flag("tls.test.mode.enable", true, Start,
		"a certificate of its own that proves nothing, new at each start; clients believe any").secured("false"),
	choice("tls.server.need.client.auth", "none", Start, []string{"none", "optional", "require"},
		"whether clients have to show a certificate"),
	text("tls.server.keyPath", "", Start, "private key, PEM; read again when it changes"),
	text("tls.server.keyPassword", "", Start, "of the private key, if that is encrypted (PKCS#8 with PBES2, or a "+
		"traditional one); no effect on another").secret(),
	text("tls.server.certPath", "", Start, "certificate chain, PEM; read again when it changes"),
	flag("tls.server.authClient", false, Start, "check clients' certificates by tls.server.trustCertPath"),
	text("tls.server.trustCertPath", "", Start, "certificates that sign those of clients, PEM; default: the system's"),
	flag("tls.enable", false, Start, "encrypt connections to NameServers and other brokers").secured("true"),
	text("tls.client.keyPath", "", Start, "private key for them, PEM"),
	text("tls.client.keyPassword", "", Start, "of the private key, as tls.server.keyPassword").secret(),
	text("tls.client.certPath", "", Start, "certificate chain for them, PEM"),
	flag("tls.client.authServer", false, Start, "check their certificates by tls.client.trustCertPath").
		secured("true"),
	text("tls.client.trustCertPath", "", Start, "certificates that sign those of servers, PEM; default: the system's"),
	text("tls.ciphers", "", Start, "names of cipher suites of TLS 1.2 with commas between; default: all that are safe"),
	text("tls.protocols", "", Start, "TLSv1.2, TLSv1.3 or both with a comma between; default: both"),
}.local()
