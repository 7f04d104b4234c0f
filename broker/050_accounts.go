package broker

// UPDATE_AND_CREATE_ACL_CONFIG (50), DELETE_ACL_CONFIG (51), GET_BROKER_CLUSTER_ACL_INFO (52),
// UPDATE_GLOBAL_WHITE_ADDRS_CONFIG (53), GET_BROKER_CLUSTER_ACL_CONFIG (54): the accounts of ACL 1.0, of 4.9 and of 5.0
// to 5.3.2. Java: AdminBrokerProcessor of 4.9, PlainPermissionManager.
//
// Unlike there only admins may do it: Java lets every account make itself one. A file is replaced whole and keeps its
// mode and its comments, and the change acts when it is answered. Only files that accounts are read from are written.
// Without aclEnable the codes are unknown, as to 5.5.0; 4.9 throws.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/auth/plain"
	"gorocket/remoting/wire"
)

// accountAdmin handles what administrators do with accounts.
type accountAdmin struct {
	liveConfig
	plain *plain.Service // nil without aclEnable
	log   zerolog.Logger
}

func (a *accountAdmin) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateAndCreateAclConfig, Mode: remoting.Blocking, Handle: a.with(a.put)},
		{Code: wire.ReqDeleteAclConfig, Mode: remoting.Blocking, Handle: a.with(a.remove)},
		{Code: wire.ReqGetBrokerClusterAclInfo, Mode: remoting.Pooled, Handle: a.with(a.versions)},
		{Code: wire.ReqUpdateGlobalWhiteAddrsConfig, Mode: remoting.Blocking, Handle: a.with(a.white)},
		{Code: wire.ReqGetBrokerClusterAclConfig, Mode: remoting.Pooled, Handle: a.with(a.all)},
	}
}

func (a *accountAdmin) with(handle func(*remoting.Context)) func(*remoting.Context) {
	return func(ctx *remoting.Context) {
		if a.plain == nil {
			remoting.Unsupported(ctx)
			return
		}
		handle(ctx)
	}
}

func (a *accountAdmin) put(ctx *remoting.Context) {
	with(wire.AccountRequest, func(ctx *remoting.Context, h *wire.AccountHeader) {
		_, white := ctx.Req.Get("whiteRemoteAddress")
		err := a.plain.Put(plain.Change{WhiteGiven: white, Account: plain.Account{AccessKey: h.AccessKey,
			SecretKey: h.SecretKey, WhiteRemoteAddress: h.WhiteRemoteAddress, Admin: h.Admin,
			DefaultTopicPerm: h.DefaultTopicPerm, DefaultGroupPerm: h.DefaultGroupPerm, TopicPerms: commas(h.TopicPerms),
			GroupPerms: commas(h.GroupPerms)}})
		a.done(ctx, true, err, wire.UpdateAndCreateAclConfigFailed, "account changed", h.AccessKey)
	})(ctx)
}

// commas splits a list; nil when nothing is in it.
func commas(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// done answers a change, as Java does.
func (a *accountAdmin) done(ctx *remoting.Context, found bool, err error, failed int32, what, of string) {
	switch {
	case err != nil:
		a.log.Warn().Err(err).Str("of", fmt.Sprintf("%.300s", of)).Msg("accounts: not changed")
		ctx.Status(failed, err.Error())
	case !found && failed == wire.DeleteAclConfigFailed:
		ctx.Status(failed, "The accesskey["+of+"] corresponding to accessConfig has been deleted failed.")
	case !found:
		ctx.Status(failed, "The globalWhiteAddresses["+of+"] has been updated failed.")
	default:
		a.log.Info().Str("of", fmt.Sprintf("%.300s", of)).Str("peer", ctx.Conn().RemoteAddr()).Msg(what)
		ctx.Status(wire.Success, "")
	}
}

func (a *accountAdmin) remove(ctx *remoting.Context) {
	with(wire.AccountNameRequest, func(ctx *remoting.Context, h *wire.AccountNameHeader) {
		found, err := a.plain.Delete(h.AccessKey)
		a.done(ctx, found, err, wire.DeleteAclConfigFailed, "account deleted", h.AccessKey)
	})(ctx)
}

func (a *accountAdmin) white(ctx *remoting.Context) {
	with(wire.WhiteAddressesRequest, func(ctx *remoting.Context, h *wire.WhiteAddressesHeader) {
		found, err := a.plain.SetWhite(commas(h.Addresses), h.File)
		a.done(ctx, found, err, wire.UpdateGlobalWhiteAddrsConfigFailed, "white addresses changed", h.Addresses)
	})(ctx)
}

// fileVersion is a version as 4.9 has it.
type fileVersion struct {
	Counter   int64 `json:"counter"`
	Timestamp int64 `json:"timestamp"`
}

func (a *accountAdmin) versions(ctx *remoting.Context) {
	standard, files := a.plain.Versions()
	all := map[string]fileVersion{}
	for name, v := range files {
		all[name] = fileVersion{v.Counter, v.Timestamp}
	}
	one, err := compat.Marshal(fileVersion{standard.Counter, standard.Timestamp})
	list, listErr := compat.Marshal(all)
	if err != nil || listErr != nil {
		fail(ctx, fmt.Errorf("versions of accounts: %w", errors.Join(err, listErr)))
		return
	}
	c := a.cfg()
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.AccountsVersionResponse, &wire.AccountsVersionHeader{
		Version: string(one), AllFiles: string(list), BrokerName: c.BrokerName, BrokerAddr: c.Addr(),
		ClusterName: c.BrokerClusterName}, remoting.Body{})
}

// accountList is the body of GET_BROKER_CLUSTER_ACL_CONFIG. Java: GetBrokerClusterAclConfigResponseBody.
type accountList struct {
	GlobalWhiteAddrs   []string        `json:"globalWhiteAddrs"`
	PlainAccessConfigs []plain.Account `json:"plainAccessConfigs"`
}

func (a *accountAdmin) all(ctx *remoting.Context) {
	white, accounts := a.plain.All()
	respondJSON(ctx, accountList{white, accounts})
}
