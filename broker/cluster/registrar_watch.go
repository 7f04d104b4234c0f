package cluster

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// A NameServer answers SUCCESS to a registration that has no effect: when another address holds the broker's name and
// id with a newer state version, and it lets anybody take a route. So each link asks, every CheckPeriod, whose the
// route is, says so when it is not ours, and takes it back. Java's broker never looks.

// CheckPeriod is how often a link looks at its route.
const CheckPeriod = 10 * time.Second

// Reasons why a broker is not found through a NameServer that answers.
var (
	errNotListed = errors.New("the NameServer does not list this broker")
	errVersion   = errors.New("the NameServer holds another version of this broker's topics than was registered")
)

// takenError says that another address has the broker's name and id.
type takenError struct{ holder string }

func (e *takenError) Error() string {
	return "another broker, " + e.holder + ", is registered under this broker's name and id; clients go there"
}

// twinError says that another broker lives that has this one's name and id: both register, and have it in turns.
type twinError struct{ holder string }

func (e *twinError) Error() string {
	return "another broker, " + e.holder + ", registers under this broker's name and id again and again; clients go to " +
		"the one or the other: one of the two needs another brokerId or brokerName"
}

// rival is who took the broker's place, and was put out of it again. Link goroutine only.
type rival struct {
	holder string
	times  int       // in a row
	last   time.Time // when it was seen there
}

// twinTimes is how often in a row somebody takes the place until it is a second broker, and not what a restart under
// another address leaves; it is one until it was not seen for twinLooks looks at the route.
const (
	twinTimes = 2
	twinLooks = 3
)

// seen notes who has the place.
func (r *rival) seen(holder string, memory time.Duration) {
	if r.holder != holder || time.Since(r.last) > memory {
		*r = rival{holder: holder}
	}
	r.times++
	r.last = time.Now()
}

// twin is the error that says who it is, nil when there is none.
func (r *rival) twin(memory time.Duration) error {
	if r.times < twinTimes || time.Since(r.last) > memory {
		return nil
	}
	return &twinError{r.holder}
}

// linkHealth is what others see of a link.
type linkHealth struct {
	mu       sync.Mutex
	err      error     // guarded by mu; why clients do not find this broker through the NameServer, nil when they do
	since    time.Time // guarded by mu; when err began
	failures int64     // guarded by mu; registrations and looks that failed
}

// note remembers an outcome; changed tells that it is another than before.
func (h *linkHealth) note(err error) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = (err == nil) != (h.err == nil) || err != nil && err.Error() != h.err.Error()
	if err != nil {
		h.failures++
	}
	if (err == nil) != (h.err == nil) {
		h.since = time.Now()
	}
	h.err = err
	return changed
}

func (h *linkHealth) get() (err error, since time.Time, failures int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err, h.since, h.failures
}

// isRefusal tells that the NameServer is there, so that what is wrong is the broker's place in it.
func isRefusal(err error) bool {
	var answered *remoting.ResponseError
	return foundByLook(err) || errors.As(err, &answered) || errors.Is(err, errTooLarge)
}

// Health says why clients cannot find this broker: for each NameServer that answers, and does not lead to it.
// NameServers that do not answer are not the broker's fault; they are in warnings.
func (r *Registrar) Health() (err error, warnings []string) {
	var errs []error
	for _, l := range r.links() {
		why, since, _ := l.health.get()
		switch {
		case why == nil:
		case isRefusal(why):
			errs = append(errs, fmt.Errorf("NameServer %s, since %s: %w", l.addr, since.Format(time.RFC3339), why))
		default:
			warnings = append(warnings,
				fmt.Sprintf("NameServer %s does not answer since %s: %v", l.addr, since.Format(time.RFC3339), why))
		}
	}
	return errors.Join(errs...), warnings
}

// check looks at the route and takes it back when it is not ours.
func (l *namesrvLink) check() {
	memory := twinLooks * l.r.d.LookPeriod
	err := l.look()
	if err == nil {
		l.note(l.rival.twin(memory))
		return
	}
	var taken *takenError
	if errors.As(err, &taken) {
		l.rival.seen(taken.holder, memory)
		if twin := l.rival.twin(memory); twin != nil {
			err = twin
		}
	}
	l.note(err)
	if l.failed = !isRefusal(err); l.failed {
		return
	}
	if taken != nil && !l.r.d.Self().Controlled {
		l.overtake(taken.holder)
	}
	l.lost = true
	l.full()
	if l.failed {
		return
	}
	if err = l.look(); err == nil {
		err = l.rival.twin(memory)
	}
	l.note(err)
}

// look asks whose the route is: nil when it is ours, with the topics that were registered. The broker's own name is a
// topic that only it has.
func (l *namesrvLink) look() error {
	id := l.r.d.Self().Identity
	if l.r.d.Topics.Get(id.BrokerName) == nil { // deleted with validateSystemTopicWhenUpdateTopic=false
		return nil
	}
	h := wire.GetRouteInfoRequestHeader{Topic: id.BrokerName, AcceptStandardJSONOnly: true}
	resp, err := callNamesrv(l, routeTimeout, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, &h, nil)
	var answered *remoting.ResponseError
	if errors.As(err, &answered) {
		if answered.Code == wire.TopicNotExist {
			return errNotListed
		}
		return nil // one that tells no routes, now or never
	}
	if err != nil {
		return err
	}
	var route protocol.TopicRouteData
	if err := compat.Unmarshal(resp.Body, &route); err != nil {
		return nil
	}
	if err := l.ours(&route); err != nil {
		return err
	}
	if v, known := l.askVersion(&id); known && v != l.sent {
		return errVersion
	}
	return nil
}

// ours looks for the broker's address in the route of its own topic.
func (l *namesrvLink) ours(route *protocol.TopicRouteData) error {
	self := l.r.d.Self()
	id := self.Identity
	for i := range route.BrokerDatas {
		d := &route.BrokerDatas[i]
		if d.BrokerName != id.BrokerName {
			continue
		}
		if self.Acting && d.BrokerAddrs[protocol.MasterID] == id.BrokerAddr { // a slave that stands in for its master
			return nil
		}
		switch holder := d.BrokerAddrs[id.BrokerID]; holder {
		case id.BrokerAddr:
			return nil
		case "":
			return errNotListed
		default:
			return &takenError{holder}
		}
	}
	return errNotListed
}

// askVersion asks for the version of a broker's topics; false when the NameServer has none or does not tell.
func (l *namesrvLink) askVersion(id *wire.BrokerIdentityHeader) (v compat.DataVersion, known bool) {
	resp, err := callNamesrv(l, routeTimeout, wire.ReqQueryDataVersion, wire.QueryDataVersionRequest, id, nil)
	if err != nil || len(resp.Body) == 0 || compat.Unmarshal(resp.Body, &v) != nil {
		return compat.DataVersion{}, false
	}
	return v, true
}

// overtake makes the next registrations as new as that of whoever has the route: an equal state version is enough. One
// that is told a newer one gives way, if it is an honest broker.
func (l *namesrvLink) overtake(holder string) {
	id := l.r.d.Self().Identity
	id.BrokerAddr = holder
	v, known := l.askVersion(&id)
	if !known {
		return
	}
	l.r.Outdate(v.StateVersion)
	l.r.d.Throttled.Warn("overtake").Str("namesrv", l.addr).Str("holder", holder).Int64("stateVersion", v.StateVersion).
		Msg("taking the route back")
}

// noteSent remembers the outcome of a registration. That a NameServer took it does not mean that it lists us: only a
// look tells that, and ends what a look has found.
func (l *namesrvLink) noteSent(err error) {
	if was, _, _ := l.health.get(); err == nil && was != nil && foundByLook(was) {
		return
	}
	l.note(err)
}

// foundByLook tells that an error was found by look.
func foundByLook(err error) bool {
	return isTaken(err) || errors.Is(err, errNotListed) || errors.Is(err, errVersion)
}

// isTaken tells that another broker has the place, or has it in turns with this one.
func isTaken(err error) bool {
	var taken *takenError
	var twin *twinError
	return errors.As(err, &taken) || errors.As(err, &twin)
}

// note remembers the outcome of a registration or a look and logs changes only.
func (l *namesrvLink) note(err error) {
	select {
	case <-l.r.stop: // what fails now fails because of that
		return
	default:
	}
	if !l.health.note(err) {
		return
	}
	log := &l.r.d.Log
	switch {
	case err == nil:
		log.Info().Str("namesrv", l.addr).Msg("registered at the NameServer")
	case isTaken(err) && l.r.d.Self().Controlled: // a process that was suspended hears of its successor here first
		log.Warn().Err(err).Str("namesrv", l.addr).
			Msg("the NameServer leads clients to another broker: another master, if the controllers say so")
	case isRefusal(err):
		log.Error().Err(err).Str("namesrv", l.addr).
			Msg("clients cannot find this broker through a NameServer; registering again")
	default:
		log.Warn().Err(err).Str("namesrv", l.addr).Msg("cannot register at a NameServer; trying again every second")
	}
}

// Each visits the NameServers: why clients do not find the broker there (nil when they do), whether another broker has
// its route, and how many registrations and looks failed.
func (r *Registrar) Each(visit func(addr string, why error, taken bool, failures int64)) {
	for _, l := range r.links() {
		err, _, failures := l.health.get()
		visit(l.addr, err, isTaken(err), failures)
	}
}
