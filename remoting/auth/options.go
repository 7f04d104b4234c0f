package auth

import (
	"cmp"
	"errors"
	"os"
	"time"

	"gorocket/compat"
	"gorocket/compat/config"
)

// Options are the keys of users and permissions in a server's configuration file. compat/config has their meanings.
// Java: AuthConfig.
type Options struct {
	AuthenticationEnabled    bool   `prop:"authenticationEnabled"`
	AuthorizationEnabled     bool   `prop:"authorizationEnabled"`
	AuthorizationStrictMode  bool   `prop:"authorizationStrictMode"`
	ACLEnable                bool   `prop:"aclEnable"`
	MigrateAuthFromV1Enabled bool   `prop:"migrateAuthFromV1Enabled"`
	RocketmqHome             string `prop:"rocketmqHome"`
	AuthenticationWhitelist  string `prop:"authenticationWhitelist"`
	AuthorizationWhitelist   string `prop:"authorizationWhitelist"`
	Signing

	AuthenticationProvider         string `prop:"authenticationProvider"`
	AuthenticationMetadataProvider string `prop:"authenticationMetadataProvider"`
	AuthenticationStrategy         string `prop:"authenticationStrategy"`
	AuthorizationProvider          string `prop:"authorizationProvider"`
	AuthorizationMetadataProvider  string `prop:"authorizationMetadataProvider"`
	AuthorizationStrategy          string `prop:"authorizationStrategy"`

	StatefulAuthenticationCacheMax     int `prop:"statefulAuthenticationCacheMaxNum"`
	StatefulAuthenticationCacheExpired int `prop:"statefulAuthenticationCacheExpiredSecond"`
	StatefulAuthorizationCacheMax      int `prop:"statefulAuthorizationCacheMaxNum"`
	StatefulAuthorizationCacheExpired  int `prop:"statefulAuthorizationCacheExpiredSecond"`
}

// Signing are the keys for the users that a server has of itself: who administers it, and as whom it signs.
type Signing struct {
	InitAuthenticationUser string `prop:"initAuthenticationUser"`
	InnerClientCredentials string `prop:"innerClientAuthenticationCredentials"`
}

// Home is the folder whose conf/ has the accounts of ACL 1.0; "" when nobody has said.
func (o *Options) Home() string { return cmp.Or(o.RocketmqHome, os.Getenv("ROCKETMQ_HOME")) }

// On tells whether requests are checked for users and permissions 2.0.
func (o *Options) On() bool { return o.AuthenticationEnabled || o.AuthorizationEnabled }

// Settings are what a Service checks by these keys, for the cluster of that name.
func (o *Options) Settings(cluster string) Settings {
	s := Settings{Authenticate: o.AuthenticationEnabled, Authorize: o.AuthorizationEnabled,
		Strict: o.AuthorizationStrictMode, Cluster: cluster, Unsigned: ParseCodes(o.AuthenticationWhitelist),
		Unchecked: ParseCodes(o.AuthorizationWhitelist)}
	if o.AuthenticationStrategy == config.StatefulAuthentication {
		s.StatefulUsers = Cache{o.StatefulAuthenticationCacheMax, seconds(o.StatefulAuthenticationCacheExpired)}
	}
	if o.AuthorizationStrategy == config.StatefulAuthorization {
		s.StatefulGrants = Cache{o.StatefulAuthorizationCacheMax, seconds(o.StatefulAuthorizationCacheExpired)}
	}
	return s
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Credentials are whom a program signs as. Java: SessionCredentials.
type Credentials struct {
	AccessKey     string `json:"accessKey"`
	SecretKey     string `json:"secretKey"`
	SecurityToken string `json:"securityToken"`
}

// Check finds values that cannot be used; an error holds no secret.
func (s *Signing) Check() error {
	_, err := s.FirstUsers()
	return err
}

// FirstUsers are the users that are made at the start unless they are there. Java:
// AuthenticationMetadataManagerImpl.initUser.
func (s *Signing) FirstUsers() (users []User, err error) {
	if !blank(s.InitAuthenticationUser) {
		var u User
		err = parseSecret(s.InitAuthenticationUser, &u)
		users, err = addFirst(users, "initAuthenticationUser", userForm, u.Username, u.Password, err)
	}
	users, innerErr := s.inner(users)
	return users, errors.Join(err, innerErr)
}

// inner adds the user of the credentials, if there are any.
func (s *Signing) inner(users []User) ([]User, error) {
	c, err := s.credentials()
	if c == nil && err == nil {
		return users, nil
	}
	c = cmp.Or(c, &Credentials{})
	return addFirst(users, "innerClientAuthenticationCredentials", innerForm, c.AccessKey, c.SecretKey, err)
}

// Credentials are whom this server's own requests are signed as, nil for nobody. Of keys that were checked.
func (s *Signing) Credentials() *Credentials {
	c, _ := s.credentials()
	return c
}

func (s *Signing) credentials() (*Credentials, error) {
	if blank(s.InnerClientCredentials) {
		return nil, nil
	}
	c := &Credentials{}
	if err := parseSecret(s.InnerClientCredentials, c); err != nil {
		return nil, err
	}
	return c, nil
}

// errNotJSON says no more than that: the text holds a secret.
var errNotJSON = errors.New("not a JSON object as it has to be")

func parseSecret(text string, v any) error {
	if compat.Unmarshal([]byte(text), v) != nil {
		return errNotJSON
	}
	return nil
}

// The forms of the two keys, which people take for each other.
const (
	userForm  = `{"username":"...","password":"..."}`
	innerForm = `{"accessKey":"...","secretKey":"..."}`
)

// addFirst adds a user with all rights, or why there is none; form is what the key should look like.
func addFirst(users []User, key, form, name, password string, err error) ([]User, error) {
	u := User{Username: name, Password: password, Type: Super, Status: Enabled}
	if err == nil && (blank(name) || blank(password) || u.tooLong()) {
		err = errors.New("the name or the password is empty or too long")
	}
	if err != nil {
		return users, &config.Error{Key: key, Value: "***", Msg: err.Error() + ": want " + form}
	}
	return append(users, u), nil
}
