package replicas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// errPowerLost says that this broker does not go on as the master that it was: the end of its log may have been lost
// with the power, while its slaves have it. It is silent until the controllers have made somebody master anew.
var errPowerLost = errors.New("this broker was master, and lost its power: it waits until the controllers elect anew")

// errNoMaster says that nobody is master, and nobody could be elected.
var errNoMaster = errors.New("this set has no master: none of its sync state set is alive (mqadmin getSyncStateSet)")

// register makes this broker known to the controllers, who say who is master (Java ReplicasManager.register). It gets
// an id first if it has none: it asks which one is free, notes that it is going to apply for it, applies, and keeps it.
func (s *Service) register(ctx context.Context) error {
	if s.who == nil {
		if err := s.getID(ctx); err != nil {
			time.Sleep(rand.N(applyApart)) // others may apply for the same
			return err
		}
	}
	set := s.d.Settings()
	h := wire.RegisterToControllerHeader{ClusterName: set.Cluster, BrokerName: set.Broker, BrokerID: s.who.ID,
		BrokerAddress: set.Addr, InvokeTime: time.Now().UnixMilli()}
	sent := time.Now()
	var out wire.RegisterToControllerResponseHeader
	resp, err := tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest, &h,
		nil, wire.RegisterToControllerResponse, &out)
	if err != nil {
		return fmt.Errorf("registering with the controllers: %w", err)
	}
	s.loop.registered = true
	s.mu.Lock()
	s.known = true
	s.mu.Unlock()
	return s.wantFrom(Master{out.MasterBrokerID, out.MasterAddress, out.MasterEpoch}, resp.Body, sent)
}

// wantFrom is want with what an answer holds, to a question that was sent then.
func (s *Service) wantFrom(m Master, body []byte, sent time.Time) error {
	var set protocol.SyncStateSet
	if len(body) > 0 {
		if err := compat.Unmarshal(body, &set); err != nil {
			return fmt.Errorf("the sync state set of a controller: %w", err)
		}
	}
	m.ID = max(m.ID, 0)
	return s.want(notice{m, set.SyncStateSet, set.SyncStateSetEpoch, sent})
}

// applyApart is how far apart at the most brokers that applied for the same id try again.
const applyApart = 100 * time.Millisecond

// getID gets an id that no other broker of this name has.
func (s *Service) getID(ctx context.Context) error {
	set, temp := s.d.Settings(), s.d.File+tempSuffix
	who, err := readIdentity(s.d.FS, temp, set.Cluster, set.Broker, true)
	if err != nil {
		var bad *IdentityError
		if !errors.As(err, &bad) {
			return err
		}
		who = nil // nobody depends on it yet
	}
	if who == nil {
		h := wire.NextBrokerIDHeader{ClusterName: set.Cluster, BrokerName: set.Broker}
		var out wire.NextBrokerIDResponseHeader
		if _, err := tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerGetNextBrokerId, wire.NextBrokerIDRequest, &h, nil,
			wire.NextBrokerIDResponse, &out); err != nil {
			return fmt.Errorf("asking the controllers for a broker id: %w", err)
		}
		if out.NextBrokerID < 1 { // no start would take it from the file
			return fmt.Errorf("the controllers offer broker id %d: want a number above 0", out.NextBrokerID)
		}
		who = &Identity{set.Cluster, set.Broker, out.NextBrokerID,
			fmt.Sprintf("%s;%d", set.Addr, time.Now().UnixMilli())}
		if err := who.write(s.d.FS, temp, true); err != nil {
			return err
		}
	}
	h := wire.ApplyBrokerIDHeader{ClusterName: set.Cluster, BrokerName: set.Broker, BrokerID: who.ID,
		CheckCode: who.CheckCode}
	var out wire.ApplyBrokerIDResponseHeader
	_, err = tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerApplyBrokerId, wire.ApplyBrokerIDRequest, &h, nil,
		wire.ApplyBrokerIDResponse, &out)
	if refused(err) == wire.ControllerBrokerIDInvalid { // another broker was first
		err = errors.Join(err, forget(s.d.FS, temp))
	}
	if err != nil {
		return fmt.Errorf("applying for broker id %d: %w", who.ID, err)
	}
	if err := who.write(s.d.FS, s.d.File, false); err != nil {
		return err
	}
	s.mu.Lock()
	s.who, s.id = who, who.ID
	s.mu.Unlock()
	s.d.Log.Info().Int64("brokerId", who.ID).Str("file", s.d.File).Msg("the controllers gave this broker an id")
	return forget(s.d.FS, temp)
}

// poll asks the controllers who is master, and to elect one when there is none.
func (s *Service) poll(ctx context.Context) error {
	set, sent := s.d.Settings(), time.Now()
	h := wire.ReplicaInfoHeader{BrokerName: set.Broker}
	var out wire.ReplicaInfoResponseHeader
	resp, err := tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerGetReplicaInfo, wire.ReplicaInfoRequest, &h, nil,
		wire.ReplicaInfoResponse, &out)
	if refused(err) == wire.ControllerBrokerMetadataNotExist {
		s.loop.registered = false // other controllers, or the operator had them forget it
	}
	if err != nil {
		return fmt.Errorf("asking the controllers who is master: %w", err)
	}
	if out.MasterBrokerID <= 0 || out.MasterAddress == "" {
		return s.elect(ctx)
	}
	s.mu.Lock()
	if out.MasterEpoch == s.now.Epoch {
		s.heard = sent
	}
	s.mu.Unlock()
	return s.wantFrom(Master{out.MasterBrokerID, out.MasterAddress, out.MasterEpoch}, resp.Body, sent)
}

// elect asks for a master where there is none. A learner does not: it never is one.
func (s *Service) elect(ctx context.Context) error {
	set, sent := s.d.Settings(), time.Now()
	if set.Learner {
		return errNoMaster
	}
	h := wire.ElectMasterHeader{ClusterName: set.Cluster, BrokerName: set.Broker, BrokerID: s.ID(),
		InvokeTime: time.Now().UnixMilli()}
	var out wire.ElectMasterResponseHeader
	resp, err := tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &h, nil,
		wire.ElectMasterResponse, &out)
	if refused(err) == wire.ControllerMasterStillExist {
		err = wire.ElectMasterResponse.Decode(resp, nil, &out)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoMaster, err)
	}
	var body protocol.ElectMasterResponseBody
	if err := compat.Unmarshal(resp.Body, &body); err != nil {
		return fmt.Errorf("an election's outcome: %w", err)
	}
	return s.want(notice{Master{max(out.MasterBrokerID, 0), out.MasterAddress, out.MasterEpoch}, body.SyncStateSet,
		out.SyncStateSetEpoch, sent})
}
