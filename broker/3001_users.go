package broker

// AUTH_CREATE_USER (3001), UPDATE (3002), DELETE (3003), GET (3004), LIST (3005), and GET_USERS of our own slaves.
// Java: AdminBrokerProcessor, UserConverter, AuthenticationMetadataManagerImpl.
//
// As in Java a user who may do everything is made, changed and deleted by such a one only, and answers have passwords.
// Unlike there only such a one gets the passwords of others: Java gives them to everybody who may Get the cluster.
// A user whose status or type is misspelt is refused; Java takes it for not given.

import (
	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// userAdmin handles what administrators do with users.
type userAdmin struct {
	liveConfig
	accounts
}

// accounts are users and permissions as their handlers change them.
type accounts struct {
	users   *auth.Store
	persist *meta.Persister
	log     zerolog.Logger
}

// changed answers a change of what a user is, or may do: after it was written, as Java does.
func (a *accounts) changed(ctx *remoting.Context, err error, what, name string) {
	if err != nil {
		refuseAuth(ctx, err)
		return
	}
	a.persist.Now()
	a.log.Info().Str("user", name).Str("peer", ctx.Conn().RemoteAddr()).Msg(what)
	ctx.Status(wire.Success, "")
}

func (a *userAdmin) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqAuthCreateUser, Mode: remoting.Blocking, Handle: with(wire.UserRequest, a.createUser)},
		{Code: wire.ReqAuthUpdateUser, Mode: remoting.Blocking, Handle: with(wire.UserRequest, a.updateUser)},
		{Code: wire.ReqAuthDeleteUser, Mode: remoting.Blocking, Handle: with(wire.UserRequest, a.deleteUser)},
		{Code: wire.ReqAuthGetUser, Mode: remoting.Pooled, Handle: with(wire.UserRequest, a.getUser)},
		{Code: wire.ReqAuthListUser, Mode: remoting.Pooled, Handle: with(wire.ListUsersRequest, a.listUsers)},
		{Code: wire.ReqGetUsers, Mode: remoting.Pooled, Handle: a.everything},
	}
}

// userInfo is a user in requests and answers. Java: UserInfo.
type userInfo struct {
	Password   string `json:"password,omitempty"`
	UserStatus string `json:"userStatus,omitempty"`
	UserType   string `json:"userType,omitempty"`
	Username   string `json:"username,omitempty"`
}

// user reads the user of a request; false when it is answered already.
func (a *userAdmin) user(ctx *remoting.Context, name, done string) (u auth.User, ok bool) {
	if name == "" {
		ctx.Status(wire.InvalidParameter, "The username is blank")
		return u, false
	}
	var info userInfo
	if err := decodeBody(ctx, &info); err != nil {
		fail(ctx, err)
		return u, false
	}
	u = auth.User{Username: name, Password: info.Password, Type: auth.UserTypeOf(info.UserType),
		Status: auth.UserStatusOf(info.UserStatus)}
	switch {
	case info.UserType != "" && u.Type == 0:
		ctx.Status(wire.InvalidParameter, "The user type is neither Super nor Normal")
	case info.UserStatus != "" && u.Status == 0:
		ctx.Status(wire.InvalidParameter, "The user status is neither enable nor disable")
	case u.Type == auth.Super && !a.bySuper(ctx):
		ctx.Status(wire.SystemError, "The super user can only be "+done+" by super user")
	default:
		return u, true
	}
	return u, false
}

// bySuper tells whether the request is from a user who may do everything, or nobody is asked who they are.
func (a *userAdmin) bySuper(ctx *remoting.Context) bool {
	super, _ := a.users.IsSuper(ctx.Req)
	return super
}

func (a *userAdmin) createUser(ctx *remoting.Context, h *wire.UserHeader) {
	if u, ok := a.user(ctx, h.Username, "create"); ok {
		a.changed(ctx, a.users.CreateUser(u), "user created", u.Username)
	}
}

func (a *userAdmin) updateUser(ctx *remoting.Context, h *wire.UserHeader) {
	u, ok := a.user(ctx, h.Username, "update")
	if ok && a.mayTouch(ctx, u.Username) {
		a.changed(ctx, a.users.UpdateUser(u), "user changed", u.Username)
	}
}

// mayTouch refuses to change a user who may do everything for one who may not.
func (a *userAdmin) mayTouch(ctx *remoting.Context, name string) bool {
	if old, _ := a.users.User(name); old.Type == auth.Super && !a.bySuper(ctx) {
		ctx.Status(wire.NoPermission, "The super user can only be update by super user")
		return false
	}
	return true
}

func (a *userAdmin) deleteUser(ctx *remoting.Context, h *wire.UserHeader) {
	_, found, err := a.users.Find(h.Username)
	switch {
	case err != nil:
		refuseAuth(ctx, err)
	case !found:
		ctx.Status(wire.Success, "")
	case a.mayTouch(ctx, h.Username):
		a.changed(ctx, a.users.DeleteUser(h.Username), "user deleted", h.Username)
	}
}

func (a *userAdmin) getUser(ctx *remoting.Context, h *wire.UserHeader) {
	u, found, err := a.users.Find(h.Username)
	switch {
	case err != nil:
		ctx.Status(wire.InvalidParameter, "The username is blank")
	case !found:
		ctx.Status(wire.Success, "")
	default:
		respondJSON(ctx, a.info(u, a.bySuper(ctx)))
	}
}

// info is a user as answers have it.
func (a *userAdmin) info(u auth.User, withPassword bool) userInfo {
	i := userInfo{Username: u.Username, UserType: u.Type.String(), UserStatus: u.Status.String()}
	if withPassword {
		i.Password = u.Password
	}
	return i
}

func (a *userAdmin) listUsers(ctx *remoting.Context, h *wire.ListUsersHeader) {
	var list []userInfo
	super := a.bySuper(ctx)
	for _, u := range a.users.Users(h.Filter) {
		list = append(list, a.info(u, super))
	}
	if len(list) == 0 {
		ctx.Status(wire.Success, "")
		return
	}
	respondJSON(ctx, list)
}

// everything answers a slave of ours: to a user with all rights who has signed, nobody else. The body is the version
// that the slave has; no body in the answer says that it is the latest.
func (a *userAdmin) everything(ctx *remoting.Context) {
	if !a.cfg().AuthenticationEnabled || ctx.Req.GetString(auth.FieldAccessKey) == "" || !a.bySuper(ctx) {
		ctx.Status(wire.NoPermission, "users are told to a signed request of a super user only")
		return
	}
	if string(ctx.Req.Body) == a.users.Version() {
		ctx.OK(nil)
		return
	}
	body, err := a.users.Encode()
	respondText(ctx, body, err)
}

// refuseAuth answers what the store of users refuses, or could not do.
func refuseAuth(ctx *remoting.Context, err error) {
	if _, refused := err.(*auth.Refusal); refused {
		ctx.Status(wire.NoPermission, err.Error())
		return
	}
	ctx.Status(wire.SystemError, "An system error occurred, please try again later.")
}
