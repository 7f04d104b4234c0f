package plain

import (
	"fmt"
	"strings"

	"gorocket/compat/yaml"
	"gorocket/remoting/auth"
)

// Limits of accounts.
const (
	maxAccounts = 10000
	maxPerms    = 2000 // topics of one account, and groups
	minKey      = 7    // bytes of an access key and of a secret. Java: AclConstants.ACCESS_KEY_MIN_LENGTH
	maxText     = 1024 // bytes of a key, a secret, and a name
)

// prefixRetry begins the topics with what a group is to get again; ACL 1.0 takes them for their groups.
const prefixRetry = "%RETRY%"

// perm is a set of what may be done to a topic or a group. Java: Permission.
type perm uint8

const (
	denied perm = 1 << iota
	_           // ANY
	pub
	sub
)

// permOf reads a permission; what is none denies, which known says. Java: Permission.parsePermFromString.
func permOf(text string) (p perm, known bool) {
	switch strings.TrimSpace(text) {
	case "PUB":
		return pub, true
	case "SUB":
		return sub, true
	case "PUB|SUB", "SUB|PUB":
		return pub | sub, true
	case "DENY", "":
		return denied, true
	}
	return denied, false
}

// allows tells whether any of needed is there. Java: Permission.checkPermission.
func (p perm) allows(needed perm) bool { return p&denied == 0 && p&needed != 0 }

// Account is an account as a file has it. It holds a secret. Java: PlainAccessConfig.
type Account struct {
	AccessKey          string   `json:"accessKey,omitempty"`
	Admin              bool     `json:"admin"`
	DefaultGroupPerm   string   `json:"defaultGroupPerm,omitempty"`
	DefaultTopicPerm   string   `json:"defaultTopicPerm,omitempty"`
	GroupPerms         []string `json:"groupPerms,omitempty"`
	SecretKey          string   `json:"secretKey,omitempty"`
	TopicPerms         []string `json:"topicPerms,omitempty"`
	WhiteRemoteAddress string   `json:"whiteRemoteAddress,omitempty"`
}

// account is an Account made ready. Immutable.
type account struct {
	Account
	key          *auth.Key
	file         string
	white        Addresses
	topic, group perm // of those that are not listed
	topics       map[string]perm
	groups       map[string]perm
	doubts       []string // what is legal and probably not meant
	hasNoEntries bool     // neither topics nor groups are listed
}

// parseAccount reads one account.
func parseAccount(n *yaml.Node) (a Account, err error) {
	pairs, err := n.Pairs()
	if err != nil {
		return a, err
	}
	for _, p := range pairs {
		switch p.Key {
		case "accessKey":
			a.AccessKey, err = p.Value.Text()
		case "secretKey":
			a.SecretKey, err = p.Value.Text()
		case "whiteRemoteAddress":
			a.WhiteRemoteAddress, err = p.Value.Text()
		case "admin":
			a.Admin, err = p.Value.Flag()
		case "defaultTopicPerm":
			a.DefaultTopicPerm, err = p.Value.Text()
		case "defaultGroupPerm":
			a.DefaultGroupPerm, err = p.Value.Text()
		case "topicPerms":
			a.TopicPerms, err = p.Value.Texts()
		case "groupPerms":
			a.GroupPerms, err = p.Value.Texts()
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// ready checks an account and makes it ready. Errors hold no secret. Java: PlainAccessResource.build.
func (a *Account) ready(file string) (*account, error) {
	if len(a.AccessKey) < minKey || len(a.SecretKey) < minKey {
		return nil, fmt.Errorf("The accessKey=%.100s and secretKey=*** cannot be null and length should longer than 6",
			a.AccessKey)
	}
	if len(a.AccessKey) > maxText || len(a.SecretKey) > maxText {
		return nil, fmt.Errorf("accessKey and secretKey have at most %d bytes", maxText)
	}
	r := &account{Account: *a, key: auth.NewKey(a.SecretKey), file: file, topics: map[string]perm{},
		groups: map[string]perm{}, hasNoEntries: len(a.TopicPerms)+len(a.GroupPerms) == 0}
	var err error
	if r.white, err = ParseAddresses(a.WhiteRemoteAddress); err != nil {
		return nil, fmt.Errorf("account %.100s: whiteRemoteAddress: %w", a.AccessKey, err)
	}
	r.topic, r.group = r.perm("defaultTopicPerm", a.DefaultTopicPerm), r.perm("defaultGroupPerm", a.DefaultGroupPerm)
	if err = r.entries("topic", a.TopicPerms); err == nil {
		err = r.entries("group", a.GroupPerms)
	}
	r.suspect()
	return r, err
}

func (r *account) perm(of, text string) perm {
	p, known := permOf(text)
	if !known {
		r.doubts = append(r.doubts, fmt.Sprintf("account %.100s: %.200s: %.40q is none of DENY, PUB, SUB, PUB|SUB: denied",
			r.AccessKey, of, text))
	}
	return p
}

// entries reads a list of name=permission. Java: Permission.parseResourcePerms.
func (r *account) entries(kind string, list []string) error {
	if len(list) > maxPerms {
		return fmt.Errorf("account %.100s: %d entries of a %s, more than %d", r.AccessKey, len(list), kind, maxPerms)
	}
	for _, text := range list {
		items := strings.FieldsFunc(text, func(c rune) bool { return c == '=' })
		if len(items) != 2 || len(items[0]) > maxText {
			return fmt.Errorf("Parse resource permission failed for %s:%.200s", kind, text)
		}
		name, p := strings.TrimSpace(items[0]), r.perm(kind+" "+items[0], items[1])
		of, retry := strings.CutPrefix(name, prefixRetry)
		switch {
		case kind == "group":
			r.groups[name] = p
		case retry:
			r.groups[of] = p
		default:
			r.topics[name] = p
		}
	}
	return nil
}

// suspect notes what lets more in than is good.
func (r *account) suspect() {
	if r.white.All() {
		r.doubts = append(r.doubts, fmt.Sprintf("account %.100s: whiteRemoteAddress is every address: whoever knows its "+
			"accessKey needs no secret, and may do everything", r.AccessKey))
	}
	if len(r.SecretKey) < 12 {
		r.doubts = append(r.doubts, fmt.Sprintf("account %.100s: its secret has %d bytes only: it can be guessed",
			r.AccessKey, len(r.SecretKey)))
	}
}
