package console

import (
	"errors"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/admin"
)

// deadRow is a dead letter.
type deadRow struct {
	found
	Origin string // the topic that it came from
}

// deadView is the list of groups with dead letters, or those of one group.
type deadView struct {
	paging
	Groups  []admin.DeadGroup
	Group   string // "": the list
	Key     string
	Letters []deadRow
	More    bool
	Partly  []string
}

func showDead(r *request) (any, error) {
	if group := r.field("group"); group != "" {
		return r.deadOf(group)
	}
	list, err := r.b.topics(r.Context())
	if err != nil {
		return nil, err
	}
	v := deadView{Partly: list.partly}
	search := strings.ToLower(r.field("q"))
	var groups []admin.DeadGroup
	for _, t := range list.rows {
		group, is := strings.CutPrefix(t.Name, compat.DLQTopicPrefix)
		if is && strings.Contains(strings.ToLower(group), search) {
			groups = append(groups, admin.DeadGroup{Group: group})
		}
	}
	v.Groups, v.paging = paged(r, groups)
	for _, err := range r.b.CountDead(r.Context(), v.Groups) { // of this page only
		if err != nil {
			v.Partly = append(v.Partly, err.Error())
		}
	}
	return v, nil
}

// deadOf lists the dead letters of a group.
func (r *request) deadOf(group string) (any, error) {
	v := deadView{Group: group, Key: r.field("key")}
	err := r.b.EachDead(r.Context(), group, admin.Everything, func(m *admin.Message) error {
		if v.Key != "" && !m.HasKey(v.Key) && m.ID() != v.Key {
			return nil
		}
		if len(v.Letters) >= maxFound {
			v.More = true
			return admin.ErrEnough
		}
		v.Letters = append(v.Letters, deadRow{listed(compat.DLQTopicPrefix+group, m), admin.OriginTopic(m)})
		return nil
	})
	return v, err
}

// maxResent bounds how many dead letters one form sends again: the browser waits for it.
const maxResent = 1000

// resendDead sends dead letters of a group again: those that are named, or all of them. They stay where they are until
// they expire.
func resendDead(r *request) (string, error) {
	group, err := r.need("group")
	if err != nil {
		return "", err
	}
	chosen := map[string]bool{}
	for _, id := range r.PostForm["id"] {
		chosen[id] = true
	}
	all := r.field("all") == "yes"
	if !all && len(chosen) == 0 {
		return "", fail("error.choose")
	}
	if all {
		if err := r.sure(); err != nil {
			return "", err
		}
	}
	sent, sender := 0, r.b.NewSender()
	err = r.b.EachDead(r.Context(), group, admin.Everything, func(m *admin.Message) error {
		if !all && !chosen[m.OffsetID] {
			return nil
		}
		if sent == maxResent {
			return fail("error.many", strconv.Itoa(maxResent))
		}
		to := compat.RetryTopicPrefix + group
		if r.field("origin") == "yes" {
			if to = admin.OriginTopic(m); to == "" {
				return fail("error.origin", m.ID())
			}
		}
		_, err := sender.Send(r.Context(), sent, admin.CopyOf(m, to))
		if err == nil {
			sent++
		}
		return err
	})
	if err == nil && sent == 0 {
		err = fail("error.message", strings.Join(r.PostForm["id"], " "))
	}
	if err != nil && sent > 0 {
		err = errors.Join(fail("error.resent", sent), err)
	}
	return with("/dead", "group", group), err
}
