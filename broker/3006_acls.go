package broker

// AUTH_CREATE_ACL (3006), UPDATE (3007), which is the same, DELETE (3008), GET (3009), LIST (3010). Java:
// AdminBrokerProcessor, AclConverter, AuthorizationMetadataManagerImpl.
//
// DELETE with a resource that is none is refused; Java deletes all permissions of the subject then.

import (
	"strings"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// aclAdmin handles what administrators do with permissions.
type aclAdmin struct{ accounts }

func (a *aclAdmin) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqAuthCreateAcl, Mode: remoting.Blocking, Handle: with(wire.ACLRequest, a.grant)},
		{Code: wire.ReqAuthUpdateAcl, Mode: remoting.Blocking, Handle: with(wire.ACLRequest, a.grant)},
		{Code: wire.ReqAuthDeleteAcl, Mode: remoting.Blocking, Handle: with(wire.ACLRequest, a.deleteACL)},
		{Code: wire.ReqAuthGetAcl, Mode: remoting.Pooled, Handle: with(wire.ACLRequest, a.getACL)},
		{Code: wire.ReqAuthListAcl, Mode: remoting.Pooled, Handle: with(wire.ListACLsRequest, a.listACLs)},
	}
}

// aclInfo is what a subject may do, in requests and answers. Java: AclInfo.
type aclInfo struct {
	Policies []policyInfo `json:"policies,omitempty"`
	Subject  string       `json:"subject,omitempty"`
}

// policyInfo is one policy of it. Java: AclInfo.PolicyInfo.
type policyInfo struct {
	Entries    []entryInfo `json:"entries,omitempty"`
	PolicyType string      `json:"policyType,omitempty"`
}

// entryInfo is one entry of that. Java: AclInfo.PolicyEntryInfo.
type entryInfo struct {
	Actions   []string `json:"actions,omitempty"`
	Decision  string   `json:"decision,omitempty"`
	Resource  string   `json:"resource,omitempty"`
	SourceIPs []string `json:"sourceIps,omitempty"`
}

// grant creates permissions or changes them.
func (a *aclAdmin) grant(ctx *remoting.Context, h *wire.ACLHeader) {
	var info aclInfo
	if err := decodeBody(ctx, &info); err != nil && err != errNoBody {
		fail(ctx, err)
		return
	}
	if len(info.Policies) == 0 {
		ctx.Status(wire.SystemError, "org.apache.rocketmq.auth.authorization.exception.AuthorizationException: "+
			"The body of acl is null")
		return
	}
	name, ok := auth.UsernameOf(info.Subject)
	if !ok {
		name, ok = auth.UsernameOf(h.Subject)
	}
	if !ok { // a null pointer in Java
		ctx.Status(wire.SystemError, "An system error occurred, please try again later.")
		return
	}
	a.changed(ctx, a.users.GrantACL(name, policiesOf(&info)), "permissions changed", name)
}

// policiesOf reads the texts of a request; what cannot be read is left empty, for the store to refuse. Java:
// AclConverter.
func policiesOf(info *aclInfo) (list []auth.Policy) {
	for _, p := range info.Policies {
		if len(p.Entries) == 0 {
			continue
		}
		policy := auth.Policy{Type: auth.PolicyTypeOf(p.PolicyType)}
		for _, e := range p.Entries {
			entry := auth.Entry{Decision: auth.DecisionOf(e.Decision), Environment: &auth.Environment{SourceIPs: e.SourceIPs}}
			entry.Resource, _ = auth.ParseResource(e.Resource)
			for _, name := range e.Actions {
				if action, known := auth.ActionOf(name); known {
					entry.Actions = append(entry.Actions, action)
				}
			}
			policy.Entries = append(policy.Entries, entry)
		}
		list = append(list, policy)
	}
	return list
}

// infoOf is the other way round.
func infoOf(acl *auth.ACL) aclInfo {
	info := aclInfo{Subject: auth.SubjectOf(acl.Subject.Username)}
	for _, p := range acl.Policies {
		policy := policyInfo{PolicyType: p.Type.String()}
		for _, e := range p.Entries {
			entry := entryInfo{Decision: e.Decision.String(), Resource: e.Resource.String()}
			if e.Environment != nil {
				entry.SourceIPs = e.Environment.SourceIPs
			}
			for _, action := range e.Actions {
				entry.Actions = append(entry.Actions, action.String())
			}
			policy.Entries = append(policy.Entries, entry)
		}
		info.Policies = append(info.Policies, policy)
	}
	return info
}

func (a *aclAdmin) deleteACL(ctx *remoting.Context, h *wire.ACLHeader) {
	name, ok := a.subject(ctx, h)
	if !ok {
		return
	}
	var of *auth.Resource
	if strings.TrimSpace(h.Resource) != "" {
		r, ok := auth.ParseResource(h.Resource)
		if !ok {
			ctx.Status(wire.NoPermission, "The resource is null.")
			return
		}
		of = &r
	}
	a.changed(ctx, a.users.DeleteACL(name, auth.PolicyTypeOf(h.PolicyType), of), "permissions deleted", name)
}

// subject is the user that a request names; false when it is answered already.
func (a *aclAdmin) subject(ctx *remoting.Context, h *wire.ACLHeader) (name string, ok bool) {
	if name, ok = auth.UsernameOf(h.Subject); !ok {
		ctx.Status(wire.NoPermission, "The subject is null.")
	}
	return name, ok
}

func (a *aclAdmin) getACL(ctx *remoting.Context, h *wire.ACLHeader) {
	name, ok := a.subject(ctx, h)
	if !ok {
		return
	}
	acl, err := a.users.ACL(name)
	switch {
	case err != nil:
		refuseAuth(ctx, err)
	case acl == nil:
		ctx.Status(wire.Success, "")
	default:
		respondJSON(ctx, infoOf(acl))
	}
}

func (a *aclAdmin) listACLs(ctx *remoting.Context, h *wire.ListACLsHeader) {
	var list []aclInfo
	for _, acl := range a.users.ACLs(h.SubjectFilter, h.ResourceFilter) {
		list = append(list, infoOf(acl))
	}
	if len(list) == 0 {
		ctx.Status(wire.Success, "")
		return
	}
	respondJSON(ctx, list)
}
