package config

// Doors are the keys of all servers with which one word closes every door.
var Doors = Table{
	flag("secure", false, Start, "close every door, as --secure: connections encrypted, requests signed, administration "+
		"by SUPER users only, metrics on loopback; keys that open one again stop the start (security.md)").ours(),
	text("secureDir", "", Start, "folder of the certificates and secrets that secure=true makes where they are missing; "+
		"default: gorocket-secure in the home directory").ours(),
}.local()
