package config

// Java's names of what users and permissions are looked at with. Here is one of each kind and two strategies.
const (
	authentication = "org.apache.rocketmq.auth.authentication."
	authorization  = "org.apache.rocketmq.auth.authorization."
	// StatefulAuthentication and StatefulAuthorization are the strategies that remember verdicts.
	StatefulAuthentication = authentication + "strategy.StatefulAuthenticationStrategy"
	StatefulAuthorization  = authorization + "strategy.StatefulAuthorizationStrategy"
)

const initForm = "user with all rights who is made at the start if there is none of the name: " +
	`{"username":"...","password":"..."}`

const credentialsForm = `{"accessKey":"...","secretKey":"..."}`

// Signing are the keys of NameServer and controller for what they send to brokers that ask for users, and for who may
// administer them.
var Signing = Table{
	text("initAuthenticationUser", "", Start, initForm).secret().ours(),
	text("innerClientAuthenticationCredentials", "", Start,
		"user with all rights as whom this server signs what it tells brokers; the same as theirs: "+credentialsForm).
		secret().ours(),
}.local()

// Auth are the keys of users and permissions. None can be changed over the wire: who may change them would open the
// door for all. Java: AuthConfig.
var Auth = Table{
	flag("authenticationEnabled", false, Start, "ask every request for a signature of a user; also on the fast port").
		secured("true"),
	flag("authorizationEnabled", false, Start,
		"ask whether the user may do what the request asks for; without authenticationEnabled anybody may name any user").
		secured("true"),
	flag("authorizationStrictMode", true, Start, "ask for permissions too where Java asks for none: "+
		"security.md lists these requests; false: as Java").secured("true").ours(),
	flag("aclEnable", false, Start, "ACL 1.0, as brokers of 4.x have it: ask every request for a signature of an account "+
		"in conf/plain_acl.yml and conf/acl below rocketmqHome").secured("false"),
	flag("migrateAuthFromV1Enabled", false, Start,
		"make users and permissions of the accounts of ACL 1.0 at the start, of those whose name no user has"),
	text("rocketmqHome", "", Start, "folder whose conf/ has the accounts of ACL 1.0; empty: the environment variable "+
		"ROCKETMQ_HOME"),
	text("authenticationWhitelist", "", Start, "request codes, with commas, that need no signature").secured(""),
	text("authorizationWhitelist", "", Start, "request codes, with commas, that need no permission").secured(""),
	text("initAuthenticationUser", "", Start, initForm).secret(),
	text("innerClientAuthenticationCredentials", "", Start, "user with all rights as whom this broker signs its requests "+
		"to NameServers and other brokers, made as initAuthenticationUser is: "+credentialsForm).secret(),
	choice("authenticationProvider", "", Start,
		[]string{"", authentication + "provider.DefaultAuthenticationProvider"}, "Java's class; there is one"),
	choice("authenticationMetadataProvider", "", Start,
		[]string{"", authentication + "provider.LocalAuthenticationMetadataProvider"},
		"Java's class, which must be set there; here users are kept in config/users.json with or without it"),
	choice("authenticationStrategy", "", Start,
		[]string{"", authentication + "strategy.StatelessAuthenticationStrategy", StatefulAuthentication},
		"Java's class; stateful: the first signature of a user on a connection counts for later requests"),
	choice("authorizationProvider", "", Start,
		[]string{"", authorization + "provider.DefaultAuthorizationProvider"}, "Java's class; there is one"),
	choice("authorizationMetadataProvider", "", Start,
		[]string{"", authorization + "provider.LocalAuthorizationMetadataProvider"},
		"Java's class, which must be set there; here permissions are kept in config/acls.json with or without it"),
	choice("authorizationStrategy", "", Start,
		[]string{"", authorization + "strategy.StatelessAuthorizationStrategy", StatefulAuthorization},
		"Java's class; stateful: a verdict counts for later requests of a connection"),
	number("statefulAuthenticationCacheMaxNum", 10000, 1, 1000000, Count, Start,
		"verdicts about users that are remembered"),
	number("statefulAuthenticationCacheExpiredSecond", 60, 1, 86400, Seconds, Start,
		"how long, unless a user changes; Java waits for the end of the time"),
	number("statefulAuthorizationCacheMaxNum", 10000, 1, 1000000, Count, Start,
		"verdicts about permissions that are remembered"),
	number("statefulAuthorizationCacheExpiredSecond", 60, 1, 86400, Seconds, Start,
		"how long, unless a permission changes"),
}.local()
