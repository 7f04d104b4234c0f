package console

import (
	"time"

	"gorocket/compat"
)

// formTime is how browsers write times in forms, in the time zone of the server.
const formTime = "2006-01-02T15:04:05"

// when reads a time of a form in ms.
func (r *request) when(name string) (int64, error) {
	text, err := r.need(name)
	if err != nil {
		return 0, err
	}
	return parseTime(text)
}

func parseTime(text string) (int64, error) {
	for _, layout := range []string{formTime, "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fail("error.time", text)
}

// groupAndTopic are those of a form.
func (r *request) groupAndTopic() (group, topic string, err error) {
	if group, err = r.need("name"); err == nil {
		topic, err = r.need("topic")
	}
	return group, topic, err
}

// resetGroup sets a group back or forth to a time.
func resetGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err != nil {
		return "", err
	}
	at, err := r.when("time")
	if err == nil {
		_, _, err = r.b.ResetAny(r.Context(), "", topic, group, at, true)
	}
	return with("/group", "name", group), err
}

// skipGroup makes a group pass over everything that waits for it.
func skipGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err == nil {
		err = r.sure()
	}
	if err == nil {
		_, _, err = r.b.ResetAny(r.Context(), "", topic, group, -1, true)
	}
	return with("/group", "name", group), err
}

// cloneGroup sets another group where this one is.
func cloneGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err != nil {
		return "", err
	}
	to, err := r.need("to")
	if err != nil {
		return "", err
	}
	if err := compat.ValidateGroup(to); err != nil {
		return "", fail("error.text", err.Error())
	}
	_, err = r.b.CloneOffsets(r.Context(), group, to, topic)
	return with("/group", "name", to), err
}
