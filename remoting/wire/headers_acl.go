package wire

// Requests of ACL 1.0, which 4.9 and 5.0 to 5.3.2 have and 5.5.0 has not.
const (
	ReqUpdateAndCreateAclConfig     int32 = 50
	ReqDeleteAclConfig              int32 = 51
	ReqGetBrokerClusterAclInfo      int32 = 52
	ReqUpdateGlobalWhiteAddrsConfig int32 = 53
	ReqGetBrokerClusterAclConfig    int32 = 54
)

// Answers to them. Numbers that other requests use for something else.
const (
	UpdateAndCreateAclConfigFailed     int32 = 209
	DeleteAclConfigFailed              int32 = 210
	UpdateGlobalWhiteAddrsConfigFailed int32 = 211
)

// OldRequestNames lists the request codes that 5.5.0 has not any more, in rising order.
func OldRequestNames() []RequestName {
	return []RequestName{
		{ReqUpdateAndCreateAclConfig, "UPDATE_AND_CREATE_ACL_CONFIG"},
		{ReqDeleteAclConfig, "DELETE_ACL_CONFIG"},
		{ReqGetBrokerClusterAclInfo, "GET_BROKER_CLUSTER_ACL_INFO"},
		{ReqUpdateGlobalWhiteAddrsConfig, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG"},
		{ReqGetBrokerClusterAclConfig, "GET_BROKER_CLUSTER_ACL_CONFIG"},
	}
}

// AccountHeader is an account as it is to be. Java: CreateAccessConfigRequestHeader.
type AccountHeader struct {
	AccessKey          string `header:"accessKey,must"`
	SecretKey          string `header:"secretKey"`
	WhiteRemoteAddress string `header:"whiteRemoteAddress"`
	Admin              bool   `header:"admin"`
	DefaultTopicPerm   string `header:"defaultTopicPerm"`
	DefaultGroupPerm   string `header:"defaultGroupPerm"`
	TopicPerms         string `header:"topicPerms"` // with commas
	GroupPerms         string `header:"groupPerms"`
}

// AccountRequest is its header type.
var AccountRequest = Define[AccountHeader]("CreateAccessConfigRequestHeader")

// AccountNameHeader names an account. Java: DeleteAccessConfigRequestHeader.
type AccountNameHeader struct {
	AccessKey string `header:"accessKey,must"`
}

// AccountNameRequest is its header type.
var AccountNameRequest = Define[AccountNameHeader]("DeleteAccessConfigRequestHeader")

// WhiteAddressesHeader is the addresses of whom nothing is asked, in a file. Java:
// UpdateGlobalWhiteAddrsConfigRequestHeader.
type WhiteAddressesHeader struct {
	Addresses string `header:"globalWhiteAddrs,must"`
	File      string `header:"aclFileFullPath"`
}

// WhiteAddressesRequest is its header type.
var WhiteAddressesRequest = Define[WhiteAddressesHeader]("UpdateGlobalWhiteAddrsConfigRequestHeader")

// AccountsVersionHeader says how new the files of accounts are. Java: GetBrokerAclConfigResponseHeader.
type AccountsVersionHeader struct {
	Version     string `header:"version,must"` // JSON
	AllFiles    string `header:"allAclFileVersion"`
	BrokerName  string `header:"brokerName,must"`
	BrokerAddr  string `header:"brokerAddr,must"`
	ClusterName string `header:"clusterName,must"`
}

// AccountsVersionResponse is its header type.
var AccountsVersionResponse = Define[AccountsVersionHeader]("GetBrokerAclConfigResponseHeader")
