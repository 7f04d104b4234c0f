package auth

import "strings"

// UserType is what a user is. Java: UserType.
type UserType int8

// The types of users. A user without one is as good as a normal one.
const (
	Super  UserType = 1 // may do everything; no policy is looked at
	Normal UserType = 2
)

// UserStatus tells whether a user may sign. Java: UserStatus.
type UserStatus int8

// The states of users.
const (
	Enabled  UserStatus = 1
	Disabled UserStatus = 2
)

// subjectUser is the only kind of subject that Java has. Java: SubjectType.USER.
const subjectUser = 1

var (
	userTypes    = names{"", "Super", "Normal"}
	userStatuses = names{"", "Enable", "Disable"}
	subjectTypes = names{"", "User"}
)

// User is one user as its document in config/users.json has it. Java: User.
type User struct {
	Password    string     `json:"password,omitempty"` // in clear: a signature is made with it
	SubjectType subject    `json:"subjectType,omitempty"`
	Status      UserStatus `json:"userStatus,omitempty"`
	Type        UserType   `json:"userType,omitempty"`
	Username    string     `json:"username"`
}

// tooLong tells that the name or the password is longer than a Store takes.
func (u *User) tooLong() bool { return len(u.Username) > maxName || len(u.Password) > maxPassword }

type subject int8

// String is the name as requests and answers have it: Super, Normal, or "" for none.
func (t UserType) String() string { return userTypes.name(int(t)) }

// String is the name as requests and answers have it: enable, disable, or "" for none.
func (s UserStatus) String() string { return strings.ToLower(userStatuses.name(int(s))) }

// UserTypeOf is the type of that name, in any case; 0 for none.
func UserTypeOf(name string) UserType { return UserType(userTypes.find(name)) }

// UserStatusOf is the status of that name, in any case; 0 for none.
func UserStatusOf(name string) UserStatus { return UserStatus(userStatuses.find(name)) }

// UnmarshalJSON reads a number, or the name of Java's constant.
func (t *UserType) UnmarshalJSON(text []byte) error {
	return userTypes.decode("userType", text, (*int8)(t))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (s *UserStatus) UnmarshalJSON(text []byte) error {
	return userStatuses.decode("userStatus", text, (*int8)(s))
}

// UnmarshalJSON reads a number, or the name of Java's constant.
func (s *subject) UnmarshalJSON(text []byte) error {
	return subjectTypes.decode("subjectType", text, (*int8)(s))
}

// SubjectOf is the key of a user's policies: User:name.
func SubjectOf(username string) string { return "User:" + username }

// UsernameOf is the name in the key of a subject; false when that is none of a user. Java: Subject.of.
func UsernameOf(subject string) (string, bool) {
	kind, name, _ := strings.Cut(subject, ":")
	return name, subjectTypes.find(kind) == subjectUser
}
