package replicas

import (
	"errors"
	"strings"
	"testing"

	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// TestNewBroker: a broker without an identity asks which id is free, notes that it applies for it, applies, keeps it and
// registers; a start with the file asks for none.
func TestNewBroker(t *testing.T) {
	c := startController(t)
	c.ids(3)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).open()
	r.must()
	if r.ID() != 3 || r.text(file) != "C#b#3" || r.text(file+tempSuffix) != "" {
		t.Errorf("id %d, file %q, temporary one %q", r.ID(), r.text(file), r.text(file+tempSuffix))
	}
	apply := c.of(wire.ReqControllerApplyBrokerId)
	if len(apply) != 1 || apply[0].GetString("appliedBrokerId") != "3" ||
		!strings.HasPrefix(apply[0].GetString("registerCheckCode"), "h:1;") {
		t.Errorf("applications: %v", apply)
	}
	reg := c.of(wire.ReqControllerRegisterBroker)
	if len(reg) != 1 || reg[0].GetString("brokerId") != "3" || reg[0].GetString("brokerAddress") != "h:1" ||
		reg[0].GetString("clusterName") != "C" || reg[0].GetString("brokerName") != "b" {
		t.Errorf("registrations: %v", reg)
	}
	r.did("follow 1/4")
	r.open().must()
	if r.ID() != 3 || len(c.of(wire.ReqControllerGetNextBrokerId)) != 1 || len(c.of(wire.ReqControllerApplyBrokerId)) != 1 {
		t.Error("a broker with an id asks for one")
	}
}

// TestKilledWhileApplying: between 1012 and the answer to 1013 a kill leaves the temporary file, and the broker applies
// for the same id with the same check code: the controllers may have given it.
func TestKilledWhileApplying(t *testing.T) {
	c := startController(t)
	c.ids(5)
	c.on(wire.ReqControllerApplyBrokerId, status(wire.SystemError))
	r := newRig(t, c).open()
	if err := r.look(); err == nil {
		t.Fatal("it has an id that nobody gave")
	}
	kept := r.text(file + tempSuffix)
	if !strings.HasPrefix(kept, "C#b#5#h:1;") || r.text(file) != "" || r.ID() != 0 {
		t.Fatalf("temporary file %q, file %q", kept, r.text(file))
	}
	c.ids(6) // another broker got an id meanwhile
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r.open().must()
	apply := c.of(wire.ReqControllerApplyBrokerId)
	if r.ID() != 5 || len(apply) != 2 || "C#b#5#"+apply[1].GetString("registerCheckCode") != kept {
		t.Errorf("id %d after %v", r.ID(), apply)
	}
}

// TestIDTaken: when another broker was first, the next free id is asked for.
func TestIDTaken(t *testing.T) {
	c := startController(t)
	c.ids(1)
	c.on(wire.ReqControllerApplyBrokerId, status(wire.ControllerBrokerIDInvalid))
	r := newRig(t, c).open()
	if err := r.look(); refused(err) != wire.ControllerBrokerIDInvalid || r.text(file+tempSuffix) != "" {
		t.Fatalf("%v; temporary file %q", err, r.text(file+tempSuffix))
	}
	c.ids(2)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r.must()
	if r.ID() != 2 || r.text(file) != "C#b#2" {
		t.Errorf("id %d, file %q", r.ID(), r.text(file))
	}
}

// TestNoID: an answer without an id, or with one that is none, gives none: with it no start would read the file.
func TestNoID(t *testing.T) {
	for _, id := range []int64{0, -1} {
		c := startController(t)
		c.ids(id)
		c.info(Master{1, "m:1", 4}, setOf(2, 1))
		r := newRig(t, c).open()
		if err := r.look(); err == nil || r.ID() != 0 || r.text(file) != "" || r.text(file+tempSuffix) != "" {
			t.Errorf("id %d: %v, file %q, temporary one %q", id, err, r.text(file), r.text(file+tempSuffix))
		}
		if n := len(c.of(wire.ReqControllerApplyBrokerId)); n > 0 {
			t.Errorf("id %d is applied for", id)
		}
	}
}

// TestTemporaryFileOfAnother: a temporary file that is damaged, or another broker's, counts for nothing.
func TestTemporaryFileOfAnother(t *testing.T) {
	for _, text := range []string{"garbage", "C#other#9#x;1", "C#b#0#x;1", "C#b#9"} {
		c := startController(t)
		c.ids(2)
		c.info(Master{1, "m:1", 4}, setOf(2, 1))
		r := newRig(t, c)
		if err := vfs.WriteFileAtomic(r.fs, file+tempSuffix, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if r.open().must(); r.ID() != 2 || r.text(file) != "C#b#2" || r.text(file+tempSuffix) != "" {
			t.Errorf("%q: id %d, file %q", text, r.ID(), r.text(file))
		}
	}
}

// TestIdentityOfAnother: with a file that is not this broker's nothing is opened.
func TestIdentityOfAnother(t *testing.T) {
	r := newRig(t)
	if err := vfs.WriteFileAtomic(r.fs, file, []byte("C#other#1")); err != nil {
		t.Fatal(err)
	}
	var bad *IdentityError
	s := New(Deps{Settings: func() Settings { return r.set }, FS: r.fs, File: file})
	if err := s.Open(); !errors.As(err, &bad) || bad.File != file || s.ID() != 0 {
		t.Errorf("%v, id %d", err, s.ID())
	}
}

// TestUnknownToControllers: controllers that do not know this broker's id are told so again, and nothing happens; the
// same when they forget it later.
func TestUnknownToControllers(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	c.on(wire.ReqControllerRegisterBroker, status(wire.ControllerBrokerNeedToBeRegistered))
	r := newRig(t, c).as(2)
	for range 2 {
		if err := r.look(); refused(err) != wire.ControllerBrokerNeedToBeRegistered {
			t.Fatal(err)
		}
	}
	if n := len(c.of(wire.ReqControllerRegisterBroker)); n != 2 || len(c.of(wire.ReqBrokerHeartbeat)) > 0 {
		t.Errorf("%d registrations", n)
	}
	r.did("")
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r.must()
	r.did("follow 1/4")
	c.on(wire.ReqControllerGetReplicaInfo, status(wire.ControllerBrokerMetadataNotExist))
	if err := r.look(); refused(err) != wire.ControllerBrokerMetadataNotExist {
		t.Fatal(err)
	}
	c.info(Master{1, "m:1", 5}, setOf(3, 1))
	r.must()
	if n := len(c.of(wire.ReqControllerRegisterBroker)); n != 4 {
		t.Errorf("%d registrations", n)
	}
	r.did("follow 1/5")
}

// TestElection: where nobody is master one is asked for, but not by a learner; who is it already is a good answer.
func TestElection(t *testing.T) {
	c := startController(t)
	c.info(Master{0, "", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.set.Learner = true
	if err := r.look(); !errors.Is(err, errNoMaster) || len(c.of(wire.ReqControllerElectMaster)) > 0 {
		t.Errorf("a learner: %v", err)
	}
	r.set.Learner = false
	for _, code := range []int32{wire.ControllerElectMasterFailed, wire.ControllerMasterNotAvailable, wire.SystemError} {
		c.on(wire.ReqControllerElectMaster, status(code))
		if err := r.look(); !errors.Is(err, errNoMaster) || refused(err) != code {
			t.Errorf("answer %d: %v", code, err)
		}
	}
	r.did("")
	is := wire.ElectMasterResponseHeader{MasterBrokerID: 1, MasterAddress: "m:1", MasterEpoch: 6, SyncStateSetEpoch: 3}
	c.on(wire.ReqControllerElectMaster, coded(wire.ControllerMasterStillExist, wire.ElectMasterResponse, is,
		`{"syncStateSet":[1]}`))
	r.must()
	r.did("follow 1/6")
	is = wire.ElectMasterResponseHeader{MasterBrokerID: 2, MasterAddress: "h:1", MasterEpoch: 7, SyncStateSetEpoch: 4}
	c.on(wire.ReqControllerElectMaster, answered(wire.ElectMasterResponse, is, `{"syncStateSet":[2]}`))
	r.must()
	r.did("lead 2/7")
	if ids, epoch := r.Set().Agreed(); len(ids) != 1 || ids[0] != 2 || epoch != 4 {
		t.Errorf("set %v, epoch %d", ids, epoch)
	}
	ask := c.of(wire.ReqControllerElectMaster)[0]
	if ask.GetString("brokerId") != "2" || ask.GetString("brokerName") != "b" || ask.GetString("clusterName") != "C" {
		t.Errorf("asked by %+v", ask)
	}
}
