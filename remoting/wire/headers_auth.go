package wire

// UserHeader names a user. Java: CreateUserRequestHeader, UpdateUserRequestHeader, DeleteUserRequestHeader,
// GetUserRequestHeader.
type UserHeader struct {
	Username string `header:"username"`
}

// UserRequest is its header type.
var UserRequest = Define[UserHeader]("CreateUserRequestHeader")

// ListUsersHeader bounds a list of users. Java: ListUsersRequestHeader.
type ListUsersHeader struct {
	Filter string `header:"filter"`
}

// ListUsersRequest is its header type.
var ListUsersRequest = Define[ListUsersHeader]("ListUsersRequestHeader")

// ACLHeader names whose permissions are meant, and which of them. Java: CreateAclRequestHeader, UpdateAclRequestHeader,
// GetAclRequestHeader, DeleteAclRequestHeader.
type ACLHeader struct {
	Subject    string `header:"subject"`
	PolicyType string `header:"policyType"` // of DELETE_ACL
	Resource   string `header:"resource"`   // of DELETE_ACL
}

// ACLRequest is its header type.
var ACLRequest = Define[ACLHeader]("DeleteAclRequestHeader")

// ListACLsHeader bounds a list of permissions. Java: ListAclsRequestHeader.
type ListACLsHeader struct {
	SubjectFilter  string `header:"subjectFilter"`
	ResourceFilter string `header:"resourceFilter"`
}

// ListACLsRequest is its header type.
var ListACLsRequest = Define[ListACLsHeader]("ListAclsRequestHeader")
